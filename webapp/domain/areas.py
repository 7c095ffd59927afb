"""Areas of a camera's picture to count in, and to leave out (B3).

A person belongs to where they stand: the foot point, the middle of the lower edge of
their box, held within the picture. With areas to count in, only people whose foot point
lies in one of them count; people whose foot point lies in an area to leave out never do.
Whoever does not count is neither drawn nor stored.

Corners are relative to the picture, 0..1 from left to right and from top to bottom, so
that areas outlive a change of the camera's resolution. All questions of geometry are
answered in whole numbers on a grid of 1/100,000 of the picture: exactly, and the same on
every machine. An area's edge belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from nigiwai_engine_api.types import Float32, People

MOST_AREAS = 20
MOST_POINTS = 50  # of one area
GRID = 100_000

Point = tuple[float, float]
_Whole = tuple[int, int]
_Edge = tuple[_Whole, _Whole]
_Points = npt.NDArray[np.int64]


class Rule(StrEnum):
    """What an area is for."""

    COUNT = "count"
    LEAVE_OUT = "leave_out"


class AreaProblem(StrEnum):
    """Why areas are refused; the interface says it in the reader's language."""

    FORM = "form"  # no list of {"rule": ..., "points": [[x, y], ...]}
    RULE = "rule"  # neither to count in nor to leave out
    TOO_MANY_AREAS = "too_many_areas"
    TOO_FEW_POINTS = "too_few_points"
    TOO_MANY_POINTS = "too_many_points"
    OUT_OF_RANGE = "out_of_range"  # a corner that is not in the picture
    NO_SURFACE = "no_surface"  # all corners in one line
    CROSSES_ITSELF = "crosses_itself"  # edges that cross or touch, corners that repeat


