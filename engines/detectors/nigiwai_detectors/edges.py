"""Whether two pictures show the same view: light and shadows come and go, edges stay.

Looked at in blocks, so that people, who hide a part of the view, do not change the answer.
"""

from __future__ import annotations

import cv2
import numpy as np
from nigiwai_engine_api.types import Float32, UInt8

LARGEST_SIDE = 192  # pixels of the pictures that are looked at
LEAST_SIDE = 32  # pixels of a picture's shorter side; a smaller one is not judged
BLOCKS = (8, 6)  # across, down
LEAST_TEXTURE = 40.0  # mean squared Sobel gradient of a block that has edges
LEAST_BLOCKS = 8  # with edges; fewer tell nothing
ALIKE = 0.5  # correlation of a block's gradients from which it shows the same
WINDOW = (7, 7)  # pixels, for what is told pixel by pixel
SURELY_ALIKE = 0.7


def share_alike(now: UInt8, empty: UInt8) -> float | None:
    """Give the share (0..1) of the blocks with edges that show the same in both pictures.

    The pictures are HxWx3. None: they have too few edges to tell.
    """
    if min(now.shape[:2]) < LEAST_SIDE:
        return None
    both, of_now, of_empty = (
        cv2.resize(product, BLOCKS, interpolation=cv2.INTER_AREA)
        for product in _products(now, empty)
    )
    edged = of_empty >= LEAST_TEXTURE
    if edged.sum() < LEAST_BLOCKS:
        return None
    alike = both >= ALIKE * np.sqrt(of_now * of_empty)
    return float(alike[edged].mean())


def only_shaded(now: UInt8, empty: UInt8) -> UInt8:
    """Tell where both show the same edges, whatever the light: HxW, 1 there and 0 elsewhere."""
    both, of_now, of_empty = (cv2.blur(product, WINDOW) for product in _products(now, empty))
    alike = (both >= SURELY_ALIKE * np.sqrt(of_now * of_empty)) & (of_empty >= LEAST_TEXTURE)
    size = (now.shape[1], now.shape[0])
    whole = cv2.resize(alike.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(whole, np.uint8)


def _products(now: UInt8, empty: UInt8) -> tuple[Float32, Float32, Float32]:
    """Multiply the gradients pixel by pixel: both, the first by itself, the second by itself."""
    (across, down), (x, y) = _gradients(now), _gradients(empty)
    return across * x + down * y, across * across + down * down, x * x + y * y


def _gradients(pixels: UInt8) -> tuple[Float32, Float32]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    ratio = min(1.0, LARGEST_SIDE / max(grey.shape))
    size = (max(1, round(grey.shape[1] * ratio)), max(1, round(grey.shape[0] * ratio)))
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32)
    across, down = (cv2.Sobel(small, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    return np.asarray(across, np.float32), np.asarray(down, np.float32)
