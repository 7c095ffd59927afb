"""The standard engine: two detectors, one opinion, checked against the background."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from nigiwai_engine_api import Context, EngineUnusable, Frame, People

from nigiwai_engine_standard import nanodet, ssdlite
from nigiwai_engine_standard.background import changes, explained
from nigiwai_engine_standard.boxes import Candidates, suppress
from nigiwai_engine_standard.fuse import fuse
from nigiwai_engine_standard.weights import Model

LEAST_SCORE = 0.44  # without a background the detectors alone must be sure
LEAST_SCORE_WITH_BACKGROUND = 0.25
SAME_PERSON = 0.55  # share of the union from which two boxes are one person
INSIDE = 0.9  # share of a box inside another from which it is a part of that person
MOST_THREADS = 64


class StandardEngine:
    """Finds whole people; holds its networks and nothing of any frame."""

    def __init__(self, options: Mapping[str, object]) -> None:
        threads = _threads(options)
        self._nanodet = Model(nanodet.WEIGHTS, threads)
        self._ssdlite = Model(ssdlite.WEIGHTS, threads)

    def warm_up(self) -> None:
        """Run both networks once on an empty frame."""
        self.find_people(Frame(np.zeros((48, 64, 3), np.uint8)), Context())

    def find_people(self, frame: Frame, context: Context) -> People:
        """Find the people of one frame, best first; see ``Engine.find_people``."""
        found = fuse(
            nanodet.find(self._nanodet, frame),
            ssdlite.find(self._ssdlite, frame),
            frame.width,
            frame.height,
        )
        mask = changes(frame, context.background)
        if mask is None:
            found = suppress(_at_least(found, LEAST_SCORE), SAME_PERSON, INSIDE)
        else:
            found = _at_least(found, LEAST_SCORE_WITH_BACKGROUND)
            found = suppress(found, SAME_PERSON, INSIDE)
            found = explained(found, mask, frame.width, frame.height)
        return People(found.boxes, found.scores)


def _at_least(found: Candidates, score: float) -> Candidates:
    enough = found.scores >= score
    return Candidates(found.boxes[enough], found.scores[enough])


def _threads(options: Mapping[str, object]) -> int:
    unknown = sorted(set(options) - {"threads"})
    if unknown:
        raise EngineUnusable(f"it has no option {', '.join(unknown)}; its one option is threads")
    threads = options.get("threads", 1)
    if not isinstance(threads, int) or threads is True or not 1 <= threads <= MOST_THREADS:
        raise EngineUnusable(
            f"its option threads is {threads!r}; it is a whole number from 1 to {MOST_THREADS}"
        )
    return threads
