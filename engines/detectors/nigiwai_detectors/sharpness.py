"""A background that was blurred on purpose is compared with the frame blurred alike."""

from __future__ import annotations

import cv2
import numpy as np
from nigiwai_engine_api.types import UInt8

BLURRED = 0.6  # share of the frame's sharpness below which the background was blurred
STRENGTHS = (1.5, 2.5, 4.0, 6.0, 9.0, 13.0)  # standard deviations, pixels
EDGES = 90  # the percentile of the gradients that tells how sharp edges are
ROWS = 60  # that are looked at
GREEN = 1


def blurred_alike(frame: UInt8, background: UInt8) -> tuple[UInt8, UInt8]:
    """Blur the frame as much as the background seems to be; most are not, and stay."""
    aim = _sharpness(background)
    if aim >= BLURRED * _sharpness(frame):
        return frame, background
    blurred = frame
    for strength in STRENGTHS:
        blurred = np.asarray(cv2.GaussianBlur(frame, (0, 0), strength), np.uint8)
        if _sharpness(blurred) <= aim:
            break
    return blurred, background


def _sharpness(pixels: UInt8) -> float:
    """Measure how steep the steepest tenth of some rows is, relative to their contrast."""
    rows = pixels[:: max(1, pixels.shape[0] // ROWS), :, GREEN].astype(np.int16)
    steep = np.abs(rows[:, 2:] - rows[:, :-2])
    if not steep.size:
        return 0.0
    at = steep.size * EDGES // 100
    return float(np.partition(steep.ravel(), at)[at]) / max(1.0, float(rows.std()))
