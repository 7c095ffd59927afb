"""Whether a camera that moved or is covered is told from night, weather, and crowds (M7).

The carried footage is shown with its clean background in every light of ``evaluate --disturb``,
with and without its people being known, and through what a street sees in a year. Then the
camera is moved, covered and put out of focus, two captures each.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import anyio.to_thread
import cv2
import numpy as np
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from jobs.benchmarks.bystanders import footage_people
from webapp.demo.seed import CLIP, FOLDER
from webapp.domain.disturbance import DISTURBANCES, gained, noisy, shaded, shifted
from webapp.domain.remarks import Remark
from webapp.domain.scene.comparison import Scene
from webapp.domain.scene.judging import compare
from webapp.domain.scene.verdicts import confirmed
from webapp.evaluation_set import every_frame

EVERY = 5  # frames of the footage
NOBODY = np.zeros((0, 4), np.float32)
# Of a picture and the number of the capture.
Change = Callable[[UInt8, int], UInt8]


async def run() -> dict[str, Any]:
    """Measure: alarms where none may be, shares of troubles that two captures show, and times."""
    return await anyio.to_thread.run_sync(_measure)


def _measure() -> dict[str, Any]:
    scene, stills = Scene(background()), list(footage(EVERY))
    times: list[float] = []
    alarms = {
        name: sum(
            _alarms(scene, disturb(Frame(pixels)).pixels, people, times)
            for pixels, boxes in stills
            for people in (boxes, NOBODY)
        )
        for name, disturb in {"undisturbed": lambda frame: frame, **DISTURBANCES}.items()
    }
    pairs = list(zip(stills[::8], stills[4::8], strict=False))
    return {
        "stills": 2 * len(stills) * len(alarms),
        "false_alarms": sum(alarms.values()),
        "bad_input_pairs": len(pairs) * len(BAD_INPUT),
        "bad_input_alarms": {
            name: sum(found not in {None, Remark.DARK} for found in _seen(scene, pairs, change))
            for name, change in BAD_INPUT.items()
        },
        "flagged_within_two": {
            name: round(
                sum(found is remark for found in _seen(scene, pairs, change)) / len(pairs), 3
            )
            for name, (remark, change) in TROUBLES.items()
        },
        "milliseconds_median": round(1000 * float(np.median(times)), 2),
        "milliseconds_p99": round(1000 * float(np.quantile(times, 0.99)), 2),
    }


def _alarms(scene: Scene, pixels: UInt8, people: Float32, times: list[float]) -> int:
    """Count even what would still need a second still."""
    started = time.perf_counter()
    verdict = compare(scene, pixels, people)
    times.append(time.perf_counter() - started)
    return int(verdict.remark is not None)


def _seen(scene: Scene, pairs: list[Any], change: Change) -> Iterator[Remark | None]:
    """What is sure after two captures a minute apart, in which no engine finds anybody."""
    for first, second in pairs:
        before = compare(scene, _grain(change(first[0], 0), 0), NOBODY)
        yield confirmed(compare(scene, _grain(change(second[0], 1), 1), NOBODY), before.sketch)


def _grain(pixels: UInt8, number: int) -> UInt8:
    """Add what a sensor adds, another each time."""
    noise = np.random.default_rng(number).standard_normal(pixels.shape, np.float32)
    return np.asarray(np.clip(pixels + 2 * noise, 0, 255), np.uint8)


def background() -> UInt8:
    """The clean background of the footage."""
    return np.asarray(cv2.imread(str(FOLDER / "background.png")), np.uint8)


def footage(every: int) -> Iterator[tuple[UInt8, Float32]]:
    """Stills of the carried footage, and Nx4 boxes of their people."""
    truth = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))["truth"]
    boxes = {frame["frame"]: frame["boxes"] for frame in truth}
    for number, pixels in every_frame(FOLDER / CLIP, every):
        yield pixels, np.array(boxes.get(number, []), np.float32).reshape(-1, 4)


def moved(pixels: UInt8, number: int, *, across: float, down: float = 0.0) -> UInt8:  # noqa: ARG001
    """Look elsewhere by some pixels; what comes into view is like what is beside it."""
    return _warped(pixels, np.array([[1, 0, across], [0, 1, down]], np.float32))


def turned(pixels: UInt8, number: int, *, degrees: float, zoom: float = 1.0) -> UInt8:  # noqa: ARG001
    """Turn around the middle, and zoom."""
    middle = (pixels.shape[1] / 2, pixels.shape[0] / 2)
    return _warped(pixels, np.asarray(cv2.getRotationMatrix2D(middle, degrees, zoom), np.float32))


def _warped(pixels: UInt8, move: Float32) -> UInt8:
    size = (pixels.shape[1], pixels.shape[0])
    moved_ = cv2.warpAffine(pixels, move, size, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved_, np.uint8)


def covered(pixels: UInt8, number: int, *, side: str, level: int, share: float = 0.4) -> UInt8:  # noqa: ARG001
    """Hide a share of the picture behind something even: left, top, or from the middle on."""
    result, (height, width) = pixels.copy(), pixels.shape[:2]
    if side == "left":
        result[:, : round(width * share)] = level
    elif side == "top":
        result[: round(height * share)] = level
    else:
        across, down = round(width * share**0.5), round(height * share**0.5)
        left, top = (width - across) // 2, (height - down) // 2
        result[top : top + down, left : left + across] = level
    return result


def behind_pattern(pixels: UInt8, number: int) -> UInt8:  # noqa: ARG001
    """Hide 40 % behind something that has edges of its own, as a poster or a truck has."""
    result, width = pixels.copy(), round(pixels.shape[1] * 0.4)
    random = np.random.default_rng(4)
    coarse = random.integers(0, 255, (14, 8, 3)).astype(np.uint8)
    size = (width, pixels.shape[0])
    result[:, :width] = cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST)
    return result


def elsewhere(pixels: UInt8, number: int) -> UInt8:  # noqa: ARG001
    """Look at another place altogether: as far as its edges go, upside down is one."""
    return np.asarray(cv2.flip(pixels, 0), np.uint8)


def blurred(pixels: UInt8, number: int, *, deviation: float) -> UInt8:  # noqa: ARG001
    """Be out of focus."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), deviation), np.uint8)


