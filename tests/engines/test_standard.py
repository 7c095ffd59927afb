"""The standard engine on the weights it carries and on the footage of the demonstration."""

from __future__ import annotations

import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from nigiwai_detectors import nanodet, ssdlite
from nigiwai_detectors.background import changes
from nigiwai_detectors.boxes import Candidates, suppress
from nigiwai_detectors.fuse import fuse
from nigiwai_detectors.weights import DATA, Model, Weights
from nigiwai_engine_api import Context, EngineFailure, EngineUnusable, Frame
from nigiwai_engine_standard.engine import StandardEngine

import webapp.demo
from tests.engines.onnx_graphs import SIDE, write_model
from webapp.domain.evaluation import judge, summarise
from webapp.evaluation_set import read_manifest

DEMO = Path(webapp.demo.__file__).parent


@pytest.fixture(scope="module")
def engine() -> StandardEngine:
    return StandardEngine({})


@pytest.fixture(scope="module")
def background() -> Frame:
    return Frame(np.asarray(cv2.imread(str(DEMO / "background.png")), np.uint8))


def noise(height: int, width: int) -> Frame:
    return Frame(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("weights", [nanodet.WEIGHTS, ssdlite.WEIGHTS])
def test_weights_are_those_of_their_card(weights: nanodet.Weights) -> None:
    card = (DATA / weights.file).with_suffix(".md").read_text("utf-8")
    assert hashlib.sha256((DATA / weights.file).read_bytes()).hexdigest() == weights.sha256
    assert weights.sha256 in card
    assert "Apache-2.0" in card
    assert weights.input in card


def test_missing_and_damaged_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(EngineUnusable, match=r"nanodet-g-416\.onnx cannot be read"):
        Model(nanodet.WEIGHTS, 1, tmp_path)
    damaged = tmp_path / nanodet.WEIGHTS.file
    shutil.copy(DATA / nanodet.WEIGHTS.file, damaged)
    with damaged.open("r+b") as file:
        file.seek(1000)
        file.write(b"x")
    with pytest.raises(EngineUnusable, match="damaged"):
        Model(nanodet.WEIGHTS, 1, tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_fail_the_frame(tmp_path: Path, value: float) -> None:
    rows = np.full((1, 16, 90), 0.05, np.float32)
    rows[0, 3, 0] = value
    file = write_model(tmp_path / "none.onnx", {"scores": rows})
    weights = Weights(
        file.name, hashlib.sha256(file.read_bytes()).hexdigest(), "picture0", ("scores",)
    )
    with pytest.raises(EngineFailure, match=r"none\.onnx gives numbers that are not finite"):
        Model(weights, 1, tmp_path).run(np.zeros((1, 3, SIDE, SIDE), np.float32))


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 5000), (5000, 1), (7, 3), (270, 480), (4000, 6000)], ids=str
)
def test_any_size_of_frame_is_taken(engine: StandardEngine, shape: tuple[int, int]) -> None:
    frame = noise(*shape)
    for context in (Context(), Context(Frame(np.zeros_like(frame.pixels)))):
        people = engine.find_people(frame, context)
        assert (people.boxes >= 0).all()
        assert (people.boxes <= [frame.width, frame.height] * 2).all()


def test_an_even_frame_is_empty(engine: StandardEngine) -> None:
    for level in (0, 128, 255):
        frame = Frame(np.full((480, 640, 3), level, np.uint8))
        assert len(engine.find_people(frame, Context())) == 0


def test_a_background_of_another_size_is_not_used(
    engine: StandardEngine, background: Frame
) -> None:
    frame, _ = next(read_manifest(DEMO / "manifest.json")[0].frames(400))
    other = Frame(background.pixels[:100, :100])
    found = engine.find_people(frame, Context(other))
    assert (found.boxes == engine.find_people(frame, Context()).boxes).all()


