"""``nigiwai analyse``: what an engine finds in picture files; no server, no database."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from nigiwai_engine_api import Engine, EngineFailure, EngineInfo, Frame, People

from webapp.analysis import Analysis, BlackPicture, analyse_still
from webapp.commands.engine_option import (
    background_option,
    engine_option,
    level_option,
    load_background,
    load_engine,
)
from webapp.domain.areas import Area, read_areas
from webapp.domain.pictures import PictureRefused, encode_jpeg, encode_png
from webapp.domain.remarks import Remark
from webapp.settings import read_settings

# What a person at a terminal reads where a screen would show the word in their language.
SENTENCES = {
    Remark.BACKGROUND_SHAPE: "The background has another shape than this picture: not used, "
    "and no masked picture was made.",
    Remark.BACKGROUND_UNLIKE: "The background does not resemble this picture: the people were "
    "found without its help.",
}

ENCODERS: dict[str, Callable[[Frame], bytes]] = {"jpg": encode_jpeg, "png": encode_png}


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@engine_option
@level_option
@background_option
@click.option(
    "--areas",
    "areas_file",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help='Where people count: a list of {"rule": "count" or "leave_out", "points": [[x, y], ...]} '
    "with x and y from 0 to 1.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for the masked pictures; needs a background.",
)
@click.option(
    "--format", "kind", type=click.Choice(sorted(ENCODERS)), default="jpg", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line an image.")
def analyse(
    images: tuple[Path, ...],
    engine_name: str,
    level: int,
    background_file: Path | None,
    areas_file: Path | None,
    out: Path | None,
    kind: str,
    as_json: bool,
) -> None:
    """Find the people in IMAGES; with a background and --out, draw them too.

    A picture that cannot be used is named on stderr; the others are still done, and the
    exit status is 1.
    """
    if out is not None and background_file is None:
        raise click.UsageError("Masked pictures are drawn on a background: give --background too.")
    stems = [image.stem for image in images]
    if out is not None and len(set(stems)) < len(stems):
        raise click.UsageError("Two images of one name would overwrite each other in --out.")
    info, engine = load_engine(engine_name)
    background, areas = load_background(background_file), _load_areas(areas_file)
    task = _Task(info, engine, level, background, areas, out, kind)
    _make_folder(out)
    failed = 0
    for image in images:
        try:
            line, complete = task.run(image)
        except (OSError, PictureRefused, BlackPicture, EngineFailure) as error:
            failed += 1
            click.echo(f"{image}: {_reason(error)}", err=True)
            continue
        failed += not complete
        click.echo(json.dumps(line, ensure_ascii=False) if as_json else _in_words(line))
    if failed:
        sys.exit(1)


@dataclass(frozen=True)
class _Task:
    info: EngineInfo
    engine: Engine
    level: int
    background: Frame | None
    areas: tuple[Area, ...]
    out: Path | None
    kind: str

    def run(self, image: Path) -> tuple[dict[str, Any], bool]:
        """Analyse one file and write its masked picture.

        Gives what is printed, and whether everything that was asked for was made.
        """
        data = image.read_bytes()
        started = time.perf_counter()
        done = analyse_still(
            data,
            self.engine,
            self.level,
            self.background,
            read_settings().max_picture_pixels,
            self.info.style,
            self.areas,
        )
        ms = (time.perf_counter() - started) * 1000
        for remark in done.remarks:
            click.echo(f"{image}: {SENTENCES.get(remark, remark.value)}", err=True)
        self._write(image, done)
        line = {
            "file": str(image),
            "engine": self.info.name,
            "count": done.count,
            "people": people_as_json(done.people),
            "ms": round(ms, 1),
        }
        return line, self.out is None or done.masked is not None

    def _write(self, image: Path, done: Analysis) -> None:
        if self.out is None or done.masked is None:
            return
        target = self.out / f"{image.stem}.masked.{self.kind}"
        target.write_bytes(ENCODERS[self.kind](done.masked))


def people_as_json(people: People) -> list[dict[str, Any]]:
    """Boxes and key points in pixels, rounded to a tenth; scores to a thousandth."""
    keypoints = people.keypoints
    return [
        {
            "box": [round(float(value), 1) for value in people.boxes[index]],
            "score": round(float(people.scores[index]), 3),
            "keypoints": None
            if keypoints is None
            else [
                [round(float(x), 1), round(float(y), 1), round(float(score), 3)]
                for x, y, score in keypoints[index]
            ],
        }
        for index in range(len(people))
    ]


def _in_words(line: dict[str, Any]) -> str:
    return f"{line['file']}: {line['count']} ({line['ms']} ms)"


def _load_areas(file: Path | None) -> tuple[Area, ...]:
    if file is None:
        return ()
    try:
        return read_areas(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise click.UsageError(f"The areas in {file} cannot be used: {error}") from error


def _make_folder(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"The folder {folder} cannot be made: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    if isinstance(error, BlackPicture):
        return "The picture is black: how many people are there is not known."
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
