from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

import webapp.demo
from nigiwai import cli
from webapp.evaluation_set import read_manifest

DEMO = Path(webapp.demo.__file__).parent
BACKGROUND = str(DEMO / "background.png")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame, _ = next(read_manifest(DEMO / "manifest.json")[0].frames(400))
    file = tmp_path_factory.mktemp("pictures") / "写真.png"
    file.write_bytes(cv2.imencode(".png", frame.pixels)[1].tobytes())
    return file


def analyse(*arguments: object) -> Result:
    words = ["analyse", "--engine", "standard", *map(str, arguments)]
    return CliRunner().invoke(cli, words)


def test_a_json_line_for_each_image(picture: Path) -> None:
    result = analyse(picture, picture, "--json")
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 2
    line = lines[0]
    assert list(line) == ["file", "engine", "count", "people", "ms"]
    assert (line["file"], line["engine"]) == (str(picture), "standard")
    assert line["count"] == len(line["people"]) > 0
    assert line["ms"] > 0
    person = line["people"][0]
    assert list(person) == ["box", "score", "keypoints"]
    assert len(person["box"]) == 4
    assert 0 <= person["score"] <= 1
    assert person["keypoints"] is None


def test_without_json_it_is_said_in_words(picture: Path) -> None:
    result = analyse(picture)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{picture}: ")


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_the_masked_picture_is_written(picture: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "new" / "folder"
    result = analyse(picture, "--background", BACKGROUND, "--out", out, "--format", kind)
    assert result.exit_code == 0
    assert [file.name for file in out.iterdir()] == [f"{picture.stem}.masked.{kind}"]
    data = next(out.iterdir()).read_bytes()
    masked = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert masked is not None
    assert masked.shape == (576, 768, 3)


def test_bad_pictures_are_named_and_the_others_are_done(picture: Path, tmp_path: Path) -> None:
    bad = {
        "cut.png": picture.read_bytes()[:5000],
        "empty.jpg": b"",
        "text.jpg": b"hello",
        "black.png": cv2.imencode(".png", np.zeros((40, 40, 3), np.uint8))[1].tobytes(),
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    files = [tmp_path / name for name in (*bad, "missing.jpg")]
    result = analyse(*files, picture, "--json")
    assert result.exit_code == 1
    assert [json.loads(line)["file"] for line in result.stdout.splitlines()] == [str(picture)]
    said = result.stderr.splitlines()
    assert [line.split(": ")[0] for line in said] == [str(file) for file in files]
    assert all(line.endswith((".", "directory")) for line in said)


def test_a_background_of_another_shape_makes_no_picture(picture: Path, tmp_path: Path) -> None:
    narrow = tmp_path / "narrow.png"
    narrow.write_bytes(cv2.imencode(".png", np.full((300, 100, 3), 90, np.uint8))[1].tobytes())
    result = analyse(picture, "--background", narrow, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["count"] > 0
    assert "another shape" in result.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--out", "x"], "give --background"),
        (["--background", "missing.png"], "missing.png cannot be used"),
        (["--level", "6"], "1<=x<=5"),
        (["--format", "gif"], "gif"),
    ],
)
def test_wrong_use_is_told(picture: Path, arguments: list[str], why: str) -> None:
    result = analyse(picture, *arguments)
    assert result.exit_code == 2
    assert why in result.stderr


def test_an_engine_that_is_not_on_is_told(picture: Path) -> None:
    result = CliRunner().invoke(cli, ["analyse", "--engine", "nope", str(picture)])
    assert result.exit_code == 2
    assert "there is: standard" in result.stderr


def test_two_images_of_one_name_do_not_overwrite_each_other(picture: Path, tmp_path: Path) -> None:
    other = tmp_path / picture.name
    other.write_bytes(picture.read_bytes())
    result = analyse(picture, other, "--background", BACKGROUND, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "overwrite" in result.stderr