def test_a_background_that_differs_everywhere_is_not_used(background: Frame) -> None:
    dark = Frame(background.pixels // 4)
    assert changes(dark, background) is None
    assert changes(background, background) is not None


def test_whoever_stands_in_the_background_is_no_person(engine: StandardEngine) -> None:
    frame, truth = next(read_manifest(DEMO / "manifest.json")[0].frames(400))
    assert len(engine.find_people(frame, Context())) >= truth.persons - 1 > 0
    assert len(engine.find_people(frame, Context(frame))) == 0


def test_a_grey_frame_is_counted_too(engine: StandardEngine) -> None:
    frame, truth = next(read_manifest(DEMO / "manifest.json")[0].frames(400))
    grey = cv2.cvtColor(cv2.cvtColor(frame.pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    found = engine.find_people(Frame(np.asarray(grey, np.uint8)), Context())
    assert abs(len(found) - truth.persons) <= 2


def test_the_same_frame_gives_the_same_people_in_every_thread(
    engine: StandardEngine, background: Frame
) -> None:
    frames = [frame for frame, _ in read_manifest(DEMO / "manifest.json")[0].frames(200)]
    alone = [engine.find_people(frame, Context(background)) for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(lambda frame: engine.find_people(frame, Context(background)), frames * 4)
        )
    for index, people in enumerate(together):
        assert people.boxes.tobytes() == alone[index % len(frames)].boxes.tobytes()
        assert people.scores.tobytes() == alone[index % len(frames)].scores.tobytes()


def test_pets_is_counted(engine: StandardEngine, background: Frame) -> None:
    """Every 20th frame; with the background, what the engine is there for."""
    (item,) = read_manifest(DEMO / "manifest.json")
    bounds = {True: (0.30, 0.93, 0.93), False: (0.60, 0.88, 0.9)}
    for used, (most_error, least_recall, least_precision) in bounds.items():
        context = Context(background if used else None)
        results = [
            judge(engine.find_people(frame, context), truth) for frame, truth in item.frames(20)
        ]
        summary = summarise(results)[""]
        assert summary.frames == 40
        assert summary.mae is not None
        assert summary.mae <= most_error
        assert summary.precision is not None
        assert summary.precision >= least_precision
        assert summary.recall is not None
        assert summary.recall >= least_recall


def test_fusing_keeps_what_one_detector_sees_alone() -> None:
    def some(*rows: tuple[float, ...]) -> Candidates:
        values = np.array(rows, np.float32).reshape(-1, 5)
        return Candidates(values[:, :4], values[:, 4])

    nobody = some()
    large, small = (10, 10, 90, 90, 0.8), (0, 0, 5, 5, 0.8)
    assert len(fuse(nobody, nobody, 100, 100).boxes) == 0
    both = fuse(some(large), some(large), 100, 100)
    assert both.scores == pytest.approx([0.8])
    # Silence of the second detector lowers a large person more than a small one.
    assert fuse(some(large), nobody, 100, 100).scores == pytest.approx([0.8 / 1.4])
    assert fuse(some(small), nobody, 100, 100).scores == pytest.approx([0.8 / 1.1])
    assert fuse(nobody, some(large), 100, 100).scores == pytest.approx([0.8 * 0.4 / 1.4])
    apart = fuse(some(small), some(large), 100, 100)
    assert len(apart.boxes) == 2
    assert apart.scores[0] >= apart.scores[1]


def test_suppressing_drops_repeats_and_halves_but_not_neighbours() -> None:
    boxes = [[0, 0, 10, 20], [0, 1, 10, 21], [0, 0, 10, 10], [8, 0, 18, 20]]
    found = Candidates(np.array(boxes, np.float32), np.array([0.9, 0.8, 0.7, 0.6], np.float32))
    kept = suppress(found, 0.5, 0.9)
    assert kept.boxes.tolist() == [boxes[0], boxes[3]]


def test_the_demo_truth_is_whole() -> None:
    truth = json.loads((DEMO / "truth.json").read_text("utf-8"))
    assert len(truth["truth"]) == truth["frames"]
