"""A camera gives way a little, in the wind or under its own weight: pictures are laid on top.

Only a shift of a few pixels is put right; what moved further is another view.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from nigiwai_engine_api.types import Float32, UInt8

LARGEST_SIDE = 384  # pixels of the grey pictures that are compared
LEAST_SIDE = 32
LEAST_SHIFT = 0.5  # pixels; less is not worth moving
MOST_SHIFT = 0.02  # share of the longer side
LEAST_RESPONSE = 0.15  # how clearly one shift stands out, 0..1


def aligned(background: UInt8, frame: UInt8) -> UInt8:
    """Move the background to where the frame, of the same HxWx3, shows it; mostly nowhere."""
    height, width = frame.shape[:2]
    scale = max(1.0, max(width, height) / LARGEST_SIDE)
    size = (round(width / scale), round(height / scale))
    if min(size) < LEAST_SIDE:
        return background
    shift, response = cv2.phaseCorrelate(_grey(background, size), _grey(frame, size), _window(size))
    across, down = shift[0] * scale, shift[1] * scale
    distance = float(np.hypot(across, down))
    if response < LEAST_RESPONSE or not LEAST_SHIFT <= distance <= MOST_SHIFT * max(width, height):
        return background
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(background, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _grey(pixels: UInt8, size: tuple[int, int]) -> Float32:
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)


@lru_cache(maxsize=8)
def _window(size: tuple[int, int]) -> Float32:
    """Let the borders fade, where a shifted picture has nothing to compare."""
    return np.asarray(cv2.createHanningWindow(size, cv2.CV_32F), np.float32)
