"""How tall a person is at each height of the picture, learnt from the picture itself.

On level ground a person's height grows linearly with the height of the feet in the
picture. The sure finds tell that line; it judges all others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from nigiwai_detectors.boxes import Candidates
from nigiwai_engine_api.types import Float32

LEAST_PEOPLE = 6  # fewer tell nothing about the line
LEAST_APART = 0.04  # share of the frame's height by which a pair's feet differ to tell a slope
LEAST_PAIRS = 4
LEAST_TALL = 4.0  # pixels; wherever the line falls, nobody is expected smaller

# A person's height as a share of what the line expects there.
ABSURD = (0.45, 1.9)  # beyond: no person
ODD = (0.7, 1.5)  # beyond: a child, somebody half hidden, or an error
ODD_COSTS = 0.1  # of the score


class Perspective(NamedTuple):
    """Expected height in pixels = ``slope`` x foot + ``offset``; foot is the lower edge."""

    slope: float
    offset: float

    def expected(self, foot: Float32) -> Float32:
        """The N heights in pixels that people whose feet are there should have."""
        tall = np.maximum(self.slope * foot + self.offset, LEAST_TALL)
        return np.asarray(tall, np.float32)


def learn(boxes: Float32, height: int) -> Perspective | None:
    """Fit the line to Nx4 boxes of sure people in a frame of that height; None if too few.

    Medians over pairs (Theil and Sen): up to a quarter of the boxes may be wrong. People
    whom the lower edge of the frame cuts are left out; a falling line is taken as level.
    """
    boxes = boxes[boxes[:, 3] < height - 2]
    if len(boxes) < LEAST_PEOPLE:
        return None
    foot, tall = boxes[:, 3], boxes[:, 3] - boxes[:, 1]
    first, second = np.triu_indices(len(boxes), 1)
    apart = foot[second] - foot[first]
    useful = np.abs(apart) > LEAST_APART * height
    slope = 0.0
    if useful.sum() >= LEAST_PAIRS:
        rises = (tall[second] - tall[first])[useful] / apart[useful]
        slope = max(0.0, float(np.median(rises)))
    return Perspective(slope, float(np.median(tall - slope * foot)))


def weigh(found: Candidates, line: Perspective, height: int) -> Candidates:
    """Lower the scores of odd sizes, and to 0 those of absurd ones; the order stays."""
    share = (found.boxes[:, 3] - found.boxes[:, 1]) / line.expected(found.boxes[:, 3])
    cut = found.boxes[:, 3] >= height - 2  # how tall they are is not known
    scores = np.where(_beyond(share, ODD, cut), found.scores - ODD_COSTS, found.scores)
    scores = np.where(_beyond(share, ABSURD, cut), 0, scores)
    return Candidates(found.boxes, np.clip(scores, 0, 1).astype(np.float32))


def _beyond(
    share: Float32, limits: tuple[float, float], cut: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    small, large = limits
    return np.asarray(((share < small) & ~cut) | (share > large), bool)
