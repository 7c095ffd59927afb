"""A camera gives way a little, in the wind or under its own weight: pictures are laid on top.

Only a shift of a few pixels is put right; what moved further is another view.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from nigiwai_engine_api.types import Float32, UInt8

LARGEST_SIDE = 384  # pixels; larger pictures are halved until they fit
LEAST_SIDE = 32
LEAST_SHIFT = 0.5  # pixels; less is not worth moving
MOST_SHIFT = 0.02  # share of the longer side
LEAST_RESPONSE = 0.15  # how clearly one shift stands out, 0..1


def aligned(background: UInt8, frame: UInt8) -> UInt8:
    """Move the background to where the frame, of the same HxWx3, shows it; mostly nowhere."""
    height, width = frame.shape[:2]
    before, now = _grey(background), _grey(frame)
    size = (now.shape[1], now.shape[0])
    if min(size) < LEAST_SIDE:
        return background
    shift, response = cv2.phaseCorrelate(before, now, _window(size))
    across, down = shift[0] * width / size[0], shift[1] * height / size[1]
    distance = float(np.hypot(across, down))
    if response < LEAST_RESPONSE or not LEAST_SHIFT <= distance <= MOST_SHIFT * max(width, height):
        return background
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(background, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _grey(pixels: UInt8) -> Float32:
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    while max(grey.shape) > LARGEST_SIDE and min(grey.shape) > 1:
        half = (grey.shape[1] // 2, grey.shape[0] // 2)
        grey = cv2.resize(grey, half, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.float32)


@lru_cache(maxsize=8)
def _window(size: tuple[int, int]) -> Float32:
    """Let the borders fade, where a shifted picture has nothing to compare."""
    return np.asarray(cv2.createHanningWindow(size, cv2.CV_32F), np.float32)