def all_black(pixels: UInt8, number: int) -> UInt8:  # noqa: ARG001
    """See next to nothing, but with the sensor's own brightness."""
    return np.full_like(pixels, 16)


def at_night(pixels: UInt8, number: int, *, light: float, lamps: bool = True) -> UInt8:  # noqa: ARG001
    """Leave little light, and two lamps where wanted."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    lit = np.full((height, width), light, np.float32)
    glow = np.zeros((height, width), np.float32)
    for across, down in ((0.2, 0.4), (0.7, 0.5)) if lamps else ():
        distance = (x - across) ** 2 + (y - down) ** 2
        lit += 0.8 * np.exp(-distance / 0.05)
        glow += 255 * np.exp(-((x - across) ** 2 + (y - down + 0.2) ** 2) / 0.0008)
    return np.asarray(np.clip(pixels * lit[..., None] + glow[..., None], 0, 255), np.uint8)


def in_fog(pixels: UInt8, number: int, *, thick: float, level: int) -> UInt8:  # noqa: ARG001
    """Lose what is far off, which is above, in fog."""
    far = 1 / np.linspace(0.12, 1, pixels.shape[0])
    clear = np.exp(-thick * far)[:, None, None]
    return np.asarray(pixels * clear + level * (1 - clear), np.uint8)


def half_dark(pixels: UInt8, number: int, *, light: float) -> UInt8:  # noqa: ARG001
    """Let the hard shadow of a building fall across."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    shadow = np.where(0.6 * x + y > 0.6 * height, light, 1.0)
    return np.asarray(pixels * shadow[..., None], np.uint8)


