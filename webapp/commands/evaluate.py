"""``nigiwai evaluate``: how well an engine counts and finds, against known truth."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from nigiwai_engine_api import Context, Engine, EngineFailure, Frame

from webapp.analysis import find_people
from webapp.commands.engine_option import (
    background_option,
    engine_option,
    level_option,
    load_background,
    load_engine,
)
from webapp.domain.disturbance import DISTURBANCES
from webapp.domain.evaluation import FrameResult, Summary, judge, summarise
from webapp.evaluation_set import Item, ManifestError, read_manifest

COLUMNS = ("tag", "frames", "MAE", "bias", "close", "recall", "precision")


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@engine_option
@level_option
@click.option(
    "--tag", "tags", multiple=True, metavar="T", help="Only items of this tag; repeatable."
)
@background_option
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Of a video, judge every N-th frame.",
)
@click.option(
    "--disturb",
    "names",
    multiple=True,
    type=click.Choice([*DISTURBANCES, "all"]),
    help="Judge again with the frames (not the background) changed like that; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    manifest: Path,
    engine_name: str,
    level: int,
    tags: tuple[str, ...],
    background_file: Path | None,
    every: int,
    names: tuple[str, ...],
    as_json: bool,
) -> None:
    """Measure an engine on the pictures and videos of MANIFEST, per tag.

    MAE and bias are those of the count; close is the share of frames whose count is off
    by at most max(1, 10 %); recall and precision count boxes at IoU 0.5. The background is
    used for frames of exactly its size, since it belongs to one camera. With --disturb
    each tag has further rows, one a disturbance.
    """
    items = [item for item in read_manifest(manifest) if not tags or item.tag in tags]
    if not items:
        raise click.UsageError(f"{manifest} has no item of that tag.")
    _, engine = load_engine(engine_name)
    disturbed = tuple(DISTURBANCES) if "all" in names else names
    run = _Run(engine, level, every, load_background(background_file), disturbed)
    results = [result for item in items for result in run.judged(item)]
    for sentence in (*run.remarks(), *run.problems):
        click.echo(sentence, err=True)
    summaries = summarise(results)
    if as_json:
        found = {tag: asdict(summary) for tag, summary in summaries.items()}
        head = {"engine": engine_name, "level": level, "every": every}
        used = {"frames_with_background": run.with_background}
        click.echo(json.dumps(head | used | {"tags": found, "problems": run.problems}))
    else:
        click.echo("\n".join(_table(summaries)))
    if run.problems:
        sys.exit(1)


@dataclass
class _Run:
    engine: Engine
    level: int
    every: int
    background: Frame | None
    disturbed: tuple[str, ...] = ()
    frames: int = 0
    with_background: int = 0
    problems: list[str] = field(default_factory=list)

    def judged(self, item: Item) -> Iterator[FrameResult]:
        """Judge each frame of an item; what cannot be read becomes a problem."""
        try:
            for frame, truth in item.frames(self.every):
                context = self._context(frame)
                yield judge(find_people(self.engine, frame, context), truth, item.tag)
                for name in self.disturbed:
                    people = find_people(self.engine, DISTURBANCES[name](frame), context)
                    yield judge(people, truth, f"{item.tag} {name}")
        except ManifestError as error:
            self.problems.append(str(error))
        except EngineFailure as error:
            self.problems.append(f"{item.file}: {error}")

    def remarks(self) -> list[str]:
        """Say for how many frames the background did not fit."""
        without = self.frames - self.with_background
        if self.background is None or not without:
            return []
        size = f"{self.background.width}x{self.background.height}"
        return [f"{without} of {self.frames} frames are not {size}: judged without the background."]

    def _context(self, frame: Frame) -> Context:
        self.frames += 1
        background = self.background
        if background is None or background.pixels.shape != frame.pixels.shape:
            return Context(level=self.level)
        self.with_background += 1
        return Context(background, self.level)


def _table(summaries: dict[str, Summary]) -> list[str]:
    rows = [COLUMNS] + [
        (
            tag,
            str(summary.frames),
            _number(summary.mae),
            _number(summary.bias, "+.3f"),
            _number(summary.close),
            _number(summary.recall),
            _number(summary.precision),
        )
        for tag, summary in summaries.items()
    ]
    longest = max(14, *(len(tag) + 1 for tag in summaries))
    return [f"{row[0]:{longest}}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]


def _number(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None else format(value, form)
