"""Geometry of boxes: arrays in, new arrays out. A box is x1, y1, x2, y2 in pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from nigiwai_engine_api.types import Float32

SMALLEST_SIDE = 2.0  # pixels; smaller finds are noise
MOST_CANDIDATES = 400  # bounds the pairwise work in a crowd


class Candidates(NamedTuple):
    """What a detector suggests: ``boxes`` Nx4 and ``scores`` N (0..1), best first."""

    boxes: Float32
    scores: Float32


def overlap(first: Float32, second: Float32) -> tuple[Float32, Float32]:
    """Two NxM arrays for N and M boxes: intersection over union, and over the smaller box."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    area, other = areas(first)[:, None], areas(second)[None, :]
    union = np.maximum(area + other - shared, 1e-6)
    smaller = np.maximum(np.minimum(area, other), 1e-6)
    return shared / union, shared / smaller


def areas(boxes: Float32) -> Float32:
    """Measure the N areas, in square pixels."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return sides[:, 0] * sides[:, 1]


def candidates(boxes: Float32, scores: Float32, width: int, height: int) -> Candidates:
    """Clip to a frame of ``width`` x ``height``, drop specks, put the best first."""
    limits = np.array([width, height, width, height], np.float32)
    boxes = np.clip(boxes, 0, limits).astype(np.float32)
    large = (boxes[:, 2:] - boxes[:, :2] >= SMALLEST_SIDE).all(axis=1)
    boxes, scores = boxes[large], np.clip(scores[large], 0, 1).astype(np.float32)
    order = np.argsort(-scores, kind="stable")[:MOST_CANDIDATES]
    return Candidates(boxes[order], scores[order])


def suppress(found: Candidates, most_union: float, most_smaller: float = 1.0) -> Candidates:
    """Drop boxes that repeat a better one (non-maximum suppression).

    One repeats another when they share more than ``most_union`` of their union, or more
    than ``most_smaller`` of the smaller one: half a person inside a whole one.
    """
    union, smaller = overlap(found.boxes, found.boxes)
    repeats = (union > most_union) | (smaller > most_smaller)
    kept = np.zeros(len(found.boxes), bool)
    for index in range(len(kept)):
        kept[index] = not (repeats[index] & kept).any()
    return Candidates(found.boxes[kept], found.scores[kept])


def at_least(found: Candidates, score: float) -> Candidates:
    """Keep the finds of that score or more, in the same order."""
    enough = found.scores >= score
    return Candidates(found.boxes[enough], found.scores[enough])
