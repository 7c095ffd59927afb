"""Making a picture small, quickly."""

from __future__ import annotations

import cv2
import numpy as np
from nigiwai_engine_api.types import UInt8


def shrink(pixels: UInt8, width: int, height: int) -> UInt8:
    """Bring HxWx3 to ``height`` x ``width`` x 3; a smaller picture is enlarged.

    Whole halves are averaged first, which is quick and lets nothing flicker; the rest,
    less than a half, is interpolated.
    """
    while pixels.shape[1] >= 2 * width and pixels.shape[0] >= 2 * height:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, np.uint8)
