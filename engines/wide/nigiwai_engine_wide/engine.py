"""The wide-area engine: tiles at two scales, one opinion, checked by the perspective."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from nigiwai_detectors import nanodet, ssdlite
from nigiwai_detectors.background import compare, explained, least_score
from nigiwai_detectors.boxes import Candidates, at_least
from nigiwai_detectors.fuse import fuse
from nigiwai_detectors.options import read_options
from nigiwai_detectors.weights import Model
from nigiwai_engine_api import Context, Frame, People
from nigiwai_engine_api.types import Float32

from nigiwai_engine_wide import OPTIONS
from nigiwai_engine_wide.opinion import View, merge
from nigiwai_engine_wide.perspective import learn, weigh
from nigiwai_engine_wide.tiles import Tile, tiles

# Where few people are, a find must be sure. Many sure finds prove a crowd, and in a crowd
# a doubtful find of the right size is mostly a person who is half hidden.
SURE = 0.44
SURE_WITH_BACKGROUND = 0.3
ENOUGH_IN_CROWD = 0.21
FEW, MANY = 8, 20  # sure finds

HEAD = 0.08  # of a person's height, from the top of the box to the centre of the head
NARROWEST = 2.2  # a standing person is at least so many times as tall as wide


class WideEngine:
    """Finds people in wide scenes; holds its networks and nothing of any frame."""

    def __init__(self, options: Mapping[str, object]) -> None:
        values = read_options(options, OPTIONS)
        self._most_tiles = values["tiles"]
        self._nanodet = Model(nanodet.WEIGHTS, values["threads"])
        self._ssdlite = Model(ssdlite.WEIGHTS, values["threads"])

    def warm_up(self) -> None:
        """Run both networks once on an empty frame."""
        self.find_people(Frame(np.zeros((48, 64, 3), np.uint8)), Context())

    def find_people(self, frame: Frame, context: Context) -> People:
        """Find the people of one frame, best first; see ``Engine.find_people``."""
        parts = tiles(frame.width, frame.height, self._most_tiles)
        views = [View(tile, self._look(frame, tile)) for tile in parts]
        found = merge(views, frame.width, frame.height)
        mask, remarks = compare(frame, context.background)
        sure = SURE
        if mask is not None:
            sure = least_score(found, mask, frame, SURE_WITH_BACKGROUND, SURE)
            found = explained(found, mask, frame.width, frame.height)
        found = sift(found, frame.height, sure)
        return People(
            found.boxes,
            found.scores,
            heads=heads(found.boxes, frame.height),
            remarks=remarks,
        )

    def _look(self, frame: Frame, tile: Tile) -> Candidates:
        part = Frame(frame.pixels[tile.top : tile.bottom, tile.left : tile.right])
        found = fuse(
            nanodet.find(self._nanodet, part),
            ssdlite.find(self._ssdlite, part),
            part.width,
            part.height,
        )
        corner = np.array([tile.left, tile.top] * 2, np.float32)
        return Candidates(found.boxes + corner, found.scores)


def sift(found: Candidates, height: int, sure: float) -> Candidates:
    """Keep the sure finds, and the more of the doubtful ones the more sure ones there are."""
    proven = at_least(found, sure)
    line = learn(proven.boxes, height)
    if line is not None:
        found = weigh(found, line, height)
    enough = np.interp(len(proven.boxes), (FEW, MANY), (sure, min(sure, ENOUGH_IN_CROWD)))
    return at_least(found, float(enough))


def heads(boxes: Float32, height: int) -> Float32:
    """Estimate the Nx2 centres of the heads; whom the lower edge cuts is taller than seen."""
    x1, y1, x2, y2 = boxes.T
    cut = y2 >= height - 2
    tall = np.where(cut, np.maximum(y2 - y1, NARROWEST * (x2 - x1)), y2 - y1)
    return np.stack([(x1 + x2) / 2, np.minimum(y1 + HEAD * tall, y2)], axis=1).astype(np.float32)
