"""The pose pictogram: a figure whose limbs follow a person's 17 key points.

It keeps the proportions of the standing figure (a round head apart from one body, limbs
of one weight). What is hidden is filled in: an arm or leg that was not seen hangs straight
down, hips behind a desk stand under the shoulders. Lengths are whole sixteenths of a pixel,
as in ``pictograms``. A ``Pose`` holds what the figure shows and nothing else of the person.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from webapp.domain.pictograms import SUB, Disc, Piece, Rect

Point = tuple[int, int]
Pair = tuple[Point, Point]

SEEN = 0.2  # a key point with a lower score is taken as not seen

# COCO order.
_FACE, _EARS = range(5), (3, 4)
_SHOULDERS, _ELBOWS, _WRISTS = (5, 6), (7, 8), (9, 10)
_HIPS, _KNEES, _ANKLES = (11, 12), (13, 14), (15, 16)

# In thousandths of the person's standing height. A limb starts as thick as the trunk's
# corner, so that no outline has a kink there.
_HEAD, _NECK_GAP = 80, 22
_SHOULDER, _UPPER_ARM, _FOREARM, _HAND = 46, 41, 35, 32
_HIP, _KNEE, _FOOT = 47, 43, 38
_ARM_LENGTH, _LEG_LENGTH, _TORSO_LENGTH = 165, 235, 300
_CROTCH, _CROTCH_DROP = 30, 34
# Whoever is seen from the side has a trunk all the same: least distances of its corners.
_LEAST_SHOULDERS, _LEAST_HIPS = 66, 36
_SHOULDERS_APART, _FACE_AWAY = 250, 150  # what tells the height when no hip is seen

_HIPS_OF_SHOULDERS = 60  # per cent: how far hips are apart, when shoulders are


class Pose(NamedTuple):
    """The joints of one figure, left before right, and its standing height: the weight of line."""

    height: int
    head: Point
    shoulders: Pair
    elbows: Pair
    wrists: Pair
    hips: Pair
    knees: Pair
    ankles: Pair

    def disc(self, place: Point, thousandths: int) -> Disc:
        """A disc at a joint, its radius in thousandths of the height."""
        return Disc(place[0], place[1], _share(thousandths, self.height))


def pose_of(keypoints: npt.NDArray[np.float32], box: Rect) -> Pose | None:
    """Return the pose of a person's figure.

    ``keypoints`` is 17x3 (x, y in pixels, score 0..1; COCO order), ``box`` the person's.
    None when too little of the trunk is seen: there is no pose to draw then.
    """
    points = _seen_points(keypoints, box)
    trunk = _trunk(points)
    if trunk is None:
        return None
    shoulders, hips = trunk
    height = _standing_height(shoulders, hips, box)
    arms, legs = _share(_ARM_LENGTH, height), _share(_LEG_LENGTH, height)
    return Pose(
        height,
        _head(points, shoulders, hips, height),
        shoulders,
        *_limbs(points, shoulders, _ELBOWS, _WRISTS, arms),
        hips,
        *_limbs(points, hips, _KNEES, _ANKLES, legs),
    )


def pieces_of(pose: Pose) -> tuple[list[Piece], int]:
    """Return the pieces of the figure and the standing height it is drawn for, in pixels."""
    head = Piece((pose.disc(pose.head, _HEAD),), parts=True)
    pieces = [*_legs(pose), _pelvis(pose), _torso(pose), *_arms(pose), head]
    return pieces, max(1, pose.height // SUB)


def _share(thousandths: int, height: int) -> int:
    return (thousandths * height + 500) // 1000


def _seen_points(keypoints: npt.NDArray[np.float32], box: Rect) -> dict[int, Point]:
    """Round the seen points; one far outside the person's box is not believed."""
    wide, tall = (box.right - box.left) // 2 + 2, (box.bottom - box.top) // 4 + 2
    seen = {}
    for index, (x, y, score) in enumerate(keypoints.tolist()):
        across = box.left - wide <= x <= box.right + wide
        if score >= SEEN and across and box.top - tall <= y <= box.bottom + tall:
            seen[index] = (round(x * SUB), round(y * SUB))
    return seen


