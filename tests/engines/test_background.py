"""The registered background against light, colour, noise, compression, shadow and blur."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from nigiwai_detectors.alignment import aligned
from nigiwai_detectors.background import UNLIKE, changes, compare
from nigiwai_detectors.exposure import estimate
from nigiwai_detectors.sharpness import blurred_alike
from nigiwai_engine_api import Context, Frame
from nigiwai_engine_standard.engine import StandardEngine

from tests.engines.crowds import empty_scene, moments
from webapp.domain.disturbance import DISTURBANCES, gained, shaded
from webapp.domain.evaluation import judge, summarise
from webapp.domain.pictures import blur

BACKGROUND = empty_scene()
FEW = moments(100)
SOME = moments(36)


@pytest.fixture(scope="module")
def engine() -> StandardEngine:
    return StandardEngine({})


def noise(seed: int) -> Frame:
    small = np.random.default_rng(seed).integers(0, 256, (36, 48, 3), np.uint8)
    return Frame(np.asarray(cv2.resize(small, (768, 576)), np.uint8))


@pytest.mark.parametrize("name", list(DISTURBANCES))
def test_an_empty_scene_stays_empty_whatever_the_light(name: str) -> None:
    mask = changes(DISTURBANCES[name](BACKGROUND), BACKGROUND)
    assert mask is not None
    assert mask.mean() < (0.1 if name == "shadow" else 0.01)


def test_disturbances_are_the_same_each_time_and_change_the_frame() -> None:
    frame, _ = FEW[3]
    for disturb in DISTURBANCES.values():
        once = disturb(frame)
        assert once.pixels.shape == frame.pixels.shape
        assert (once.pixels == disturb(frame).pixels).all()
        assert (once.pixels != frame.pixels).any()


def mae(engine: StandardEngine, name: str, background: Frame) -> float:
    disturb = DISTURBANCES.get(name, lambda frame: frame)
    results = [
        judge(engine.find_people(disturb(frame), Context(background)), truth)
        for frame, truth in FEW
    ]
    error = summarise(results)[""].mae
    assert error is not None
    return error


@pytest.mark.parametrize("name", ["gain-0.6", "gain-1.6", "cast-warm", "noise-15", "jpeg-40"])
def test_the_count_hardly_minds(engine: StandardEngine, name: str) -> None:
    """Eight frames, so two people more or less in all are allowed."""
    assert mae(engine, name, BACKGROUND) <= mae(engine, "", BACKGROUND) + 2 / len(FEW) + 1e-6


@pytest.mark.parametrize("name", ["shadow", "shift-2"])
def test_a_poor_witness_is_not_trusted(engine: StandardEngine, name: str) -> None:
    assert mae(engine, name, BACKGROUND) <= mae(engine, "", BACKGROUND) + 2 / len(FEW) + 1e-6


def test_a_shadow_on_half_the_frame_hardly_changes_the_count(engine: StandardEngine) -> None:
    results = [
        judge(engine.find_people(shaded(frame, 0.6), Context(BACKGROUND)), truth)
        for frame, truth in moments(20)
    ]
    error = summarise(results)[""].mae
    assert error is not None
    assert error <= 0.40


@pytest.mark.parametrize("turns", range(4), ids=["left", "top", "right", "bottom"])
def test_a_shadow_on_half_the_frame_is_no_other_place(turns: int) -> None:
    for frame, _ in SOME:
        turned = Frame(np.ascontiguousarray(np.rot90(frame.pixels, -turns)))
        shadow = np.rot90(shaded(turned, 0.6).pixels, turns)
        mask, remarks = compare(Frame(np.ascontiguousarray(shadow)), BACKGROUND)
        assert remarks == ()
        assert mask is not None
        assert mask.mean() < 0.25


@pytest.mark.parametrize("name", ["", *DISTURBANCES])
def test_the_same_view_is_known_whatever_the_light(name: str) -> None:
    disturb = DISTURBANCES.get(name, lambda frame: frame)
    for frame, _ in SOME:
        assert compare(disturb(frame), BACKGROUND).remarks == ()


def moved(across: float = 0, down: float = 0, degrees: float = 0, zoom: float = 1) -> Frame:
    pixels = BACKGROUND.pixels
    size = (BACKGROUND.width, BACKGROUND.height)
    move = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, zoom)
    move[:, 2] += (across, down)
    turned = cv2.warpAffine(pixels, move, size, borderMode=cv2.BORDER_REFLECT)
    return Frame(np.asarray(turned, np.uint8))


@pytest.mark.parametrize(
    "move",
    [
        {"across": 40}, {"across": -40}, {"down": 40}, {"down": -40}, {"across": 80},
        {"across": 28, "down": 28}, {"degrees": 5}, {"degrees": -5}, {"zoom": 1.15},
        {"zoom": 0.87},
    ],
    ids=str,
)  # fmt: skip
def test_a_moved_camera_is_remarked(move: dict[str, float]) -> None:
    other = moved(**move)
    for frame, _ in SOME:
        assert compare(frame, other) == (None, (UNLIKE,))


def test_a_view_without_edges_is_judged_by_what_changed() -> None:
    even = np.full((120, 160, 3), 120, np.uint8)
    person = even.copy()
    person[30:110, 60:90] = 20
    mask, remarks = compare(Frame(person), Frame(even))
    assert remarks == ()
    assert mask is not None
    assert mask.any()


@pytest.mark.parametrize("level", [3, 7, 10])
def test_a_blurred_background_is_compared_with_the_frame_blurred_alike(
    engine: StandardEngine, level: int
) -> None:
    blurred = blur(BACKGROUND, level)
    mask = changes(BACKGROUND, blurred)
    assert mask is not None
    assert mask.mean() < 0.01
    assert mae(engine, "", blurred) <= 0.75


def test_a_background_of_another_place_is_not_used_and_that_is_said(engine: StandardEngine) -> None:
    frame, _ = FEW[3]
    for other in (noise(1), Frame(np.ascontiguousarray(BACKGROUND.pixels[::-1]))):
        assert compare(frame, other) == (None, (UNLIKE,))
        assert engine.find_people(frame, Context(other)).remarks == (UNLIKE,)
    assert engine.find_people(frame, Context(BACKGROUND)).remarks == ()
    assert engine.find_people(frame, Context()).remarks == ()


def test_gain_and_offset_are_estimated_beside_people() -> None:
    frame, _ = FEW[3]
    exposure = estimate(gained(frame, 0.7, 1.0, 1.2).pixels, BACKGROUND.pixels)
    assert exposure is not None
    assert exposure.gain == pytest.approx([0.7, 1.0, 1.2], abs=0.06)


def test_an_even_background_tells_no_gain() -> None:
    grey, light = (np.full((60, 80, 3), level, np.uint8) for level in (100, 120))
    exposure = estimate(light, grey)
    assert exposure is not None
    assert (exposure.apply(grey) == light).all()


def test_sharp_pictures_are_left_alone() -> None:
    frame, _ = FEW[3]
    same, _ = blurred_alike(frame.pixels, BACKGROUND.pixels)
    assert same is frame.pixels


def test_a_small_shift_is_put_right_and_a_large_one_is_not() -> None:
    pixels = BACKGROUND.pixels
    for shift, repaired in ((4, True), (60, False)):
        frame = np.roll(pixels, (shift, shift), axis=(0, 1))
        moved = aligned(pixels, frame)
        inner = np.s_[100:-100, 100:-100]
        off = float(np.abs(moved[inner].astype(int) - frame[inner]).mean())
        assert (off < 3) is repaired
