"""One opinion out of what the tiles show: seams are merged, and every tile has a voice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from nigiwai_detectors.boxes import Candidates, overlap, suppress
from nigiwai_engine_api.types import Float32

from nigiwai_engine_wide.tiles import Tile, whole_in

LEAST_SCORE = 0.18  # what no tile is surer of is left out at once
SAME_PERSON = 0.5  # share of the union from which two boxes are one person
PART_OF_PERSON = 0.7  # share of the smaller box from which it is a part of the larger one

# A tile's voice by how tall (pixels of the network's input of 416) the person is in it.
INPUT = 416
TALL = (20, 50, 200, 330)
VOICE = (0.0, 1.0, 1.0, 0.3)


class View(NamedTuple):
    """What one tile shows, its boxes in pixels of the frame."""

    tile: Tile
    found: Candidates


def merge(views: Sequence[View], width: int, height: int) -> Candidates:
    """Give each person once, best first, with the score that all tiles together support.

    Boxes that an inner edge of their tile cuts are dropped: tiles overlap, so the whole
    person is in another one. Of boxes that repeat each other the surest stays. Its score
    is halfway between its own and the mean of all tiles that should have seen it.
    """
    boxes, scores = [], []
    for tile, found in views:
        whole = whole_in(found.boxes, tile, width, height) & (found.scores >= LEAST_SCORE)
        boxes.append(found.boxes[whole])
        scores.append(found.scores[whole])
    merged = suppress(
        _best_first(np.concatenate(boxes), np.concatenate(scores)), SAME_PERSON, PART_OF_PERSON
    )
    supported = (merged.scores + _mean_score(merged.boxes, views, width, height)) / 2
    return _best_first(merged.boxes, supported.astype(np.float32))


def _mean_score(boxes: Float32, views: Sequence[View], width: int, height: int) -> Float32:
    """Each box's mean score over the tiles that hold it whole; 0 from one that misses it."""
    total = np.zeros(len(boxes), np.float32)
    voices = np.full(len(boxes), 1e-6, np.float32)
    tall = boxes[:, 3] - boxes[:, 1]
    for tile, found in views:
        voice = np.interp(tall * INPUT / tile.side, TALL, VOICE).astype(np.float32)
        voice *= whole_in(boxes, tile, width, height)
        voices += voice
        if len(found.boxes):
            union, _ = overlap(boxes, found.boxes)
            total += voice * np.where(union > SAME_PERSON, found.scores, 0).max(axis=1)
    return total / voices


def _best_first(boxes: Float32, scores: Float32) -> Candidates:
    order = np.argsort(-scores, kind="stable")
    return Candidates(boxes[order], scores[order])
