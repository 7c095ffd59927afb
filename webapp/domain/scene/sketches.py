"""Of a capture what the next one is compared with: one bit a coarse cell.

On a coarse grid a sketch says which way it gets brighter.
"""

from __future__ import annotations

import base64
import binascii

import cv2
import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32

from webapp.domain.scene.edges import Flags

MOST_SKETCH = 400  # characters
_CELL = 6  # pixels of a sketch's cell
_PLAIN = 3.0  # levels from one cell to the next from which the direction counts
_LEAST_CELLS = 24
_FROZEN = 0.9  # share of the cells that show the same direction in two sketches


def sketch_of(small: Float32, where: Flags) -> str:
    """On a coarse grid, whether the next cell is brighter (1), darker (2), or neither (0)."""
    height, width = small.shape
    size = (width // _CELL, height // _CELL)
    coarse = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    step = np.diff(coarse, axis=1, append=coarse[:, -1:])
    here = cv2.resize(where.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    cells = np.where(step >= _PLAIN, 1, np.where(step <= -_PLAIN, 2, 0)).astype(np.uint8)
    cells[~here] = 0
    bits = np.packbits(np.stack([cells == 1, cells == 2]))
    return base64.b64encode(bits.tobytes()).decode()


def is_still_there(sketch: str, before: str) -> bool:
    """Whether two sketches show the same, so that it is no crowd; False for what is none."""
    first, second = _read_sketch(sketch), _read_sketch(before)
    if first is None or second is None or first.shape != second.shape:
        return False
    counting = (first != 0) & (second != 0)
    either = (first != 0) | (second != 0)
    if counting.sum() < _LEAST_CELLS or counting.sum() < _FROZEN * 0.9 * either.sum():
        return False
    return bool((first == second)[counting].mean() >= _FROZEN)


def _read_sketch(sketch: str) -> npt.NDArray[np.int8] | None:
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(sketch, validate=True), np.uint8))
    except (ValueError, binascii.Error):
        return None
    half = len(bits) // 2
    if not half:
        return None
    return (bits[:half].astype(np.int8)) - bits[half : 2 * half].astype(np.int8)
