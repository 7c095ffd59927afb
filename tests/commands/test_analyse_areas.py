"""``nigiwai analyse --areas``: who counts, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner, Result

import webapp.demo
from nigiwai import cli
from webapp.evaluation_set import read_manifest

DEMO = Path(webapp.demo.__file__).parent


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame, _ = next(read_manifest(DEMO / "manifest.json")[0].frames(400))
    file = tmp_path_factory.mktemp("pictures") / "street.png"
    file.write_bytes(cv2.imencode(".png", frame.pixels)[1].tobytes())
    return file


def analyse(*arguments: object) -> Result:
    words = ["analyse", "--engine", "standard", "--json", *map(str, arguments)]
    return CliRunner().invoke(cli, words)


def people(result: Result) -> list[list[float]]:
    assert result.exit_code == 0, result.output
    line = json.loads(result.stdout)
    assert line["count"] == len(line["people"])
    return [person["box"] for person in line["people"]]


def test_both_sides_of_a_line_make_the_whole(picture: Path, tmp_path: Path) -> None:
    left = [{"rule": "count", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}]
    counted, left_out = tmp_path / "count.json", tmp_path / "out.json"
    counted.write_text(json.dumps(left), "utf-8")
    left_out.write_text(json.dumps([{**left[0], "rule": "leave_out"}]), "utf-8")
    everybody = people(analyse(picture))
    inside = people(analyse(picture, "--areas", counted))
    outside = people(analyse(picture, "--areas", left_out))
    assert sorted(inside + outside) == sorted(everybody)
    assert all((box[0] + box[2]) / 2 <= 768 / 2 for box in inside)
    assert inside
    assert outside


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "Expecting value"),
        ("{}", "Areas are a list"),
        ('[{"rule": "count", "points": [[0, 0], [1, 1], [1, 0], [0, 1]]}]', "Area 1: Its edges"),
        ("[" * 100_000, "cannot be used"),
        (None, "No such file"),
    ],
)
def test_a_wrong_file_of_areas_is_told(
    picture: Path, tmp_path: Path, content: str | None, why: str
) -> None:
    file = tmp_path / "areas.json"
    if content is not None:
        file.write_text(content, "utf-8")
    result = analyse(picture, "--areas", file)
    assert result.exit_code == 2
    assert why in result.stderr
