"""A background that builds itself: what is believed, and what never gets into it (M4, B2)."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from webapp.domain.background_build import (
    COMPLETE,
    MOST,
    NEEDED,
    SIDE,
    Afresh,
    Build,
    Samples,
    believed,
    coverage,
    coverage_map,
    is_complete,
    packed,
    picture,
    unpacked,
    with_capture,
)

NOBODY = np.zeros((0, 4), np.float32)
WIDTH, HEIGHT = 192, 144
RED = (30, 20, 220)  # of somebody's coat; nothing else here is red
SEAT = (80, 50, 110, 120)


def street(seed: int = 1, width: int = WIDTH, height: int = HEIGHT) -> UInt8:
    """A place full of edges, in blues and greens."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 200, (height // 8, width // 8, 3)).astype(np.uint8)
    coarse[..., 2] = coarse[..., 2] // 4 + 30
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def seen(pixels: UInt8, number: int, deviation: float = 3.0) -> Frame:
    noise = np.random.default_rng(1000 + number).standard_normal(pixels.shape, np.float32)
    return Frame(np.clip(np.rint(pixels + deviation * noise), 0, 255).astype(np.uint8))


def with_somebody(pixels: UInt8, box: tuple[int, int, int, int] = SEAT) -> UInt8:
    result = pixels.copy()
    result[box[1] : box[3], box[0] : box[2]] = RED
    return result


def collect(
    count: int, pixels: UInt8, build: Build | None = None, people: Float32 = NOBODY
) -> Build:
    for number in range(count):
        build = with_capture(build, seen(pixels, number), people)
    assert build is not None
    return build


def red(frame: Frame) -> int:
    """How many pixels look like that coat."""
    pixels = frame.pixels.astype(int)
    return int(((pixels[..., 2] > 120) & (pixels[..., 2] - pixels[..., 1] > 40)).sum())


def off(build: Build, empty: UInt8) -> float:
    """How far the background is from the empty place, in levels."""
    return float(np.abs(picture(build.samples).pixels.astype(int) - empty).mean())


def test_nothing_is_believed_before_anybody_would_have_left() -> None:
    empty = street()
    build = collect(NEEDED - 1, empty)
    assert coverage(build.samples) == 0
    stripes = coverage_map(build.samples).pixels
    assert len(np.unique(stripes)) == 2
    build = with_capture(build, seen(empty, 99), NOBODY)
    assert (build.captures, coverage(build.samples)) == (NEEDED, 1)
    assert is_complete(build.samples)
    assert off(build, empty) < 2


def test_whoever_sits_there_for_half_an_hour_unseen_is_never_shown() -> None:
    empty = street()
    build = None
    for number in range(70):
        pixels = with_somebody(empty) if number < 30 else empty
        build = with_capture(build, seen(pixels, number), NOBODY)
        assert red(picture(build.samples)) == 0 or number < NEEDED, number
    assert build is not None
    assert is_complete(build.samples)
    assert red(picture(build.samples)) == 0
    assert off(build, empty) < 2


def test_whoever_stays_for_longer_than_that_is_in_no_map_either() -> None:
    """Nobody has looked for people in it: so its map is the same whatever the pixels show."""
    build = collect(NEEDED, with_somebody(street()))
    assert red(picture(build.samples)) > 0, "believed, and nobody was found"
    without = coverage_map(collect(NEEDED, street(7)).samples)
    assert np.array_equal(coverage_map(build.samples).pixels, without.pixels)


def test_people_who_were_found_are_left_out_with_room_around_them() -> None:
    empty = street()
    box = np.array([SEAT], np.float32) + np.array([2, 2, -2, -2], np.float32)  # a little too small
    build = collect(60, with_somebody(empty), people=box)
    free = believed(build.samples)
    assert not free[SEAT[1] : SEAT[3], SEAT[0] : SEAT[2]].any()
    assert coverage(build.samples) < COMPLETE
    assert red(picture(build.samples)) == 0, "the place is filled in from around it"
    cells = coverage_map(build.samples).pixels
    assert np.ptp(cells[60:110, 85:105], axis=2).max() == 0, "it is striped"
    assert np.ptp(cells[:30], axis=2).min() > 0, "where it is sure it is not"
    build = collect(NEEDED, empty, build)
    assert is_complete(build.samples)
    assert off(build, empty) < 2


def test_people_walk_by_whom_no_engine_finds() -> None:
    empty, random = street(), np.random.default_rng(5)
    build = None
    for number in range(60):
        pixels = empty
        for _ in range(4):
            left, top = int(random.integers(0, WIDTH - 20)), int(random.integers(0, HEIGHT - 60))
            pixels = with_somebody(pixels, (left, top, left + 20, top + 60))
        build = with_capture(build, seen(pixels, number), NOBODY)
    assert build is not None
    assert is_complete(build.samples)
    assert red(picture(build.samples)) == 0
    assert off(build, empty) < 2


