"""What the registered background tells: nobody is where nothing has changed.

That makes a low score threshold affordable: of what the detectors are unsure about, only
that is kept which stands on changed pixels no surer find explains.
"""

from __future__ import annotations

import cv2
import numpy as np
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from nigiwai_detectors.boxes import Candidates

CHANGED = 24  # levels of 255 by which a pixel differs, in any channel, after a 5x5 blur
LARGEST_SIDE = 960  # pixels; a larger pair of pictures is halved first, until it fits
MOST_CHANGED = 0.5  # share of the frame; beyond it light or view changed, not people

LEAST_OF_BOX = 0.12  # share of a person's box that must have changed
SURE = 0.45  # score from which a find needs no pixels of its own
LEAST_OWN = 0.2  # share of an unsure find's box that changed and is in no surer box


def changes(frame: Frame, background: Frame | None) -> UInt8 | None:
    """1 where the frame differs from the background, else 0, at a reduced size.

    None when the background cannot be used: there is none, it has another size, or most
    of the frame differs from it.
    """
    if background is None or background.pixels.shape != frame.pixels.shape:
        return None
    difference = cv2.absdiff(_reduce(frame.pixels), _reduce(background.pixels))
    blue, green, red = cv2.split(cv2.blur(difference, (5, 5)))
    largest = cv2.max(cv2.max(blue, green), red)
    _, mask = cv2.threshold(largest, CHANGED, 1, cv2.THRESH_BINARY)
    if cv2.countNonZero(mask) > MOST_CHANGED * mask.size:
        return None
    return np.asarray(mask, np.uint8)


def explained(found: Candidates, mask: UInt8, width: int, height: int) -> Candidates:
    """Keep the finds, best first, that stand on changed pixels of a frame of this size."""
    unclaimed = mask.copy()
    kept = np.zeros(len(found.boxes), bool)
    for index, box in enumerate(_in_mask(found.boxes, mask, width, height)):
        x1, y1, x2, y2 = (int(value) for value in box)
        area = (x2 - x1) * (y2 - y1)
        changed = cv2.countNonZero(mask[y1:y2, x1:x2])
        own = cv2.countNonZero(unclaimed[y1:y2, x1:x2])
        sure = found.scores[index] >= SURE or own >= LEAST_OWN * area
        kept[index] = sure and changed >= LEAST_OF_BOX * area
        if kept[index]:
            unclaimed[y1:y2, x1:x2] = 0
    return Candidates(found.boxes[kept], found.scores[kept])


def _reduce(pixels: UInt8) -> UInt8:
    while max(pixels.shape[:2]) > LARGEST_SIDE and min(pixels.shape[:2]) > 1:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
    return pixels


def _in_mask(boxes: Float32, mask: UInt8, width: int, height: int) -> Float32:
    """Bring boxes to whole pixels of the mask, each at least one pixel large."""
    rows, columns = mask.shape
    scale = np.array([columns / width, rows / height] * 2, np.float32)
    whole = np.rint(boxes * scale)
    whole[:, :2] = np.minimum(whole[:, :2], (columns - 1, rows - 1))
    whole[:, 2:] = np.maximum(whole[:, 2:], whole[:, :2] + 1)
    return np.asarray(whole, np.float32)
