from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from webapp.evaluation_set import ManifestError, read_manifest


def write(folder: Path, *items: Any) -> Path:
    file = folder / "manifest.json"
    file.write_text(json.dumps(items), "utf-8")
    return file


@pytest.fixture
def video(tmp_path: Path) -> str:
    """Ten frames whose brightness is 20 times their number."""
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for number in range(10):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    return "v.avi"


def test_a_picture_with_its_boxes(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 50, 3), np.uint8))
    item = {"file": "a.png", "persons": 1, "boxes": [[1, 2, 3, 4]], "split_tag": "t"}
    whole, bare = read_manifest(
        write(
            tmp_path,
            item | {"ignore_region": [[0, 0, 5, 5], [9, 9, 10, 10]]},
            item | {"boxes": None, "ignore_region": [0, 0, 5, 5], "split_tag": None},
        )
    )
    ((frame, truth),) = whole.frames(1)
    assert (frame.width, frame.height) == (50, 40)
    assert truth.boxes is not None
    assert truth.boxes.tolist() == [[1, 2, 3, 4]]
    assert len(truth.ignored) == 2
    assert whole.tag == "t"
    ((_, truth),) = bare.frames(1)
    assert truth.boxes is None
    assert len(truth.ignored) == 1
    assert bare.tag == "untagged"


def test_every_nth_frame_of_a_video_meets_its_own_truth(tmp_path: Path, video: str) -> None:
    (item,) = read_manifest(write(tmp_path, {"file": video, "counts": list(range(10))}))
    seen = [(round(frame.pixels.mean() / 20), truth.persons) for frame, truth in item.frames(3)]
    assert seen == [(0, 0), (3, 3), (6, 6), (9, 9)]


def test_ignored_frames_are_left_out(tmp_path: Path, video: str) -> None:
    (tmp_path / "t.json").write_text(
        json.dumps({"counts": list(range(10)), "ignore_frames": [[2, 4], [9, 9]]})
    )
    (item,) = read_manifest(write(tmp_path, {"file": video, "truth": "t.json"}))
    assert [truth.persons for _, truth in item.frames(1)] == [0, 1, 5, 6, 7, 8]


def test_truth_per_frame_with_regions_by_range(tmp_path: Path, video: str) -> None:
    frames = [
        {"frame": 2, "persons": 1, "boxes": [[1, 1, 2, 2]], "edge_unannotated": [[5, 5, 6, 6]]},
        {"frame": 4, "persons": 0, "boxes": [], "extra_boxes": [[7, 7, 8, 8]]},
        {"frame": 6, "persons": 0, "boxes": []},
    ]
    truth = {"truth": frames, "ignore_regions": [{"frames": [4, 9], "box": [0, 0, 4, 4]}]}
    (tmp_path / "t.json").write_text(json.dumps(truth))
    (item,) = read_manifest(write(tmp_path, {"file": video, "truth": "t.json"}))
    regions = [truth.ignored.tolist() for _, truth in item.frames(1)]
    assert regions == [[[5, 5, 6, 6]], [[0, 0, 4, 4], [7, 7, 8, 8]], [[0, 0, 4, 4]]]


@pytest.mark.parametrize(
    "item",
    [
        {"file": "missing.png", "persons": 1},
        {"file": "note.txt", "persons": 1},
        {"file": "missing.avi", "counts": [1]},
        {"file": "note.txt", "counts": [1]},
        {"file": "a.png"},
        {"file": "a.png", "persons": 1, "boxes": [[1, 2, 3]]},
        {"file": "a.png", "truth": "missing.json"},
        {"file": "a.png", "truth": "note.txt"},
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, item: dict[str, Any]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 50, 3), np.uint8))
    (tmp_path / "note.txt").write_text("hello")
    (read,) = read_manifest(write(tmp_path, item))
    with pytest.raises(ManifestError, match=item["file"]):
        list(read.frames(1))


@pytest.mark.parametrize("text", ["{", "{}", '["a"]', '[{"persons": 1}]'])
def test_a_wrong_manifest_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(text)
    with pytest.raises(ManifestError):
        read_manifest(file)
    with pytest.raises(ManifestError):
        read_manifest(tmp_path / "none.json")
