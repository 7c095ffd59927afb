"""How brightness and colour of a frame relate to those of its empty background.

Each channel of the frame is taken as gain x background + offset. People, shadows and
saturated pixels do not follow that line and are left out step by step.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from nigiwai_engine_api.types import Float32, UInt8

SAMPLES = 3000  # pixels that are looked at
STEPS = 4
DARK, BRIGHT = 5, 250  # levels at and beyond which a pixel may be cut off
LEAST_USED = 200  # pixels; fewer tell nothing
LEAST_SPREAD = 4.0  # levels; a background evener than that tells no gain
GAINS = (0.35, 2.8)  # beyond, too little is left to compare

INLIER = 2.5  # times the spread of the residuals
LEAST_INLIER = 6.0  # levels


class Exposure(NamedTuple):
    """Gain and offset (levels) of blue, green and red."""

    gain: Float32
    offset: Float32

    @property
    def contrast(self) -> float:
        """How much stronger a difference shows in the frame; within reason."""
        return float(np.clip(self.gain.mean(), 0.5, 1.6))

    def apply(self, background: UInt8) -> UInt8:
        """Show the background as it would look now, saturation and all."""
        levels = np.arange(256, dtype=np.float32)[:, None] * self.gain + self.offset
        table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)[None]
        return np.asarray(cv2.LUT(background, table), np.uint8)


def estimate(frame: UInt8, background: UInt8) -> Exposure | None:
    """Estimate it from two HxWx3 pictures; None when no plausible relation is found."""
    step = max(1, int(np.sqrt(frame.shape[0] * frame.shape[1] / SAMPLES)))
    now = frame[::step, ::step].reshape(-1, 3).astype(np.float32)
    empty = background[::step, ::step].reshape(-1, 3).astype(np.float32)
    lines = [_line(empty[:, channel], now[:, channel]) for channel in range(3)]
    gain, offset = np.array(lines, np.float32).T
    if (gain < GAINS[0]).any() or (gain > GAINS[1]).any():
        return None
    return Exposure(gain, offset)


def _line(empty: Float32, now: Float32) -> tuple[float, float]:
    """Fit now = gain x empty + offset, without what departs from it."""
    open_ = (now > DARK) & (now < BRIGHT) & (empty > DARK) & (empty < BRIGHT)
    if open_.sum() < LEAST_USED:
        return 1.0, 0.0
    empty, now = empty[open_], now[open_]
    used = np.ones(len(empty), bool)
    gain, offset = 1.0, 0.0
    for _ in range(STEPS):
        gain, offset = _least_squares(empty[used], now[used])
        residual = np.abs(now - gain * empty - offset)
        used = residual <= max(LEAST_INLIER, INLIER * 1.48 * float(np.median(residual)))
    return gain, offset


def _least_squares(empty: Float32, now: Float32) -> tuple[float, float]:
    mean, mean_now = float(empty.mean()), float(now.mean())
    variance = float(empty.var())
    if variance < LEAST_SPREAD**2:
        return 1.0, mean_now - mean
    gain = float(((empty - mean) * (now - mean_now)).mean()) / variance
    return gain, mean_now - gain * mean
