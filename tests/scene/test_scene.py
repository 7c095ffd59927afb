"""Whether a camera still sees what its background shows (M7), on the carried footage."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from jobs.benchmarks.scene import (
    BAD_INPUT,
    NOBODY,
    TROUBLES,
    background,
    covered,
    crowded,
    footage,
    moved,
)
from webapp.domain.disturbance import DISTURBANCES
from webapp.domain.pictures import blur
from webapp.domain.remarks import Remark
from webapp.domain.scene.comparison import Scene
from webapp.domain.scene.judging import compare
from webapp.domain.scene.sketches import MOST_SKETCH, is_still_there
from webapp.domain.scene.verdicts import ALL_WELL, Verdict, confirmed


@cache
def scene() -> Scene:
    return Scene(background())


@cache
def stills() -> list[tuple[UInt8, Float32]]:
    return list(footage(100))


def grainy(pixels: UInt8, number: int) -> UInt8:
    noise = np.random.default_rng(number).standard_normal(pixels.shape, np.float32)
    return np.asarray(np.clip(pixels + 2 * noise, 0, 255), np.uint8)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_no_alarm_on_the_footage_in_any_light(name: str) -> None:
    for pixels, people in stills():
        for found in (people, NOBODY):
            still = DISTURBANCES[name](Frame(pixels)).pixels
            assert compare(scene(), still, found) == ALL_WELL


@pytest.mark.parametrize("name", BAD_INPUT)
def test_night_weather_and_crowds_are_no_trouble_of_the_camera(name: str) -> None:
    (first, _), (second, _) = stills()[2], stills()[4]
    before = compare(scene(), grainy(BAD_INPUT[name](first, 0), 0), NOBODY)
    after = compare(scene(), grainy(BAD_INPUT[name](second, 1), 1), NOBODY)
    assert confirmed(before, "") in {None, Remark.DARK}
    assert confirmed(after, before.sketch) in {None, Remark.DARK}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_trouble_of_the_camera_is_seen_within_two_captures(name: str) -> None:
    remark, change = TROUBLES[name]
    (first, _), (second, _) = stills()[2], stills()[4]
    before = compare(scene(), grainy(change(first, 0), 0), NOBODY)
    after = compare(scene(), grainy(change(second, 1), 1), NOBODY)
    assert confirmed(after, before.sketch) is remark


def test_what_might_be_a_crowd_needs_a_second_capture() -> None:
    pixels, _ = stills()[0]
    pattern = TROUBLES["cover_40_pattern"][1](pixels, 0)
    doubtful = compare(scene(), pattern, NOBODY)
    assert doubtful.remark is Remark.COVERED
    assert 0 < len(doubtful.sketch) <= MOST_SKETCH
    assert confirmed(doubtful, "") is None
    crowd = compare(scene(), crowded(pixels, 0, share=0.5), NOBODY)
    assert confirmed(crowd, doubtful.sketch) is None


def test_a_cover_in_which_somebody_was_found_may_be_a_crowd() -> None:
    pixels, _ = stills()[0]
    pattern = TROUBLES["cover_40_pattern"][1](pixels, 0)
    somebody = np.array([[100, 200, 140, 300]], np.float32)
    assert compare(scene(), pattern, somebody) == ALL_WELL


def test_glare_in_which_everything_is_cut_off_is_no_cover() -> None:
    part = (slice(90, 402), slice(352, 768))
    bright = Scene(np.ascontiguousarray(background()[part]))
    for pixels, _ in stills():
        glaring = np.clip(pixels[part] * 1.6, 0, 255).astype(np.uint8)
        assert compare(bright, np.ascontiguousarray(glaring), NOBODY) == ALL_WELL


def test_people_all_over_the_picture_leave_nothing_to_judge() -> None:
    pixels, _ = stills()[0]
    everywhere = np.array([[0, 0, 768, 500]], np.float32)
    assert compare(scene(), moved(pixels, 0, across=80), everywhere) == ALL_WELL


def test_less_than_a_shift_or_a_cover_is_let_pass() -> None:
    for pixels, people in stills():
        assert compare(scene(), moved(pixels, 0, across=5), people) == ALL_WELL
        small = covered(pixels, 0, side="middle", level=120, share=0.15)
        assert compare(scene(), small, people) == ALL_WELL


@pytest.mark.parametrize("level", [3, 6, 10])
def test_a_background_blurred_on_purpose_is_compared_alike(level: int) -> None:
    hazy = Scene(blur(Frame(background()), level).pixels)
    for pixels, people in stills():
        assert compare(hazy, pixels, people) == ALL_WELL
    pixels, _ = stills()[0]
    assert compare(hazy, moved(pixels, 0, across=40), NOBODY).remark is Remark.MOVED


@pytest.mark.parametrize(("side", "again"), [(1920, 1080), (576, 768), (400, 300)])
def test_other_sizes_and_shapes(side: int, again: int) -> None:
    empty = cv2.resize(background(), (side, again))
    sized, still = Scene(empty), cv2.resize(stills()[0][0], (side, again))
    assert compare(sized, still, NOBODY) == ALL_WELL
    elsewhere = moved(still, 0, across=max(side, again) / 40)
    assert compare(sized, elsewhere, NOBODY).remark is Remark.MOVED


def test_where_nothing_can_be_told_nothing_is_said() -> None:
    pixels, _ = stills()[0]
    assert compare(Scene(np.full((576, 768, 3), 180, np.uint8)), pixels, NOBODY) == ALL_WELL
    assert compare(Scene(pixels[:60, :80]), pixels[:60, :80], NOBODY) == ALL_WELL
    assert compare(scene(), pixels[:300], NOBODY) == ALL_WELL


def test_a_dark_still_with_somebody_in_it_is_not_black() -> None:
    still = np.asarray(stills()[0][0] * 0.06, np.uint8)
    somebody = np.array([[300, 200, 340, 300]], np.float32)
    assert compare(scene(), still, somebody) == Verdict(Remark.DARK)


@pytest.mark.parametrize("sketch", ["", "nonsense", "AA==", "!", "x" * 400])
def test_a_sketch_that_is_none_confirms_nothing(sketch: str) -> None:
    pattern = TROUBLES["cover_40_pattern"][1](stills()[0][0], 0)
    doubtful = compare(scene(), pattern, NOBODY)
    assert not is_still_there(doubtful.sketch, sketch)
    assert not is_still_there(sketch, doubtful.sketch)