def trembling(pixels: UInt8, number: int) -> UInt8:
    """Shake by two pixels, this way and that."""
    return moved(pixels, number, across=(2, -2)[number % 2], down=(-2, 2)[number % 2])


def crowded(pixels: UInt8, number: int, *, share: float) -> UInt8:
    """Fill the lower part with people whom no engine finds, others each time."""
    random, people = np.random.default_rng(100 + number), _people()
    result, (height, width) = pixels.copy(), pixels.shape[:2]
    for bottom in np.arange(height * (1 - share) + 40, height + 50, 18):
        for middle in np.arange(0, width, 24):
            person = people[int(random.integers(len(people)))]
            x, y = int(middle + random.uniform(-8, 8)), int(bottom - person.shape[0])
            x, y = min(max(x, 0), width - 1), max(y, 0)
            there = result[y : y + person.shape[0], x : x + person.shape[1]]
            there[:] = person[: there.shape[0], : there.shape[1]]
    return result


def _people(cache: list[UInt8] = []) -> list[UInt8]:  # noqa: B006 - cut out once
    if not cache:
        cache += [one.pixels for one in footage_people()]
    return cache


def _by(disturb: Callable[[Frame], Frame]) -> Change:
    return lambda pixels, number: disturb(Frame(pixels)).pixels  # noqa: ARG005


BAD_INPUT: Mapping[str, Change] = {
    "night": partial(at_night, light=0.12),
    "night_without_lamps": partial(at_night, light=0.2, lamps=False),
    "deep_night": partial(at_night, light=0.05),
    "shadow": _by(partial(shaded, light=0.4)),
    "hard_shadow": partial(half_dark, light=0.3),
    "fog": partial(in_fog, thick=0.3, level=200),
    "thick_fog": partial(in_fog, thick=0.8, level=170),
    "trembling": trembling,
    "shift_2": _by(partial(shifted, pixels=2)),
    "crowd_half": partial(crowded, share=0.5),
    "crowd_three_quarters": partial(crowded, share=0.75),
    "noise_20": _by(partial(noisy, deviation=20.0)),
    "overexposed": _by(partial(gained, blue=2.0, green=2.0, red=2.0)),
}
TROUBLES: Mapping[str, tuple[Remark, Change]] = {
    "shift_12_across": (Remark.MOVED, partial(moved, across=12)),
    "shift_12_down": (Remark.MOVED, partial(moved, across=0, down=12)),
    "shift_12_aslant": (Remark.MOVED, partial(moved, across=-8.5, down=8.5)),
    "shift_150": (Remark.MOVED, partial(moved, across=150)),
    "turn_5": (Remark.MOVED, partial(turned, degrees=5)),
    "zoom_1.2": (Remark.MOVED, partial(turned, degrees=0, zoom=1.2)),
    "elsewhere": (Remark.MOVED, elsewhere),
    "cover_40_left_grey": (Remark.COVERED, partial(covered, side="left", level=120)),
    "cover_40_top_grey": (Remark.COVERED, partial(covered, side="top", level=120)),
    "cover_40_middle_grey": (Remark.COVERED, partial(covered, side="middle", level=120)),
    "cover_40_left_black": (Remark.COVERED, partial(covered, side="left", level=8)),
    "cover_40_middle_black": (Remark.COVERED, partial(covered, side="middle", level=8)),
    "cover_40_left_white": (Remark.COVERED, partial(covered, side="left", level=235)),
    "cover_40_pattern": (Remark.COVERED, behind_pattern),
    "cover_all_grey": (Remark.COVERED, partial(covered, side="left", level=90, share=1.0)),
    "cover_all_black": (Remark.BLACK, all_black),
    "out_of_focus": (Remark.REFOCUSED, partial(blurred, deviation=4.0)),
}
