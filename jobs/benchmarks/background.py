"""Whether a background that a camera builds by itself is clean, and how soon it is ready (M4, B2).

The carried footage comes as a capture a minute would, 60 of them and 60 more, with the people
whom the standard engine finds, and with nobody found at all. What is built is compared with the
clean background of the footage. Then bad weather, crowds, somebody who stays, and a camera that
is moved: what is believed must be clean in every case, and takes longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import anyio.to_thread
import cv2
import numpy as np
from nigiwai_engine_api import Context, Frame
from nigiwai_engine_api.types import Float32, UInt8

from jobs.benchmarks.bystanders import footage_people
from jobs.benchmarks.scene import (
    NOBODY,
    at_night,
    background,
    crowded,
    half_dark,
    in_fog,
    moved,
    trembling,
)
from webapp.analysis import find_people
from webapp.demo.seed import CLIP, FOLDER
from webapp.domain.background_build import (
    Build,
    believed,
    coverage,
    is_complete,
    packed,
    picture,
    with_capture,
)
from webapp.domain.disturbance import gained
from webapp.evaluation_set import every_frame
from webapp.plugins import build_engines
from webapp.settings import read_settings

CAPTURES, LONGEST = 60, 120
APART = 13  # frames of the footage between two captures: it lasts 80 s
DIFFERS = 20  # levels by which a pixel is another than in the clean background, after a 5x5 blur
NEARBY = 4  # pixels: a camera that trembles by 2 is off by twice that between two captures
STAYS = 30  # captures for which somebody sits there
# Of a picture and the number of the capture.
Change = Callable[[UInt8, int], UInt8]


class Capture(NamedTuple):
    """HxWx3 pixels, and Nx4 boxes of whom an engine found."""

    pixels: UInt8
    found: Float32


async def run() -> dict[str, Any]:
    """Measure: captures until a build is ready, wrong pixels in what is believed, and times."""
    return await anyio.to_thread.run_sync(_measure)


def _measure() -> dict[str, Any]:
    captures, clean = footage_captures(), background()
    times: list[float] = []
    cases = {
        "plain": _case(captures, clean, times, CAPTURES),
        "nobody_is_found": _case([Capture(one.pixels, NOBODY) for one in captures], clean, times),
    }
    for name, change in CHANGES.items():
        changed = [Capture(change(one.pixels, n), one.found) for n, one in enumerate(captures)]
        cases[name] = _case(changed, after(name, clean), times)
    return {
        **cases,
        "file_mb": round(len(packed(_built(captures, CAPTURES).samples)) / 1e6, 2),
        "milliseconds_median": round(1000 * float(np.median(times)), 1),
        "milliseconds_p99": round(1000 * float(np.quantile(times, 0.99)), 1),
    }


def _case(
    captures: list[Capture], clean: UInt8, times: list[float], longest: int = LONGEST
) -> dict[str, Any]:
    build: Build | None = None
    ready = 0
    for number, one in enumerate(captures[:longest], 1):
        started = time.perf_counter()
        build = with_capture(build, Frame(one.pixels), one.found)
        times.append(time.perf_counter() - started)
        if not ready and is_complete(build.samples):
            ready = number
    assert build is not None
    return {
        "ready_after": ready or "not",
        "coverage": round(coverage(build.samples), 4),
        "wrong_pixels": wrong_pixels(build, clean),
    }


def _built(captures: list[Capture], count: int) -> Build:
    build: Build | None = None
    for one in captures[:count]:
        build = with_capture(build, Frame(one.pixels), one.found)
    assert build is not None
    return build


def wrong_pixels(build: Build, clean: UInt8) -> int:
    """How many pixels are none of the clean background nearby; of what is believed, until ready.

    A build has the light and the place of its first capture: so it is brought into the clean one's
    light, and a pixel is right that lies between the levels within ``NEARBY`` pixels.
    """
    built = picture(build.samples).pixels
    light = np.median((clean + 1.0) / (built + 1.0), axis=(0, 1))
    built = np.clip(np.rint(built * light), 0, 255).astype(np.uint8)
    built = np.asarray(cv2.GaussianBlur(built, (5, 5), 0), np.uint8)
    clean = np.asarray(cv2.GaussianBlur(clean, (5, 5), 0), np.uint8)
    near = np.ones((2 * NEARBY + 1, 2 * NEARBY + 1), np.uint8)
    above = cv2.subtract(built, cv2.dilate(clean, near))
    below = cv2.subtract(cv2.erode(clean, near), built)
    differs = (cv2.max(above, below) > DIFFERS).any(axis=2)
    if not is_complete(build.samples):
        differs &= believed(build.samples)
    return int(differs.sum())


def footage_captures() -> list[Capture]:
    """The carried footage twice over, other frames each time, with whom the engine finds."""
    engine = build_engines(read_settings()).get("standard")
    frames = dict(_frames())
    numbers = sorted(frames, key=lambda number: (number % APART, number))[:LONGEST]
    return [
        Capture(frames[n], find_people(engine, Frame(frames[n]), Context()).boxes) for n in numbers
    ]


def _frames() -> list[tuple[int, UInt8]]:
    wanted = {0, APART // 2}
    return [one for one in every_frame(FOLDER / CLIP, 1) if one[0] % APART in wanted]


def after(name: str, clean: UInt8) -> UInt8:
    """What the clean background is in the end: a camera that moved shows another view."""
    return CHANGES[name](clean, LONGEST) if name == "moved_after_40" else clean


def seated(pixels: UInt8, number: int) -> UInt8:
    """Let somebody whom no engine finds sit there for the first half an hour."""
    if number >= STAYS:
        return pixels
    return _pasted(pixels, _somebody(), 0.5, 0.75)


def parked(pixels: UInt8, number: int) -> UInt8:
    """Let a car stand there for half an hour, and then leave."""
    if number >= STAYS:
        return pixels
    car = np.full((60, 130, 3), (60, 40, 120), np.uint8)
    return _pasted(pixels, car, 0.3, 0.9)


def _somebody() -> UInt8:
    tallest = max(footage_people(), key=lambda one: one.pixels.shape[0])
    return np.asarray(tallest.pixels, np.uint8)


def _pasted(pixels: UInt8, patch: UInt8, across: float, bottom: float) -> UInt8:
    result = pixels.copy()
    height, width = patch.shape[:2]
    top, left = round(pixels.shape[0] * bottom) - height, round(pixels.shape[1] * across)
    result[top : top + height, left : left + width] = patch
    return result


def changing_light(pixels: UInt8, number: int) -> UInt8:
    """Let clouds come and go: each capture between three quarters and four thirds as bright."""
    gain = float(np.random.default_rng(number).uniform(0.75, 1.33))
    return gained(Frame(pixels), blue=gain, green=gain, red=gain).pixels


def moved_once(pixels: UInt8, number: int) -> UInt8:
    """Turn the camera aside after 40 captures."""
    return pixels if number < 40 else moved(pixels, number, across=90)


def sometimes(change: Change, pixels: UInt8, number: int, *, of: int = 3) -> UInt8:
    """Apply a change to one capture of so many."""
    return change(pixels, number) if number % of == 1 else pixels


def for_a_while(change: Change, pixels: UInt8, number: int) -> UInt8:
    """Apply a change to captures 20 to 39."""
    return change(pixels, number) if 20 <= number < 40 else pixels


CHANGES: Mapping[str, Change] = {
    "changing_light": changing_light,
    "trembling": trembling,
    "shadow_for_a_while": partial(for_a_while, partial(half_dark, light=0.5)),
    "fog_for_a_while": partial(for_a_while, partial(in_fog, thick=0.3, level=200)),
    "night_for_a_while": partial(for_a_while, partial(at_night, light=0.12)),
    "crowd_sometimes": partial(sometimes, partial(crowded, share=0.5)),
    "crowd_always": partial(crowded, share=0.5),
    "seated_for_30": seated,
    "parked_for_30": parked,
    "moved_after_40": moved_once,
}