def _trunk(points: dict[int, Point]) -> tuple[Pair, Pair] | None:
    """Return shoulders and hips; of each pair one may be hidden, and both hips may."""
    shoulders = [points.get(index) for index in _SHOULDERS]
    hips = [points.get(index) for index in _HIPS]
    if not any(shoulders):
        return None
    if not any(hips):
        return _bust(points, shoulders[0], shoulders[1])
    whole = _pair(shoulders, _way(hips), 100 * 100 // _HIPS_OF_SHOULDERS)
    return whole, _pair(hips, _way(shoulders), _HIPS_OF_SHOULDERS)


def _bust(
    points: dict[int, Point], left: Point | None, right: Point | None
) -> tuple[Pair, Pair] | None:
    """Put hips under two shoulders, as far below as shoulders and face tell."""
    if left is None or right is None:
        return None
    neck, face = _middle(left, right), _face(points)
    height = _distance(left, right) * 1000 // _SHOULDERS_APART
    if face is not None:
        height = max(height, _distance(neck, face) * 1000 // _FACE_AWAY)
    waist = _add(neck, (0, height * _TORSO_LENGTH // 1000))
    way = _scaled((right[0] - left[0], right[1] - left[1]), _HIPS_OF_SHOULDERS)
    start = waist[0] - way[0] // 2, waist[1] - way[1] // 2
    return (left, right), (start, _add(start, way))


def _pair(pair: list[Point | None], other_way: Point, per_cent: int) -> Pair:
    """Return both points; a hidden one lies as the other pair does."""
    left, right = pair
    way = _scaled(other_way, per_cent)
    if left is not None:
        return left, right or _add(left, way)
    assert right is not None
    return _add(right, (-way[0], -way[1])), right


def _way(pair: list[Point | None]) -> Point:
    """Return the way from the left to the right point; none when one is hidden."""
    left, right = pair
    return (0, 0) if left is None or right is None else (right[0] - left[0], right[1] - left[1])


def _standing_height(shoulders: Pair, hips: Pair, box: Rect) -> int:
    """Tell from the trunk how tall the person would stand; somebody sits, or the edge cuts."""
    trunk = _distance(_middle(*shoulders), _middle(*hips)) * 1000 // _TORSO_LENGTH
    tall = max(box.bottom - box.top, 8) * SUB
    return min(max(trunk, tall * 4 // 5), tall * 12 // 5)


def _torso(pose: Pose) -> Piece:
    neck, waist = _middle(*pose.shoulders), _middle(*pose.hips)
    shoulders = _broad(pose.shoulders, neck, waist, _share(_LEAST_SHOULDERS, pose.height))
    hips = _broad(pose.hips, neck, waist, _share(_LEAST_HIPS, pose.height))
    return Piece(
        (
            *(pose.disc(place, _SHOULDER) for place in shoulders),
            *(pose.disc(place, _HIP) for place in hips),
        )
    )


def _pelvis(pose: Pose) -> Piece:
    """Join the legs a little below the hips, where only a pinhole would be left."""
    neck, waist = _middle(*pose.shoulders), _middle(*pose.hips)
    crotch = _add(waist, _towards(neck, waist, _share(_CROTCH_DROP, pose.height)))
    return Piece((*(pose.disc(hip, _HIP) for hip in pose.hips), pose.disc(crotch, _CROTCH)))


def _broad(pair: Pair, neck: Point, waist: Point, least: int) -> Pair:
    """Move both points apart, across the trunk, when they are closer than ``least``."""
    if _distance(*pair) >= least:
        return pair
    x, y = _towards(neck, waist, least // 2)
    middle = _middle(*pair)
    return (middle[0] + y, middle[1] - x), (middle[0] - y, middle[1] + x)


def _legs(pose: Pose) -> list[Piece]:
    pieces = []
    for hip, knee, ankle in zip(pose.hips, pose.knees, pose.ankles, strict=True):
        thigh = Piece((pose.disc(hip, _HIP), pose.disc(knee, _KNEE)))
        shin = (pose.disc(knee, _KNEE), pose.disc(ankle, _FOOT))
        # The gap parts crossing legs; the thigh once more closes it at the leg's own knee.
        pieces += [Piece(shin, parts=True), thigh]
    return pieces


def _arms(pose: Pose) -> list[Piece]:
    pieces = []
    for shoulder, elbow, wrist in zip(pose.shoulders, pose.elbows, pose.wrists, strict=True):
        half, joint = _middle(shoulder, elbow), pose.disc(elbow, _FOREARM)
        pieces += [
            Piece((pose.disc(half, _UPPER_ARM), joint), parts=True),
            Piece((joint, pose.disc(wrist, _HAND)), parts=True),
            Piece((pose.disc(shoulder, _SHOULDER), joint)),
        ]
    return pieces


def _limbs(
    points: dict[int, Point], starts: Pair, joints: Point, ends: Point, length: int
) -> tuple[Pair, Pair]:
    """Return the joints of both limbs, and their ends."""
    left, right = (
        _limb(points, starts[side], joints[side], ends[side], (0, length)) for side in (0, 1)
    )
    return (left[0], right[0]), (left[1], right[1])


def _limb(points: dict[int, Point], start: Point, joint: int, end: int, down: Point) -> Pair:
    """Return a limb's joint and end; what is hidden hangs down, or lies between the others."""
    middle, last = points.get(joint), points.get(end)
    if middle is None:
        middle = _add(start, down) if last is None else _middle(start, last)
    return middle, last or _add(middle, _along(start, middle, down))


def _head(points: dict[int, Point], shoulders: Pair, hips: Pair, height: int) -> Point:
    """Put the head on the neck, towards the face, and clear of the shoulders."""
    neck, waist = _middle(*shoulders), _middle(*hips)
    away = _share(_SHOULDER + _NECK_GAP + _HEAD, height)
    upright = _towards(waist, neck, away)
    face = _face(points)
    if face is None or face == neck:
        return _add(neck, upright)
    # A face is at the head's front: half the way is the trunk's own.
    way = _add(_towards(neck, face, away), upright)
    reach = min(max(away, _distance(neck, face)), away * 6 // 5)
    return _add(neck, _towards((0, 0), way, reach))


def _face(points: dict[int, Point]) -> Point | None:
    """Return the middle of the ears, which is the head's; without ears, of what is seen."""
    seen = [points[index] for index in _EARS if index in points]
    seen = seen or [points[index] for index in _FACE if index in points]
    if not seen:
        return None
    return sum(x for x, _ in seen) // len(seen), sum(y for _, y in seen) // len(seen)


def _scaled(way: Point, per_cent: int) -> Point:
    return way[0] * per_cent // 100, way[1] * per_cent // 100


def _middle(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) // 2, (one[1] + other[1]) // 2


def _add(place: Point, way: Point) -> Point:
    return place[0] + way[0], place[1] + way[1]


def _distance(one: Point, other: Point) -> int:
    return math.isqrt((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)


def _towards(start: Point, end: Point, length: int) -> Point:
    """Return a way of ``length`` in the direction from start to end; upwards if they meet."""
    whole = _distance(start, end)
    if not whole:
        return 0, -length
    return (end[0] - start[0]) * length // whole, (end[1] - start[1]) * length // whole


def _along(start: Point, joint: Point, down: Point) -> Point:
    """Return the way from a joint to a hidden end: half as the limb goes, half straight down."""
    way = _add(_towards(start, joint, down[1]), down) if start != joint else down
    return _towards((0, 0), way, down[1])
