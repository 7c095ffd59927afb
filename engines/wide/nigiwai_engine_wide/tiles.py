"""Where to look: the whole frame, and overlapping square tiles of it at two scales."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32

SHARES = (1.0, 0.5)  # sides of the tiles, as shares of the frame's shorter side
OVERLAP = 0.35  # share of its side that a tile shares with the next, at least
SMALLEST = 160  # pixels; a smaller tile would only be enlarged, and shows nothing more
GROWTH = 1.2  # how much larger tiles become while they are too many
EDGE = 0.02  # share of a tile's side within which a box counts as cut by its edge


class Tile(NamedTuple):
    """A part of a frame in whole pixels, its right and lower edge exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def side(self) -> int:
        """The longer side."""
        return max(self.right - self.left, self.bottom - self.top)


def tiles(width: int, height: int, most: int) -> list[Tile]:
    """List at most ``most`` tiles: the whole frame first, then from large to small."""
    whole = Tile(0, 0, width, height)
    growth = 1.0
    while True:
        found = [whole]
        for share in SHARES:
            side = max(SMALLEST, round(min(width, height) * share * growth))
            if side < max(width, height):
                found += _grid(width, height, side)
        if len(found) <= most:
            return found
        growth *= GROWTH


def _grid(width: int, height: int, side: int) -> Iterator[Tile]:
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield Tile(left, top, min(left + side, width), min(top + side, height))


def _starts(length: int, side: int) -> list[int]:
    """Spread the tiles evenly over a length."""
    if length <= side:
        return [0]
    steps = math.ceil((length - side) / (side * (1 - OVERLAP)))
    return [round(step * (length - side) / steps) for step in range(steps + 1)]


def whole_in(boxes: Float32, tile: Tile, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Tell which of the N boxes lie in the tile and are not cut by its edges.

    An edge of the tile that is the frame's own cuts nobody who could be seen whole.
    """
    margin = EDGE * tile.side
    left = tile.left + margin if tile.left > 0 else -math.inf
    top = tile.top + margin if tile.top > 0 else -math.inf
    right = tile.right - margin if tile.right < width else math.inf
    bottom = tile.bottom - margin if tile.bottom < height else math.inf
    x1, y1, x2, y2 = boxes.T
    return np.asarray((x1 >= left) & (y1 >= top) & (x2 <= right) & (y2 <= bottom), bool)
