"""The pose pictogram: a figure whose limbs follow a person's 17 key points.

It keeps the proportions of the standing figure (a round head apart from one body, limbs
of one weight). What is hidden is filled in: an arm or leg that was not seen hangs straight
down. Lengths are whole sixteenths of a pixel, as in ``pictograms``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from webapp.domain.pictograms import SUB, Disc, Piece, Rect

Point = tuple[int, int]

SEEN = 0.2  # a key point with a lower score is taken as not seen

# COCO order.
_FACE = range(5)
_SHOULDERS, _ELBOWS, _WRISTS = (5, 6), (7, 8), (9, 10)
_HIPS, _KNEES, _ANKLES = (11, 12), (13, 14), (15, 16)

# In thousandths of the person's standing height.
_HEAD, _NECK_GAP = 80, 24
_SHOULDER, _WAIST, _UPPER_ARM, _HAND = 48, 44, 38, 32
_THIGH, _FOOT = 48, 38
_ARM_LENGTH, _LEG_LENGTH, _TORSO_LENGTH = 165, 235, 300


@dataclass(frozen=True, slots=True)
class _Body:
    """The points of one person, and the standing height that gives the weight of line."""

    points: dict[int, Point]
    height: int  # sixteenths of a pixel

    def length(self, thousandths: int) -> int:
        return (thousandths * self.height + 500) // 1000

    def disc(self, place: Point, thousandths: int) -> Disc:
        return Disc(place[0], place[1], self.length(thousandths))


def pose_pieces(keypoints: npt.NDArray[np.float32], box: Rect) -> tuple[list[Piece], int] | None:
    """Return the pieces of a person's figure and the standing height it is drawn for, in pixels.

    ``keypoints`` is 17x3 (x, y in pixels, score 0..1; COCO order), ``box`` the person's.
    None when neither shoulder or neither hip is seen: there is no pose to draw then.
    """
    points = _seen_points(keypoints, box)
    shoulders = _pair(points, _SHOULDERS)
    hips = _pair(points, _HIPS)
    if shoulders is None or hips is None:
        return None
    body = _Body(points, _standing_height(shoulders, hips, box))
    pieces = [*_legs(body, hips), _torso(body, shoulders, hips)]
    pieces += _arms(body, shoulders)
    pieces.append(_head(body, shoulders, hips))
    return pieces, max(1, body.height // SUB)


def _seen_points(keypoints: npt.NDArray[np.float32], box: Rect) -> dict[int, Point]:
    """Round the seen points; one far outside the person's box is not believed."""
    wide, tall = (box.right - box.left) // 2 + 2, (box.bottom - box.top) // 4 + 2
    seen = {}
    for index, (x, y, score) in enumerate(keypoints.tolist()):
        across = box.left - wide <= x <= box.right + wide
        if score >= SEEN and across and box.top - tall <= y <= box.bottom + tall:
            seen[index] = (round(x * SUB), round(y * SUB))
    return seen


def _pair(points: dict[int, Point], pair: tuple[int, int]) -> tuple[Point, Point] | None:
    """Return both points; one that is hidden stands behind the other."""
    left, right = (points.get(index) for index in pair)
    if left is None:
        left = right
    if left is None:
        return None
    return left, right or left


def _standing_height(shoulders: tuple[Point, Point], hips: tuple[Point, Point], box: Rect) -> int:
    """Tell from the trunk how tall the person would stand; somebody sits, or the edge cuts."""
    trunk = _distance(_middle(*shoulders), _middle(*hips)) * 1000 // _TORSO_LENGTH
    tall = max(box.bottom - box.top, 8) * SUB
    return min(max(trunk, tall * 4 // 5), tall * 8 // 5)


def _torso(body: _Body, shoulders: tuple[Point, Point], hips: tuple[Point, Point]) -> Piece:
    return Piece(
        (
            *(body.disc(place, _SHOULDER) for place in shoulders),
            *(body.disc(place, _WAIST) for place in hips),
        )
    )


def _legs(body: _Body, hips: tuple[Point, Point]) -> list[Piece]:
    pieces = []
    for side, hip in enumerate(hips):
        down = (0, body.length(_LEG_LENGTH))
        knee = body.points.get(_KNEES[side]) or _add(hip, down)
        ankle = body.points.get(_ANKLES[side]) or _add(knee, _along(hip, knee, down))
        thigh = Piece((body.disc(hip, _THIGH), body.disc(knee, _THIGH - 4)))
        shin = (body.disc(knee, _THIGH - 4), body.disc(ankle, _FOOT))
        # The gap parts crossing legs; the thigh once more closes it at the leg's own knee.
        pieces += [Piece(shin, parts=True), thigh]
    return pieces


def _arms(body: _Body, shoulders: tuple[Point, Point]) -> list[Piece]:
    pieces = []
    for side, shoulder in enumerate(shoulders):
        down = (0, body.length(_ARM_LENGTH))
        elbow = body.points.get(_ELBOWS[side]) or _add(shoulder, down)
        wrist = body.points.get(_WRISTS[side]) or _add(elbow, _along(shoulder, elbow, down))
        half = _middle(shoulder, elbow)
        pieces += [
            Piece((body.disc(half, _UPPER_ARM), body.disc(elbow, _UPPER_ARM - 3)), parts=True),
            Piece((body.disc(elbow, _UPPER_ARM - 3), body.disc(wrist, _HAND)), parts=True),
            Piece((body.disc(shoulder, _UPPER_ARM), body.disc(elbow, _UPPER_ARM - 3))),
        ]
    return pieces


def _head(body: _Body, shoulders: tuple[Point, Point], hips: tuple[Point, Point]) -> Piece:
    """Put the head where the face was seen, but clear of the shoulders."""
    neck = _middle(*shoulders)
    faces = [body.points[index] for index in _FACE if index in body.points]
    away = body.length(_SHOULDER + _NECK_GAP + _HEAD)
    if faces:
        count = len(faces)
        centre = (sum(x for x, _ in faces) // count, sum(y for _, y in faces) // count)
    else:
        centre = _add(neck, _towards(_middle(*hips), neck, away))
    if _distance(neck, centre) < away:
        start = neck if centre != neck else _middle(*hips)
        centre = _add(neck, _towards(start, centre, away))
    return Piece((body.disc(centre, _HEAD),), parts=True)


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
