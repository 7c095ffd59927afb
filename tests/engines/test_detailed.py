"""The detailed engine on the weights it carries and on the footage of the demonstration."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from nigiwai_detectors.background import UNLIKE
from nigiwai_detectors.weights import Model
from nigiwai_engine_api import Context, EngineUnusable, Frame, People
from nigiwai_engine_api.types import Float32
from nigiwai_engine_detailed import INFO, create_engine, engine, movenet
from nigiwai_engine_detailed.engine import MOST_POSES, DetailedEngine
from nigiwai_engine_detailed.options import read

import webapp.demo
from webapp.domain.evaluation import judge, summarise
from webapp.evaluation_set import read_manifest

DEMO = Path(webapp.demo.__file__).parent
LEVELS = (1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def detailed() -> DetailedEngine:
    return DetailedEngine({})


@pytest.fixture(scope="module")
def background() -> Frame:
    return Frame(np.asarray(cv2.imread(str(DEMO / "background.png")), np.uint8))


def footage(every: int) -> list[Frame]:
    return [frame for frame, _ in read_manifest(DEMO / "manifest.json")[0].frames(every)]


def rows(people: People) -> set[bytes]:
    return {box.tobytes() for box in people.boxes}


@pytest.mark.parametrize("network", movenet.NETWORKS.values())
def test_weights_are_those_of_their_card(network: movenet.Network) -> None:
    file = movenet.DATA / network.weights.file
    card = file.with_suffix(".md").read_text("utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == network.weights.sha256
    assert network.weights.sha256 in card
    assert "Apache-2.0" in card


def test_missing_and_damaged_weights_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movenet, "DATA", tmp_path)
    with pytest.raises(EngineUnusable, match=r"movenet-thunder-256\.onnx cannot be read"):
        DetailedEngine({})
    damaged = tmp_path / movenet.THUNDER.file
    shutil.copy(Path(movenet.__file__).parent / "data" / movenet.THUNDER.file, damaged)
    with damaged.open("r+b") as file:
        file.seek(1000)
        file.write(b"xyz")
    with pytest.raises(EngineUnusable, match="damaged"):
        DetailedEngine({})


@pytest.mark.parametrize(
    ("options", "said"),
    [({"pose": "storm"}, "storm"), ({"pose": 1}, "pose"), ({"threads": 0}, "threads"),
     ({"speed": 1}, "no option speed")],
)  # fmt: skip
def test_wrong_options_are_refused(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(EngineUnusable, match=said):
        read(options)


def test_it_answers_to_its_own_name_alone() -> None:
    assert create_engine("standard", {}) is None
    assert INFO.uses_level
    assert INFO.options_schema["properties"]["pose"]["default"] == read({}).pose


def test_a_higher_level_finds_all_that_a_lower_one_does(
    detailed: DetailedEngine, background: Frame
) -> None:
    more = 0
    for frame in footage(300):
        for empty in (None, background):
            found = [detailed.find_people(frame, Context(empty, level)) for level in LEVELS]
            for lower, higher in pairwise(found):
                assert rows(lower) <= rows(higher)
            more += len(found[-1]) - len(found[0])
    assert more > 0


def test_key_points_lie_in_and_near_their_boxes(
    detailed: DetailedEngine, background: Frame
) -> None:
    seen = 0
    for frame in footage(100):
        people = detailed.find_people(frame, Context(background))
        assert people.keypoints is not None
        for box, keypoints in zip(people.boxes, people.keypoints, strict=True):
            places = keypoints[keypoints[:, 2] > 0.2, :2]
            reach = 0.35 * np.sqrt((box[2] - box[0]) * (box[3] - box[1]))
            assert (places >= box[:2] - reach).all()
            assert (places <= box[2:] + reach).all()
            assert keypoints[0, 1] < keypoints[15, 1]  # the nose is above an ankle
            seen += len(places)
    assert seen > 300


def test_pets_is_counted(detailed: DetailedEngine, background: Frame) -> None:
    (item,) = read_manifest(DEMO / "manifest.json")
    context = Context(background)
    results = [
        judge(detailed.find_people(frame, context), truth) for frame, truth in item.frames(40)
    ]
    summary = summarise(results)[""]
    assert summary.mae is not None
    assert summary.mae <= 0.4
    assert (summary.recall or 0) >= 0.9
    assert (summary.precision or 0) >= 0.93


def test_a_background_of_another_place_is_remarked_and_not_used(
    detailed: DetailedEngine,
) -> None:
    (frame,) = footage(800)
    elsewhere = Frame(np.ascontiguousarray(frame.pixels[::-1, ::-1]))
    found = detailed.find_people(frame, Context(elsewhere))
    assert found.remarks == (UNLIKE,)
    assert rows(found) == rows(detailed.find_people(frame, Context()))


def test_two_poses_are_never_of_one_person(detailed: DetailedEngine) -> None:
    for frame in footage(80):
        people = detailed.find_people(frame, Context(level=5))
        assert people.keypoints is not None
        for one in range(len(people)):
            for other in range(one):
                assert not engine.coincide(
                    people.keypoints[one], people.keypoints[other],
                    people.boxes[one], people.boxes[other],
                )  # fmt: skip


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 3), (2160, 3840)], ids=str)
def test_any_size_of_frame_is_taken(detailed: DetailedEngine, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    detailed.find_people(Frame(pixels), Context(level=5))
    box = np.array([0, 0, shape[1], shape[0]], np.float32)
    for square in (box, box * 0.5, box + 0.4):
        found = movenet.find(detailed._movenet, 256, Frame(pixels), square)
        assert np.isfinite(found).all()


def test_an_even_frame_is_empty(detailed: DetailedEngine) -> None:
    for grey in (0, 128, 255):
        people = detailed.find_people(
            Frame(np.full((480, 640, 3), grey, np.uint8)), Context(level=5)
        )
        assert len(people) == 0
        assert people.keypoints is not None
        assert people.keypoints.shape == (0, 17, 3)


def test_a_square_over_the_edge_is_black_beyond_it() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    tensor = movenet.preprocess(white, movenet.Square(-50, -50, 100), 64)
    assert tensor.shape == (1, 64, 64, 3)
    assert (tensor[0, :32] == 0).all()
    assert (tensor[0, 32:, 32:] == 255).all()


def test_key_points_come_back_to_the_frame() -> None:
    output = np.zeros((1, 1, 17, 3), np.float32)
    output[0, 0, 5] = (0.25, 0.5, 0.9)  # y, x
    found = movenet.decode([output], movenet.Square(-20, 40, 80))
    assert found[5] == pytest.approx([20, 60, 0.9])


def test_the_same_frame_gives_the_same_people_in_every_thread(
    detailed: DetailedEngine, background: Frame
) -> None:
    frames = footage(400)
    alone = [detailed.find_people(frame, Context(background)) for frame in frames]
    with ThreadPoolExecutor(3) as pool:
        together = list(
            pool.map(lambda frame: detailed.find_people(frame, Context(background)), frames * 3)
        )
    for index, people in enumerate(together):
        other = alone[index % len(frames)]
        assert people.boxes.tobytes() == other.boxes.tobytes()
        assert people.keypoints is not None
        assert other.keypoints is not None
        assert people.keypoints.tobytes() == other.keypoints.tobytes()


def test_a_crowd_has_a_bounded_number_of_looks(
    detailed: DetailedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [(x * 60.0, y * 60.0) for x in range(12) for y in range(5)]
    boxes = np.array([(x, y, x + 30 + i % 7, y + 58) for i, (x, y) in enumerate(places)])
    crowd = engine.Candidates(boxes.astype(np.float32), np.full(60, 0.9, np.float32))
    suggestion = engine.Suggestion(crowd, 0.5, ())
    monkeypatch.setattr(detailed, "_suggested", lambda frame, context: suggestion)
    looks: list[Float32] = []
    find = movenet.find

    def counted(model: Model, side: int, frame: Frame, box: Float32) -> Float32:
        looks.append(box)
        return find(model, side, frame, box)

    monkeypatch.setattr(movenet, "find", counted)
    started = time.process_time()  # whatever else keeps the machine busy
    frame = Frame(np.random.default_rng(2).integers(0, 256, (300, 720, 3), np.uint8))
    people = detailed.find_people(frame, Context())
    assert time.process_time() - started < 10
    assert MOST_POSES <= len(looks) <= MOST_POSES + engine.MOST_SECOND_LOOKS
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in looks[:MOST_POSES]]
    assert min(areas) >= np.sort((boxes[:, 2] - boxes[:, 0]) * 58)[60 - MOST_POSES]
    assert people.keypoints is not None
    unseen = people.keypoints[people.keypoints[:, :, 2].max(axis=1) == 0]
    assert len(unseen) >= 60 - MOST_POSES  # they stay, and are drawn as standing figures
