"""What a pose tells about the box it was found in."""

from __future__ import annotations

import numpy as np
from nigiwai_engine_api.types import Float32

BEST_POINTS = 8  # half a body: nobody loses for legs behind a counter
USUAL = 0.45  # mean score of the best points from which a pose speaks for its box
MOST_FOR, MOST_AGAINST = 0.16, 0.20  # how far a pose moves the score of its box

REACH = 0.35  # of the box's mean side: a key point so far outside the box counts for nothing
NEVER_MEANT = 0.1  # of the box's mean side by which arms and feet stick out of any box

BODY = slice(5, 17)  # shoulders to ankles, in COCO order
SAME_POSE = 0.12  # of the smaller box's mean side, as the mean distance of their points


def belonging(keypoints: Float32, box: Float32) -> Float32:
    """Lower the scores of key points outside the box, to 0 where they are another person's."""
    low, high = box[:2], box[2:]
    places = keypoints[:, :2]
    outside = np.maximum(np.maximum(low - places, places - high), 0).max(axis=1)
    far = (outside / _side(box) - NEVER_MEANT) / (REACH - NEVER_MEANT)
    kept = keypoints.copy()
    kept[:, 2] *= 1 - np.clip(far, 0, 1)
    return kept


def supported(score: float, keypoints: Float32) -> float:
    """Return a box's score as its pose, scored by ``belonging``, leaves it: 0..1."""
    best = float(np.sort(keypoints[:, 2])[-BEST_POINTS:].mean())
    change = min(max(best - USUAL, -MOST_AGAINST), MOST_FOR)
    return min(max(score + change, 0.0), 1.0)


def coincide(one: Float32, other: Float32, box: Float32, other_box: Float32) -> bool:
    """Whether two poses are of one person: weighted by both scores, their points meet."""
    weights = np.minimum(one[BODY, 2], other[BODY, 2])
    if weights.sum() < 1.0:
        return False
    apart = np.hypot(*(one[BODY, :2] - other[BODY, :2]).T)
    return bool(apart @ weights / weights.sum() < SAME_POSE * min(_side(box), _side(other_box)))


def _side(box: Float32) -> float:
    return float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 1.0)))
