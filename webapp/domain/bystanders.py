"""Whether somebody stands in a picture that shall be a background (M4).

Here a person who is overlooked is published unmasked, and a wrong doubt costs one click: so
the picture is searched at several scales, and lower scores are enough than for counting. On a
network's small input somebody of 5 % of the height is a dozen pixels tall; in a part of the
picture a quarter as high they are fifty.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32

# Sides of the square parts as shares of the shorter side, and the score from which a person who
# is whole in a part is doubted; the whole picture comes first. What was measured with `nigiwai
# bench bystanders --data FOLDER`; README has the figures.
SCALES = ((1.0, 0.57), (0.7, 0.42), (0.5, 0.44), (0.25, 0.34))
ENOUGH_IN_WHOLE = 0.345
SMALLEST = 72  # pixels of a part's side; in a smaller one there is nothing left to enlarge
OVERLAP = 0.35  # share of its side that a part shares with the next, at least
EDGE = 0.02  # share of a part's side within which a box counts as cut by it

ENOUGH_CUT = 0.42  # for somebody whom an inner edge cuts; a second engine must be sure as well
SURE = 0.46  # of the second engine
SAME_PERSON = 0.5  # share of the union from which two engines mean one person
REPEATED = 0.5  # share of the smaller box from which two parts found one person
MARGIN = 0.15  # of a box's sides, by which it is blurred beyond itself

Flags = npt.NDArray[np.bool_]


class Part(NamedTuple):
    """A part of a picture in whole pixels, right and lower edge exclusive.

    ``enough`` is the score from which a person who is whole in it is doubted.
    """

    left: int
    top: int
    right: int
    bottom: int
    enough: float


class Found(NamedTuple):
    """Nx4 boxes in pixels of the picture and their N scores."""

    boxes: Float32
    scores: Float32


NOBODY = Found(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


def parts(width: int, height: int) -> Iterator[list[Part]]:
    """Give the parts to search, the coarsest scale first: the whole picture is the first of all."""
    yield [Part(0, 0, width, height, ENOUGH_IN_WHOLE)]
    for share, enough in SCALES:
        side = round(min(width, height) * share)
        if SMALLEST <= side < max(width, height):
            yield [
                Part(left, top, min(left + side, width), min(top + side, height), enough)
                for top in _starts(height, side)
                for left in _starts(width, side)
            ]


def in_picture(found: Found, part: Part) -> Found:
    """Bring boxes of a part to pixels of the picture."""
    corner = np.array([part.left, part.top] * 2, np.float32)
    return Found(found.boxes + corner, found.scores)


def is_cut(boxes: Float32, part: Part, width: int, height: int) -> Flags:
    """Tell for N boxes whether an edge of the part cuts them that is not the picture's own."""
    margin = EDGE * max(part.right - part.left, part.bottom - part.top)
    left = part.left + margin if part.left > 0 else -math.inf
    top = part.top + margin if part.top > 0 else -math.inf
    right = part.right - margin if part.right < width else math.inf
    bottom = part.bottom - margin if part.bottom < height else math.inf
    x1, y1, x2, y2 = boxes.T
    return np.asarray((x1 < left) | (y1 < top) | (x2 > right) | (y2 > bottom), bool)


def needs_witness(found: Found, part: Part, width: int, height: int) -> bool:
    """Tell whether a second engine's word decides about anybody in this part."""
    cut = is_cut(found.boxes, part, width, height)
    return bool((cut & (found.scores > ENOUGH_CUT)).any())


def doubted(found: Found, witness: Found, part: Part, width: int, height: int) -> Found:
    """Keep whom a part shows clearly enough; all boxes are in pixels of the picture."""
    cut = is_cut(found.boxes, part, width, height)
    sure = witness.boxes[witness.scores > SURE]
    seconded = (_shared(found.boxes, sure)[0] > SAME_PERSON).any(axis=1)
    kept = np.where(cut, (found.scores > ENOUGH_CUT) & seconded, found.scores > part.enough)
    return Found(found.boxes[kept], found.scores[kept])


def merged(all_found: Sequence[Found]) -> Float32:
    """Give one box for each person, Nx4, the surest first."""
    boxes = np.concatenate([NOBODY.boxes, *(found.boxes for found in all_found)])
    scores = np.concatenate([NOBODY.scores, *(found.scores for found in all_found)])
    boxes = boxes[np.argsort(-scores, kind="stable")]
    _, smaller = _shared(boxes, boxes)
    kept = np.zeros(len(boxes), bool)
    for index in range(len(boxes)):
        kept[index] = not (kept & (smaller[index] > REPEATED)).any()
    return boxes[kept]


def widened(boxes: Float32, width: int, height: int) -> npt.NDArray[np.int32]:
    """Give the whole pixels Nx4 to be blurred, a margin included, within the picture."""
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2) * MARGIN * np.array([-1, -1, 1, 1])
    limits = np.array([width, height] * 2)
    within: npt.NDArray[np.int32] = np.clip(np.rint(boxes + sides), 0, limits).astype(np.int32)
    return within


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    steps = math.ceil((length - side) / (side * (1 - OVERLAP)))
    return [round(step * (length - side) / steps) for step in range(steps + 1)]


def _shared(first: Float32, second: Float32) -> tuple[Float32, Float32]:
    """NxM: the common area as a share of the union, and of the smaller box."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    area = (first[:, 2:] - first[:, :2]).prod(axis=1)[:, None]
    other = (second[:, 2:] - second[:, :2]).prod(axis=1)[None, :]
    union = np.maximum(area + other - common, 1e-6)
    smaller = np.maximum(np.minimum(area, other), 1e-6)
    return (common / union).astype(np.float32), (common / smaller).astype(np.float32)
