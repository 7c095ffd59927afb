"""Covering one person up, so that another one close by can be looked at alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32

GREY = 128


def covered_up(frame: Frame, box: Float32, others: Sequence[Float32]) -> Frame:
    """Return the frame with those parts of the other boxes grey that are nearer to them.

    The border lies half-way between the middles, beside or above each other.
    """
    pixels = frame.pixels.copy()
    for other in others:
        x1, y1, x2, y2 = (round(float(value)) for value in other)
        away = (other[:2] + other[2:] - box[:2] - box[2:]) / 2
        border_x, border_y = np.rint((box[:2] + box[2:]) / 2 + away / 2).astype(int).tolist()
        if abs(away[0]) * 2 >= abs(away[1]):  # people are taller than wide
            x1, x2 = (max(x1, border_x), x2) if away[0] > 0 else (x1, min(x2, border_x))
        else:
            y1, y2 = (max(y1, border_y), y2) if away[1] > 0 else (y1, min(y2, border_y))
        pixels[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = GREY
    return Frame(pixels)
