"""The shapes of the pictograms, and how they become masks, in integers only.

A pictogram is a list of pieces; a piece is the convex hull of a few discs, which gives
rounded limbs, shoulders and heads alike. Lengths and places are whole sixteenths of a
pixel. Masks are drawn several times too large, without anti-aliasing, and summed up: so
the same bits come out on every machine, which floating point does not promise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import UInt8

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SUB = 16  # a pixel has 16 steps
FULL = 64  # the mask's value for a pixel that is covered wholly

_DIRECTIONS = 96
_UNIT = 4096
_COMPASS: Int64 = np.array(
    [
        (round(_UNIT * math.cos(step)), round(_UNIT * math.sin(step)))
        for step in (2 * math.pi * k / _DIRECTIONS for k in range(_DIRECTIONS))
    ],
    np.int64,
)
_SIDES = np.sign(_COMPASS)
_MOST_DISCS = 4
_LARGEST_KEPT = 400  # a figure of 400 pixels has masks of 0.15 MB; all smaller ones 20 MB


class Disc(NamedTuple):
    """Centre and radius."""

    x: int
    y: int
    radius: int


class Rect(NamedTuple):
    """Whole pixels; right and bottom are not part of it."""

    left: int
    top: int
    right: int
    bottom: int

    def within(self, other: Rect) -> Rect:
        """Return what both have in common; it may be empty."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Rect(
            left,
            top,
            max(left, min(self.right, other.right)),
            max(top, min(self.bottom, other.bottom)),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.left >= self.right or self.top >= self.bottom


@dataclass(frozen=True, slots=True)
class Piece:
    """The hull of one to four discs; ``parts`` clears a fine gap around itself first."""

    discs: tuple[Disc, ...]
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Masks:
    """How much of each pixel is figure and how much outline: HxW uint8, together 0..64."""

    rect: Rect
    figure: UInt8
    outline: UInt8


Design = tuple[tuple[Disc, ...], ...]

# The standing figure, in thousandths of its height; x is 0 in the middle, y downwards.
# Gaps are twice as wide as the outline, so that the outline fills them in every size.
_STANDING: Design = (
    (Disc(0, 80, 80),),
    (Disc(-102, 266, 84), Disc(102, 266, 84), Disc(-140, 300, 8), Disc(140, 300, 8)),
    (Disc(-150, 268, 36), Disc(-150, 540, 36)),
    (Disc(150, 268, 36), Disc(150, 540, 36)),
    (Disc(-60, 290, 8), Disc(60, 290, 8), Disc(-60, 600, 8), Disc(60, 600, 8)),
    (Disc(-51, 290, 43), Disc(-51, 957, 43)),
    (Disc(51, 290, 43), Disc(51, 957, 43)),
)
# Fewer and coarser parts where gaps would be finer than a pixel.
_STANDING_SMALL: Design = (
    (Disc(0, 94, 94),),
    (Disc(-106, 310, 84), Disc(106, 310, 84), Disc(-112, 530, 48), Disc(112, 530, 48)),
    (Disc(-66, 520, 46), Disc(-66, 954, 46)),
    (Disc(66, 520, 46), Disc(66, 954, 46)),
)
_STANDING_TINY: Design = (
    (Disc(0, 112, 112),),
    (Disc(-90, 400, 105), Disc(90, 400, 105), Disc(-55, 930, 70), Disc(55, 930, 70)),
)
# Head and shoulders, in thousandths of its height.
_MARK: Design = (
    (Disc(0, 235, 235),),
    (Disc(-190, 820, 270), Disc(190, 820, 270), Disc(-400, 940, 60), Disc(400, 940, 60)),
)


def figure_masks(height: int, foot_x: int, foot_y: int, canvas: Rect) -> Masks:
    """Draw the standing figure ``height`` pixels high, its feet at ``foot_x``, ``foot_y``.

    What lies outside ``canvas`` is left away.
    """
    return _placed(_standing(height), height, foot_x, foot_y - height, canvas)


