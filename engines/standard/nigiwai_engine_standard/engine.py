"""The standard engine: two detectors, one opinion, checked against the background."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from nigiwai_detectors import nanodet, ssdlite
from nigiwai_detectors.background import compare, explained, least_score
from nigiwai_detectors.boxes import at_least, suppress
from nigiwai_detectors.fuse import fuse
from nigiwai_detectors.options import THREADS, read_options
from nigiwai_detectors.weights import Model
from nigiwai_engine_api import Context, Frame, People

LEAST_SCORE = 0.44  # without a background the detectors alone must be sure
LEAST_SCORE_WITH_BACKGROUND = 0.2
SAME_PERSON = 0.55  # share of the union from which two boxes are one person
INSIDE = 0.9  # share of a box inside another from which it is a part of that person
OPTIONS = {"threads": THREADS}


class StandardEngine:
    """Finds whole people; holds its networks and nothing of any frame."""

    def __init__(self, options: Mapping[str, object]) -> None:
        threads = read_options(options, OPTIONS)["threads"]
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
        mask, remarks = compare(frame, context.background)
        if mask is None:
            found = suppress(at_least(found, LEAST_SCORE), SAME_PERSON, INSIDE)
        else:
            least = least_score(found, mask, frame, LEAST_SCORE_WITH_BACKGROUND, LEAST_SCORE)
            found = at_least(found, least)
            found = suppress(found, SAME_PERSON, INSIDE)
            found = explained(found, mask, frame.width, frame.height)
        return People(found.boxes, found.scores, remarks=remarks)
