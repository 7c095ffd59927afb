"""What the registered background tells: nobody is where nothing has changed.

That makes a low score threshold affordable: of what the detectors are unsure about, only
that is kept which stands on changed pixels no surer find explains.

Light, exposure, colour and the camera's exact view change between the day the background
was taken and now; they are estimated and put into the background before the comparison.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from nigiwai_engine_api import Frame
from nigiwai_engine_api.types import Float32, UInt8

from nigiwai_detectors.alignment import aligned
from nigiwai_detectors.boxes import Candidates
from nigiwai_detectors.edges import only_shaded, share_alike
from nigiwai_detectors.exposure import estimate
from nigiwai_detectors.sharpness import blurred_alike

UNLIKE = "background-unlike"  # the remark of ``People`` for a background that is not used

CHANGED = 20  # levels of 255 by which a pixel differs, in any channel, after a 5x5 blur
NEIGHBOURS = np.ones((3, 3), np.uint8)
LARGEST_SIDE = 960  # pixels; a larger pair of pictures is halved first, until it fits
PERHAPS_MOVED = 0.025  # share of the frame that changed; from it a shift is looked for
PERHAPS_SHADED = 0.25  # share of the frame that changed; from it shadows are looked for
MOST_CHANGED = 0.5  # share of the frame; beyond it the view changed, unless its edges did not
LEAST_ALIKE = 0.35  # share of the view's blocks that show the same edges; fewer: another view
SAME_VIEW = 0.6  # share of them from which it is surely the same view

LEAST_OF_BOX = 0.12  # share of a person's box that must have changed
SURE = 0.42  # score from which a find needs no pixels of its own
LEAST_OWN = 0.2  # share of an unsure find's box that changed and is in no surer box

# A background that shows much change where nobody likely is (a shadow, a camera that gave
# way) is a poor witness: the more of that, the less it lowers the score that is needed.
LIKELY = 0.3  # score from which a find may explain what changed
GOOD_WITNESS, POOR_WITNESS = 0.01, 0.04  # share of the frame that changed unexplained


class Comparison(NamedTuple):
    """``mask`` is 1 where frame and background differ, at a reduced size; None: no use."""

    mask: UInt8 | None
    remarks: tuple[str, ...] = ()


def compare(frame: Frame, background: Frame | None) -> Comparison:
    """Tell where the frame differs from the background.

    There is no mask without a background or for one of another size; nor, with the remark
    ``background-unlike``, for one that does not resemble the frame: another view, or a
    light that has changed beyond comparing.
    """
    if background is None or background.pixels.shape != frame.pixels.shape:
        return Comparison(None)
    now, empty = blurred_alike(_reduce(frame.pixels), _reduce(background.pixels))
    exposure = estimate(now, empty)
    if exposure is None:
        return Comparison(None, (UNLIKE,))
    empty, least = exposure.apply(empty), CHANGED * exposure.contrast
    mask = _differing(now, empty, least)
    if cv2.countNonZero(mask) <= PERHAPS_MOVED * mask.size:
        return Comparison(mask)
    empty = aligned(empty, now)
    mask = _differing(now, empty, least)
    share, alike = cv2.countNonZero(mask) / mask.size, share_alike(now, empty)
    if alike is not None and share > PERHAPS_MOVED and alike < LEAST_ALIKE:
        return Comparison(None, (UNLIKE,))
    if share > PERHAPS_SHADED and alike is not None and alike >= SAME_VIEW:
        mask[only_shaded(now, empty) > 0] = 0
    elif share > MOST_CHANGED:
        return Comparison(None, (UNLIKE,))
    return Comparison(mask)


def changes(frame: Frame, background: Frame | None) -> UInt8 | None:
    """Give the mask of ``compare`` alone."""
    return compare(frame, background).mask


def _differing(now: UInt8, empty: UInt8, least: float) -> UInt8:
    """Compare each pixel with the range of its neighbours in the background.

    Edges wander a little: the camera trembles, and compression smears strong colours.
    """
    lighter = cv2.subtract(now, cv2.dilate(empty, NEIGHBOURS))
    darker = cv2.subtract(cv2.erode(empty, NEIGHBOURS), now)
    blue, green, red = cv2.split(cv2.blur(cv2.max(lighter, darker), (5, 5)))
    largest = cv2.max(cv2.max(blue, green), red)
    _, mask = cv2.threshold(largest, least, 1, cv2.THRESH_BINARY)
    return np.asarray(mask, np.uint8)


def least_score(
    found: Candidates, mask: UInt8, frame: Frame, trusted: float, alone: float
) -> float:
    """Say what score is enough: ``trusted`` beside a good witness, ``alone`` beside a poor one."""
    open_ = mask.copy()
    likely = found.boxes[found.scores >= LIKELY]
    for x1, y1, x2, y2 in _in_mask(likely, mask, frame.width, frame.height).astype(int):
        open_[y1:y2, x1:x2] = 0
    share = cv2.countNonZero(open_) / open_.size
    return float(np.interp(share, (GOOD_WITNESS, POOR_WITNESS), (trusted, alone)))


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