def head_radius(height: int) -> int:
    """Return the standing figure's head radius in whole pixels, rounded up."""
    return -(-_standing(height)[0][0].radius * height // 1000)


def _standing(height: int) -> Design:
    return _STANDING if height >= 38 else _STANDING_SMALL if height >= 22 else _STANDING_TINY


def mark_masks(height: int, middle_x: int, top_y: int, canvas: Rect) -> Masks:
    """Draw head and shoulders ``height`` pixels high with its top at ``top_y``."""
    return _placed(_MARK, height, middle_x, top_y, canvas)


def _placed(design: Design, height: int, x: int, y: int, canvas: Rect) -> Masks:
    if height > _LARGEST_KEPT:
        return draw(_scaled(design, height, x, y), outline_of(height), canvas)
    kept = _kept(design, height)
    rect = Rect(kept.rect.left + x, kept.rect.top + y, kept.rect.right + x, kept.rect.bottom + y)
    seen = rect.within(canvas)
    rows = slice(seen.top - rect.top, seen.bottom - rect.top)
    columns = slice(seen.left - rect.left, seen.right - rect.left)
    return Masks(seen, kept.figure[rows, columns], kept.outline[rows, columns])


@lru_cache(maxsize=2 * _LARGEST_KEPT)
def _kept(design: Design, height: int) -> Masks:
    everywhere = Rect(-height, -height, 2 * height, 2 * height)
    return draw(_scaled(design, height, 0, 0), outline_of(height), everywhere)


def _scaled(design: Design, height: int, x: int, y: int) -> list[Piece]:
    step = height * SUB
    return [
        Piece(
            tuple(
                Disc(
                    x * SUB + _div(disc.x * step, 1000),
                    y * SUB + _div(disc.y * step, 1000),
                    _div(disc.radius * step, 1000),
                )
                for disc in discs
            )
        )
        for discs in design
    ]


def outline_of(height: int) -> int:
    """Return the outline's width, in sixteenths of a pixel, of a figure ``height`` pixels high."""
    return max(SUB, _div(height * SUB * 11, 1000))


def draw(pieces: list[Piece], outline: int, canvas: Rect) -> Masks:
    """Draw the pieces one over the other; only what lies on ``canvas`` is drawn."""
    points, grown = _hulls(pieces, outline)
    low, high = grown.min(axis=(0, 1)) // SUB, grown.max(axis=(0, 1)) // SUB
    bounds = Rect(int(low[0]) - 1, int(low[1]) - 1, int(high[0]) + 2, int(high[1]) + 2)
    rect = bounds.within(canvas)
    height, width = rect.bottom - rect.top, rect.right - rect.left
    if rect.is_empty:
        nothing = np.zeros((height, width), np.uint8)
        return Masks(rect, nothing, nothing)
    scale = _samples(bounds.bottom - bounds.top)
    figure = np.zeros((height * scale, width * scale), np.uint8)
    outlined = np.zeros_like(figure)
    origin = np.array([rect.left, rect.top]) * SUB
    inner, outer = _fixed(points - origin, scale), _fixed(grown - origin, scale)
    for index, piece in enumerate(pieces):
        _fill(outlined, outer[index], 1)
        if piece.parts:
            _fill(figure, outer[index], 0)
        _fill(figure, inner[index], 1)
    inside, whole = _sum_up(figure, scale), _sum_up(outlined, scale)
    return Masks(rect, inside, np.maximum(whole, inside) - inside)


def _samples(height: int) -> int:
    """Return how often a pixel is sampled along each side; large figures need it less."""
    if height <= 128:
        return 8
    return 4 if height <= 1600 else 2


def _hulls(pieces: list[Piece], outline: int) -> tuple[Int64, Int64]:
    """Return the outlines of all pieces, bare and grown by ``outline``: Px96x2 sixteenths.

    In each direction the hull's point is the farthest of the discs' points.
    """
    discs = np.array(
        [piece.discs + piece.discs[:1] * (_MOST_DISCS - len(piece.discs)) for piece in pieces],
        np.int64,
    )
    centres, radii = discs[..., :2], discs[..., 2]
    reach = centres @ _COMPASS.T + radii[..., None] * _UNIT
    farthest = reach.argmax(axis=1)
    row = np.arange(len(pieces))[:, None]
    points = centres[row, farthest]
    radius = radii[row, farthest][..., None]
    return points + _spokes(radius), points + _spokes(radius + outline)


def _spokes(radius: Int64) -> Int64:
    """Return the way from a centre to its rim in each direction, rounded evenly to all sides."""
    return _SIDES * ((radius * np.abs(_COMPASS) + _UNIT // 2) // _UNIT)


def _fixed(points: Int64, scale: int) -> Int32:
    """Turn sixteenths of a pixel into sixteenths of a sample, as the mask counts them."""
    # A sample's place is its centre, so half a sample is taken off; edges that run through
    # a centre are drawn inwards, or right and lower edges would come out a sample fatter.
    return (points * scale - SUB // 2 - _SIDES).astype(np.int32)


def _fill(mask: UInt8, points: Int32, value: int) -> None:
    cv2.fillConvexPoly(mask, points, value, cv2.LINE_8, 4)


def _sum_up(mask: UInt8, scale: int) -> UInt8:
    worth = FULL // (scale * scale)
    while scale > 1:
        mask = mask[::2] + mask[1::2]
        mask = mask[:, ::2] + mask[:, 1::2]
        scale //= 2
    return mask * np.uint8(worth)


def _div(value: int, by: int) -> int:
    """Divide and round to the nearest whole number, evenly to both sides of 0."""
    nearest = (abs(value) + by // 2) // by
    return nearest if value >= 0 else -nearest