def test_a_crowd_over_half_the_picture_keeps_that_half_open() -> None:
    empty, random = street(), np.random.default_rng(6)
    build = None
    for number in range(60):
        pixels = empty.copy()
        crowd = random.integers(0, 255, (HEIGHT // 16, WIDTH // 8, 3)).astype(np.uint8)
        pixels[HEIGHT // 2 :] = cv2.resize(crowd, (WIDTH, HEIGHT // 2))
        build = with_capture(build, seen(pixels, number), NOBODY)
    assert build is not None
    assert not believed(build.samples)[HEIGHT // 2 + 4 :].any()


def test_light_comes_and_goes_and_the_camera_trembles() -> None:
    empty, random = street(1, 2 * WIDTH, 2 * HEIGHT), np.random.default_rng(7)
    build = None
    for number in range(50):
        by = (1, -1, 0)[number % 3]  # 2 pixels of 768
        move = np.array([[1, 0, by], [0, 1, -by]], np.float32)
        pixels = cv2.warpAffine(empty, move, (2 * WIDTH, 2 * HEIGHT), borderMode=cv2.BORDER_REFLECT)
        gain = random.uniform(0.75, 1.3) if number > 8 else 1.0
        lit = np.clip(pixels * gain, 0, 255).astype(np.uint8)
        build = with_capture(build, seen(lit, number), NOBODY)
    assert build is not None
    assert build.captures == 50
    inner = (slice(8, -8), slice(8, -8))
    assert believed(build.samples)[inner].mean() > COMPLETE
    begun = np.roll(empty, (-1, 1), (0, 1))  # it has the place of the first capture
    assert np.abs(picture(build.samples).pixels.astype(int) - begun)[inner].mean() < 3


def test_a_moved_camera_begins_afresh_even_where_all_was_there() -> None:
    first, second = street(1), street(2)
    for before in (15, NEEDED):
        build = collect(before, first)
        for number in range(2):
            build = with_capture(build, seen(second, number), NOBODY)
            assert (build.captures, build.afresh) == (before, Afresh.NOT)
        build = with_capture(build, seen(second, 2), NOBODY)
        assert (build.captures, build.afresh) == (1, Afresh.VIEW)
        assert coverage(build.samples) == 0
        build = collect(NEEDED, second, build)
        assert off(build, second) < 2


def test_one_glance_aside_is_left_out() -> None:
    first, second = street(1), street(2)
    build = collect(15, first)
    for number in range(20):
        pixels = second if number % 3 == 0 else first
        build = with_capture(build, seen(pixels, number), NOBODY)
    assert (build.captures, build.afresh) == (15 + 13, Afresh.NOT)


def test_night_is_left_out_for_half_an_hour_and_then_it_is_the_new_light() -> None:
    empty = street()
    night = (empty * 0.25).astype(np.uint8)
    build = collect(15, empty)
    build = collect(29, night, build)
    assert (build.captures, build.misfits) == (15, 29)
    assert with_capture(build, seen(empty, 1), NOBODY).misfits == 0
    build = with_capture(build, seen(night, 30), NOBODY)
    assert (build.captures, build.afresh) == (1, Afresh.LIGHT)


def test_a_complete_one_waits_through_the_night_unchanged() -> None:
    empty = street()
    build = collect(NEEDED, empty)
    later = collect(40, (empty * 0.25).astype(np.uint8), build)
    assert later.samples is build.samples
    assert later.captures == NEEDED


def test_pictures_of_another_size_begin_afresh() -> None:
    build = collect(20, street())
    larger = with_capture(build, seen(street(1, 2 * WIDTH, 2 * HEIGHT), 1), NOBODY)
    assert (larger.captures, larger.afresh) == (1, Afresh.SIZE)
    assert larger.samples.size == (2 * WIDTH, 2 * HEIGHT)


def test_large_pictures_are_collected_smaller_and_people_with_them() -> None:
    pixels = np.full((1080, 1920, 3), 120, np.uint8)
    build = with_capture(None, Frame(pixels), np.array([[960, 0, 1920, 1080]], np.float32))
    assert build.samples.size == (SIDE, 720)
    assert build.samples.seen[:, :500].all()
    assert not build.samples.seen[:, 640:].any()


def test_tiny_pictures_are_borne_with() -> None:
    build = collect(NEEDED, np.full((16, 16, 3), 90, np.uint8))
    assert coverage(build.samples) == 1


def test_what_is_parked_leaves_and_what_is_behind_it_comes_through() -> None:
    empty = street()
    build = None
    for number in range(MOST + 10):
        pixels = with_somebody(empty) if number < 40 else empty
        people = np.array([[0, 0, 20, 20]], np.float32)  # so that it is never complete
        build = with_capture(build, seen(pixels, number), people)
        assert build.samples.seen.max() <= MOST
    assert build is not None
    assert red(picture(build.samples)) == 0
    assert believed(build.samples)[SEAT[1] : SEAT[3], SEAT[0] : SEAT[2]].all()


def test_samples_come_back_as_they_were_written() -> None:
    samples = collect(12, with_somebody(street()), people=NOBODY).samples
    again = unpacked(packed(samples))
    for name in ("values", "weights", "seen"):
        assert np.array_equal(getattr(again, name), getattr(samples, name))
    assert len(packed(samples)) < 13 * WIDTH * HEIGHT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        packed(Samples.empty(16, 16))[:-40],
        cv2.imencode(".png", np.zeros((14, 5), np.uint8))[1].tobytes(),
        cv2.imencode(".png", np.zeros((13, 5, 3), np.uint8))[1].tobytes(),
    ],
    ids=["empty", "text", "cut off", "planes", "colour"],
)
def test_what_is_no_samples_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no samples"):
        unpacked(data)
