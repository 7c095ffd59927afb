"""The detailed engine: what the detectors suggest, judged by each one's pose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from nigiwai_detectors import nanodet, ssdlite
from nigiwai_detectors.background import compare, explained, least_score
from nigiwai_detectors.boxes import Candidates, areas, at_least, suppress
from nigiwai_detectors.fuse import fuse
from nigiwai_detectors.weights import Model
from nigiwai_engine_api import Context, Frame, People
from nigiwai_engine_api.types import KEYPOINT_COUNT, Float32

from nigiwai_engine_detailed import movenet, options
from nigiwai_engine_detailed.cover import covered_up
from nigiwai_engine_detailed.judge import MOST_FOR, belonging, coincide, supported

# The score, moved by the pose, from which a find is a person, by detection level 1 to 5.
LEAST_SCORE = (0.60, 0.54, 0.47, 0.34, 0.24)
LEAST_SCORE_WITH_BACKGROUND = (0.52, 0.43, 0.34, 0.24, 0.16)
LOWEST = 0.15  # what the detectors are less sure of is not even looked at
SAME_PERSON = 0.55  # share of the union from which two boxes are one person
INSIDE = 0.9  # share of a box inside another from which it is a part of that person

MOST_POSES = 40  # bounds the time in a crowd: the largest boxes are looked at
MOST_SECOND_LOOKS = 10


class Find(NamedTuple):
    """Somebody: the box, its score as the pose leaves it, 17x3 key points.

    ``bare`` is the score that the detectors alone gave.
    """

    box: Float32
    bare: float
    score: float
    keypoints: Float32


class Suggestion(NamedTuple):
    """Whom the detectors suggest, the score that is enough, and what is to be remarked."""

    found: Candidates
    least: float
    remarks: tuple[str, ...]


class DetailedEngine:
    """Finds people and their poses; holds its networks and nothing of any frame."""

    def __init__(self, given: Mapping[str, object]) -> None:
        threads, pose = options.read(given)
        network = movenet.NETWORKS[pose]
        self._nanodet = Model(nanodet.WEIGHTS, threads)
        self._ssdlite = Model(ssdlite.WEIGHTS, threads)
        self._movenet = Model(network.weights, threads, movenet.DATA)
        self._side = network.side

    def warm_up(self) -> None:
        """Run all three networks once on an empty frame."""
        empty = Frame(np.zeros((48, 64, 3), np.uint8))
        self.find_people(empty, Context())
        movenet.find(self._movenet, self._side, empty, np.array([0, 0, 24, 48], np.float32))

    def find_people(self, frame: Frame, context: Context) -> People:
        """Find the people of one frame, best first; see ``Engine.find_people``.

        A higher level's finds include those of a lower one: the order of steps is the same
        for all, and the level only says how low in the list to go. Only in a crowd, where
        not everybody's pose is looked at, may a few differ.
        """
        found, least, remarks = self._suggested(frame, context)
        # Nobody whom even the best pose would not make sure enough.
        found = at_least(found, least - MOST_FOR)
        finds = self._parted(frame, self._judged(frame, found))
        return _people([find for find in finds if find.score >= least], remarks)

    def _suggested(self, frame: Frame, context: Context) -> Suggestion:
        """Return everybody the detectors suggest, and the score the level asks for."""
        found = fuse(
            nanodet.find(self._nanodet, frame),
            ssdlite.find(self._ssdlite, frame),
            frame.width,
            frame.height,
        )
        found = suppress(at_least(found, LOWEST), SAME_PERSON, INSIDE)
        alone = LEAST_SCORE[context.level - 1]
        mask, remarks = compare(frame, context.background)
        if mask is None:
            return Suggestion(found, alone, remarks)
        trusted = LEAST_SCORE_WITH_BACKGROUND[context.level - 1]
        least = least_score(found, mask, frame, trusted, alone)
        found = explained(found, mask, frame.width, frame.height)
        return Suggestion(found, least, remarks)

    def _judged(self, frame: Frame, found: Candidates) -> list[Find]:
        """Look at each one's pose; best first. Whoever is too many keeps the bare score."""
        looked_at = _largest(found.boxes, MOST_POSES)
        finds = [
            self._posed(frame, box, float(score))
            if looked_at[index]
            else Find(box, float(score), float(score), _no_pose(box))
            for index, (box, score) in enumerate(zip(found.boxes, found.scores, strict=True))
        ]
        return sorted(finds, key=lambda find: -find.score)

    def _posed(self, frame: Frame, box: Float32, bare: float) -> Find:
        keypoints = belonging(movenet.find(self._movenet, self._side, frame, box), box)
        return Find(box, bare, supported(bare, keypoints), keypoints)

    def _parted(self, frame: Frame, finds: list[Find]) -> list[Find]:
        """Give each pose to its best box alone; best first.

        A worse box that shows the pose of a better one is looked at again with that one
        covered up. Where somebody else is seen then, that is a person; else it was a double.
        """
        kept: list[Find] = []
        looks = 0
        for find in finds:
            same = [better for better in kept if _one_person(find, better)]
            if not same:
                kept.append(find)
            elif looks < MOST_SECOND_LOOKS:
                looks += 1
                covered = covered_up(frame, find.box, [better.box for better in same])
                again = self._posed(covered, find.box, find.bare)
                if not any(_one_person(again, better) for better in kept):
                    kept.append(again)
        return sorted(kept, key=lambda find: -find.score)


def _one_person(one: Find, other: Find) -> bool:
    return coincide(one.keypoints, other.keypoints, one.box, other.box)


def _largest(boxes: Float32, most: int) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(boxes), bool)
    chosen[np.argsort(-areas(boxes), kind="stable")[:most]] = True
    return chosen


def _no_pose(box: Float32) -> Float32:
    """Return 17 key points that nobody saw, in the middle of the box."""
    keypoints = np.zeros((KEYPOINT_COUNT, 3), np.float32)
    keypoints[:, :2] = (box[:2] + box[2:]) / 2
    return keypoints


def _people(finds: list[Find], remarks: tuple[str, ...]) -> People:
    return People(
        np.array([find.box for find in finds], np.float32).reshape(-1, 4),
        np.array([find.score for find in finds], np.float32),
        np.array([find.keypoints for find in finds], np.float32).reshape(-1, KEYPOINT_COUNT, 3),
        remarks=remarks,
    )
