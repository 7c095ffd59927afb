from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from click.testing import CliRunner, Result

import webapp.demo
from nigiwai import cli

DEMO = Path(webapp.demo.__file__).parent


def evaluate(*arguments: object) -> Result:
    words = ["evaluate", "--engine", "standard", *map(str, arguments)]
    return CliRunner().invoke(cli, words)


def test_the_demo_footage_with_and_without_background() -> None:
    manifest, background = DEMO / "manifest.json", DEMO / "background.png"
    plain = evaluate(manifest, "--every", 100, "--json")
    helped = evaluate(manifest, "--every", 100, "--background", background, "--json")
    assert (plain.exit_code, helped.exit_code) == (0, 0)
    report = json.loads(helped.stdout)
    assert report["engine"] == "standard"
    assert report["every"] == 100
    assert report["frames_with_background"] == 8
    assert json.loads(plain.stdout)["frames_with_background"] == 0
    figures = report["tags"]["video"]
    assert figures["frames"] == figures["frames_with_boxes"] == 8
    assert figures["mae"] <= 0.5
    assert {"bias", "close", "recall", "precision"} < set(figures)


def make_pictures(folder: Path) -> Path:
    for name, size in (("a.png", (40, 50)), ("b.png", (60, 50))):
        cv2.imwrite(str(folder / name), np.full((*size, 3), 90, np.uint8))
    items = [
        {"file": "a.png", "persons": 0, "boxes": [], "split_tag": "empty"},
        {"file": "b.png", "persons": 2, "boxes": None, "split_tag": "other"},
    ]
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(items))
    return manifest


def test_a_table_per_tag(tmp_path: Path) -> None:
    result = evaluate(make_pictures(tmp_path))
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0] == ["tag", "frames", "MAE", "bias", "close", "recall", "precision"]
    assert rows[1] == ["empty", "1", "0.000", "+0.000", "1.000", "–", "–"]
    assert rows[2] == ["other", "1", "2.000", "-2.000", "0.000", "–", "–"]
    assert rows[3][0] == "all"


def test_tags_choose_items(tmp_path: Path) -> None:
    manifest = make_pictures(tmp_path)
    result = evaluate(manifest, "--tag", "empty", "--json")
    assert list(json.loads(result.stdout)["tags"]) == ["empty"]
    assert evaluate(manifest, "--tag", "none").exit_code == 2


def test_a_background_of_another_size_is_skipped_with_a_remark(tmp_path: Path) -> None:
    manifest = make_pictures(tmp_path)
    result = evaluate(manifest, "--background", tmp_path / "a.png", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["frames_with_background"] == 1
    assert "1 of 2 frames are not 50x40" in result.stderr


def test_items_that_cannot_be_read_are_named_and_the_others_judged(tmp_path: Path) -> None:
    manifest = make_pictures(tmp_path)
    (tmp_path / "a.png").write_bytes(b"hello")
    result = evaluate(manifest, "--json")
    assert result.exit_code == 1
    assert "a.png" in result.stderr
    report = json.loads(result.stdout)
    assert list(report["tags"]) == ["other"]
    assert len(report["problems"]) == 1


def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    result = evaluate(tmp_path / "none.json")
    assert result.exit_code == 1
    assert "cannot be read" in str(result.exception)
