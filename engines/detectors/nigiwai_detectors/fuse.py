"""One opinion out of two detectors' opinions."""

from __future__ import annotations

import numpy as np
from nigiwai_engine_api.types import Float32

from nigiwai_detectors.boxes import Candidates, areas, overlap, suppress

SAME_DETECTOR = 0.5  # share of the union from which two boxes are one find of a detector
SAME_PERSON = 0.4  # share of the union from which two detectors mean one person

# SSDLite's voice beside NanoDet's 1. It hardly sees people whose size (the root of the
# share of the frame that they fill) is small, so there its silence says little.
LEAST_VOICE, MOST_VOICE = 0.1, 0.4
SMALL, LARGE = 0.08, 0.25


def fuse(nanodet: Candidates, ssdlite: Candidates, width: int, height: int) -> Candidates:
    """Give every box of either the weighted mean of both scores, best first.

    A detector that does not see a person gives the score 0. Where both do, NanoDet's box
    is taken: it is the closer one.
    """
    first, second = suppress(nanodet, SAME_DETECTOR), suppress(ssdlite, SAME_DETECTOR)
    partner = _partners(first, second)
    voice = _voice(first.boxes, width * height)
    matched = partner >= 0

    scores = first.scores / (1 + voice)
    scores[matched] += (voice / (1 + voice))[matched] * second.scores[partner[matched]]

    alone = np.setdiff1d(np.arange(len(second.boxes)), partner[matched])
    lone_voice = _voice(second.boxes[alone], width * height)
    boxes = np.concatenate([first.boxes, second.boxes[alone]])
    scores = np.concatenate([scores, lone_voice / (1 + lone_voice) * second.scores[alone]])
    order = np.argsort(-scores, kind="stable")
    return Candidates(boxes[order].astype(np.float32), scores[order].astype(np.float32))


def _partners(first: Candidates, second: Candidates) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """For each of ``first``, best first, the index of its own box in ``second``, or -1."""
    union, _ = overlap(first.boxes, second.boxes)
    partner = np.full(len(first.boxes), -1)
    if not union.size:
        return partner
    for index, row in enumerate(union):
        best = int(row.argmax())
        if row[best] > SAME_PERSON:
            partner[index] = best
            union[:, best] = 0
    return partner


def _voice(boxes: Float32, frame_area: int) -> Float32:
    size = np.sqrt(areas(boxes) / frame_area)
    return np.interp(size, (SMALL, LARGE), (LEAST_VOICE, MOST_VOICE)).astype(np.float32)