class AreaRefused(ValueError):
    """Areas that cannot be used: ``problem`` says why, ``index`` which one (from 0)."""

    def __init__(self, problem: AreaProblem, message: str, index: int | None = None) -> None:
        super().__init__(message if index is None else f"Area {index + 1}: {message}")
        self.problem = problem
        self.index = index


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon: three corners or more, closed by itself, not crossing itself."""

    rule: Rule
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise AreaRefused(AreaProblem.TOO_FEW_POINTS, "It has fewer than three corners.")
        if len(self.points) > MOST_POINTS:
            raise AreaRefused(
                AreaProblem.TOO_MANY_POINTS, f"It has more than {MOST_POINTS} corners."
            )
        if not all(0 <= value <= 1 for point in self.points for value in point):
            raise AreaRefused(AreaProblem.OUT_OF_RANGE, "A corner lies outside the picture.")
        corners = [_on_grid(point) for point in self.points]
        if all(_turn(corners[0], corners[1], corner) == 0 for corner in corners[2:]):
            raise AreaRefused(AreaProblem.NO_SURFACE, "All its corners lie in one line.")
        if _crosses_itself(corners):
            raise AreaRefused(AreaProblem.CROSSES_ITSELF, "Its edges cross or touch each other.")

    def holds(self, feet: Float32) -> npt.NDArray[np.bool_]:
        """Which of the N points (Nx2, relative to the picture) lie in it or on its edge."""
        points = np.rint(np.asarray(feet, np.float64) * GRID).astype(np.int64)
        inside = np.zeros(len(points), bool)
        on_edge = np.zeros(len(points), bool)
        for first, second in _edges([_on_grid(point) for point in self.points]):
            inside ^= _right_of(points, first, second)
            on_edge |= _on(points, first, second)
        return np.asarray(inside | on_edge, np.bool_)


def read_areas(value: object) -> tuple[Area, ...]:
    """Read areas from what JSON gives: a list of ``{"rule": ..., "points": [[x, y], ...]}``.

    Raises ``AreaRefused`` with the first thing that is wrong.
    """
    if not isinstance(value, list):
        raise AreaRefused(AreaProblem.FORM, "Areas are a list.")
    if len(value) > MOST_AREAS:
        raise AreaRefused(
            AreaProblem.TOO_MANY_AREAS, f"There are {len(value)} areas; {MOST_AREAS} are allowed."
        )
    return tuple(_read_area(index, item) for index, item in enumerate(value))


def as_json(areas: Iterable[Area]) -> list[dict[str, Any]]:
    """Put areas into the form that ``read_areas`` takes."""
    return [
        {"rule": area.rule.value, "points": [list(point) for point in area.points]}
        for area in areas
    ]


def apply(people: People, areas: Sequence[Area], width: int, height: int) -> People:
    """Keep the people who count, in the same order; ``width`` and ``height`` in pixels."""
    if not areas:
        return people
    feet = foot_points(people, width, height)
    keep = ~_in_any(areas, Rule.LEAVE_OUT, feet)
    if any(area.rule is Rule.COUNT for area in areas):
        keep &= _in_any(areas, Rule.COUNT, feet)
    return people.only(keep)


def foot_points(people: People, width: int, height: int) -> Float32:
    """Where people stand: Nx2 (x, y), relative to the picture, 0..1."""
    boxes = people.boxes.astype(np.float64)
    feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2 / width, boxes[:, 3] / height], axis=1)
    return np.clip(feet, 0, 1).astype(np.float32)


def _read_area(index: int, item: object) -> Area:
    if not isinstance(item, Mapping) or set(item) != {"rule", "points"}:
        raise AreaRefused(AreaProblem.FORM, "It needs a rule and points, no more.", index)
    if item["rule"] not in list(Rule):
        raise AreaRefused(AreaProblem.RULE, f"Its rule is not one of {', '.join(Rule)}.", index)
    points = item["points"]
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        raise AreaRefused(AreaProblem.FORM, "Its points are not pairs of numbers.", index)
    try:
        return Area(Rule(item["rule"]), tuple((x, y) for x, y in points))
    except AreaRefused as error:
        raise AreaRefused(error.problem, str(error), index) from None


def _is_point(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
    )


def _in_any(areas: Sequence[Area], rule: Rule, feet: Float32) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(feet), np.bool_)
    for area in areas:
        if area.rule is rule:
            found |= area.holds(feet)
    return found


def _on_grid(point: Point) -> _Whole:
    return round(point[0] * GRID), round(point[1] * GRID)


def _edges(corners: Sequence[_Whole]) -> list[_Edge]:
    return list(pairwise([*corners, corners[0]]))


def _right_of(points: _Points, first: _Whole, second: _Whole) -> npt.NDArray[np.bool_]:
    """Whether a ray to the right of each point crosses the edge (an end counts once)."""
    low, high = sorted((first, second), key=lambda corner: corner[1])
    spans = (points[:, 1] >= low[1]) & (points[:, 1] < high[1])
    return np.asarray(spans & (_turns(points, low, high) < 0), np.bool_)


def _on(points: _Points, first: _Whole, second: _Whole) -> npt.NDArray[np.bool_]:
    low = np.minimum(first, second)
    high = np.maximum(first, second)
    within = ((points >= low) & (points <= high)).all(axis=1)
    return np.asarray(within & (_turns(points, first, second) == 0), np.bool_)


def _turns(points: _Points, first: _Whole, second: _Whole) -> npt.NDArray[np.int64]:
    """Twice the signed area of each triangle first, second, point."""
    ahead = (second[0] - first[0]) * (points[:, 1] - first[1])
    return np.asarray(ahead - (second[1] - first[1]) * (points[:, 0] - first[0]), np.int64)


def _turn(first: _Whole, second: _Whole, third: _Whole) -> int:
    ahead = (second[0] - first[0]) * (third[1] - first[1])
    return ahead - (second[1] - first[1]) * (third[0] - first[0])


def _crosses_itself(corners: Sequence[_Whole]) -> bool:
    """Whether a corner repeats, or two edges share more than the corner between neighbours."""
    if len(set(corners)) < len(corners):
        return True
    return any(_disturb(edge, further) for edge, further in combinations(_edges(corners), 2))


def _disturb(edge: _Edge, further: _Edge) -> bool:
    for shared in set(edge) & set(further):
        return _folds_back(shared, edge, further)
    return _meet(edge, further)


def _folds_back(shared: _Whole, edge: _Edge, further: _Edge) -> bool:
    """Whether two edges from one corner run over each other."""
    (first,) = set(edge) - {shared}
    (second,) = set(further) - {shared}
    if _turn(shared, first, second) != 0:
        return False
    along = (first[0] - shared[0]) * (second[0] - shared[0])
    return along + (first[1] - shared[1]) * (second[1] - shared[1]) > 0


def _meet(edge: _Edge, further: _Edge) -> bool:
    """Whether two edges have any point in common."""
    a, b = edge
    c, d = further
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if _sign(turns[0]) * _sign(turns[1]) < 0 and _sign(turns[2]) * _sign(turns[3]) < 0:
        return True
    return any(
        turn == 0 and _between(point, *ends)
        for turn, point, ends in zip(
            turns, (c, d, a, b), (edge, edge, further, further), strict=True
        )
    )


def _between(point: _Whole, first: _Whole, second: _Whole) -> bool:
    return all(
        min(one, other) <= value <= max(one, other)
        for value, one, other in zip(point, first, second, strict=True)
    )


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
