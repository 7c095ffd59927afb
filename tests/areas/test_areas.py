"""Areas to count in and to leave out: who belongs where, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nigiwai_engine_api import People

from webapp.domain.areas import (
    GRID,
    MOST_AREAS,
    MOST_POINTS,
    Area,
    AreaProblem,
    AreaRefused,
    Rule,
    apply,
    as_json,
    foot_points,
    read_areas,
)

LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
# A "U" whose notch reaches down from the top: 0.4..0.6 across, to 0.7 down.
CUP = (
    (0.1, 0.1),
    (0.4, 0.1),
    (0.4, 0.7),
    (0.6, 0.7),
    (0.6, 0.1),
    (0.9, 0.1),
    (0.9, 0.9),
    (0.1, 0.9),
)


def people_at(*feet: tuple[float, float], width: int = 200, height: int = 100) -> People:
    """People of 10 x 20 pixels standing at these relative places."""
    boxes = [[x * width - 5, y * height - 20, x * width + 5, y * height] for x, y in feet]
    count = len(boxes)
    return People(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.linspace(0.9, 0.1, count, dtype=np.float32),
        np.arange(count * 51, dtype=np.float32).reshape(count, 17, 3),
        np.array(boxes, np.float32).reshape(-1, 4)[:, :2],
    )


def kept(areas: list[Area], *feet: tuple[float, float]) -> list[int]:
    people = people_at(*feet)
    left = apply(people, areas, 200, 100)
    return [index for index in range(len(people)) if people.scores[index] in left.scores]


def test_without_areas_everybody_counts() -> None:
    people = people_at((0.1, 0.5), (0.9, 0.5))
    assert apply(people, [], 200, 100) is people


def test_the_feet_decide_and_not_the_head() -> None:
    bottom = Area(Rule.COUNT, ((0, 0.5), (1, 0.5), (1, 1), (0, 1)))
    assert kept([bottom], (0.5, 0.49), (0.5, 0.55)) == [1]


def test_areas_to_leave_out_win_over_areas_to_count_in() -> None:
    count = Area(Rule.COUNT, LEFT_HALF)
    out = Area(Rule.LEAVE_OUT, ((0.2, 0.2), (0.4, 0.2), (0.4, 0.9), (0.2, 0.9)))
    feet = ((0.1, 0.5), (0.3, 0.5), (0.7, 0.5))
    assert kept([count], *feet) == [0, 1]
    assert kept([out], *feet) == [0, 2]
    assert kept([out, count], *feet) == [0]
    assert kept([count, out], *feet) == [0]


def test_any_of_several_areas_will_do() -> None:
    right = Area(Rule.COUNT, ((0.8, 0.0), (1.0, 0.0), (1.0, 1.0), (0.8, 1.0)))
    left = Area(Rule.COUNT, ((0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0)))
    assert kept([left, right], (0.1, 0.5), (0.5, 0.5), (0.9, 0.5)) == [0, 2]


def test_a_hollow_shape_holds_nobody_in_its_hollow() -> None:
    feet = ((0.5, 0.5), (0.25, 0.5), (0.75, 0.5), (0.5, 0.8), (0.05, 0.5))
    assert kept([Area(Rule.COUNT, CUP)], *feet) == [1, 2, 3]
    assert kept([Area(Rule.LEAVE_OUT, CUP)], *feet) == [0, 4]


def test_an_edge_and_a_corner_belong_to_the_area() -> None:
    assert kept([Area(Rule.COUNT, LEFT_HALF)], (0.5, 0.5), (0.5, 1.0), (0.0, 0.3)) == [0, 1, 2]
    assert kept([Area(Rule.LEAVE_OUT, LEFT_HALF)], (0.5, 0.5), (0.51, 0.5)) == [1]


def test_feet_below_the_picture_are_held_at_its_edge() -> None:
    people = people_at((0.25, 1.02), (1.02, 0.5))
    assert foot_points(people, 200, 100).tolist() == [[0.25, 1.0], [1.0, 0.5]]
    assert len(apply(people, [Area(Rule.COUNT, LEFT_HALF)], 200, 100)) == 1


def test_poses_and_heads_stay_with_their_people() -> None:
    people = people_at((0.1, 0.5), (0.9, 0.5), (0.2, 0.5))
    left = apply(people, [Area(Rule.COUNT, LEFT_HALF)], 200, 100)
    assert left.keypoints is not None
    assert left.heads is not None
    assert people.keypoints is not None
    assert people.heads is not None
    assert (left.keypoints == people.keypoints[[0, 2]]).all()
    assert (left.heads == people.heads[[0, 2]]).all()


def test_nobody_is_nobody_in_any_area() -> None:
    assert len(apply(People.none(), [Area(Rule.COUNT, CUP)], 200, 100)) == 0


TRIANGLE = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]


def area(points: Any = TRIANGLE, rule: Any = "count") -> dict[str, Any]:
    return {"rule": rule, "points": points}


REFUSED: dict[str, tuple[Any, AreaProblem]] = {
    "no list": ({}, AreaProblem.FORM),
    "nothing at all": (None, AreaProblem.FORM),
    "text": ("[]", AreaProblem.FORM),
    "no object": ([TRIANGLE], AreaProblem.FORM),
    "no rule": ([{"points": TRIANGLE}], AreaProblem.FORM),
    "too much": ([{**area(), "name": "x"}], AreaProblem.FORM),
    "no points": ([area(None)], AreaProblem.FORM),
    "points of one number": ([area([[0], [1], [0.5]])], AreaProblem.FORM),
    "points of three numbers": ([area([[0, 0, 0]] * 3)], AreaProblem.FORM),
    "points of words": ([area([["0", "0"], ["1", "0"], ["1", "1"]])], AreaProblem.FORM),
    "points of yes and no": ([area([[True, False], [0, 1], [1, 1]])], AreaProblem.FORM),
    "another rule": ([area(rule="ignore")], AreaProblem.RULE),
    "a rule that is no word": ([area(rule=[])], AreaProblem.RULE),
    "too many areas": ([area()] * (MOST_AREAS + 1), AreaProblem.TOO_MANY_AREAS),
    "no corner": ([area([])], AreaProblem.TOO_FEW_POINTS),
    "two corners": ([area(TRIANGLE[:2])], AreaProblem.TOO_FEW_POINTS),
    "too many corners": ([area([[0.1, 0.1]] * (MOST_POINTS + 1))], AreaProblem.TOO_MANY_POINTS),
    "left of the picture": ([area([[-0.001, 0.1], *TRIANGLE[1:]])], AreaProblem.OUT_OF_RANGE),
    "below the picture": ([area([*TRIANGLE[:2], [0.5, 1.001]])], AreaProblem.OUT_OF_RANGE),
    "not a number": ([area([*TRIANGLE[:2], [0.5, math.nan]])], AreaProblem.OUT_OF_RANGE),
    "endless": ([area([*TRIANGLE[:2], [0.5, math.inf]])], AreaProblem.OUT_OF_RANGE),
    "beyond all numbers": ([area([*TRIANGLE[:2], [0.5, 10**400]])], AreaProblem.OUT_OF_RANGE),
    "a line": ([area([[0, 0], [0.5, 0.5], [1, 1]])], AreaProblem.NO_SURFACE),
    "a point": ([area([[0.5, 0.5]] * 3)], AreaProblem.NO_SURFACE),
    "a bow": ([area([[0, 0], [1, 1], [1, 0], [0, 1]])], AreaProblem.CROSSES_ITSELF),
    "a corner twice": (
        [area([[0, 0], [1, 0], [0.5, 0.5], [1, 1], [0, 1], [0.5, 0.5]])],
        AreaProblem.CROSSES_ITSELF,
    ),
    "closed by hand": ([area([*TRIANGLE, TRIANGLE[0]])], AreaProblem.CROSSES_ITSELF),
    "a spike": ([area([[0, 0], [1, 0], [0.5, 0], [0.5, 1]])], AreaProblem.CROSSES_ITSELF),
    "a corner on an edge": (
        [area([[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]])],
        AreaProblem.CROSSES_ITSELF,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_area_is_refused_with_its_reason(name: str) -> None:
    value, problem = REFUSED[name]
    with pytest.raises(AreaRefused) as caught:
        read_areas(value)
    assert caught.value.problem is problem
    assert str(caught.value).endswith(".")


def test_every_problem_has_its_case() -> None:
    assert {problem for _, problem in REFUSED.values()} == set(AreaProblem)


def test_the_wrong_one_of_several_is_named() -> None:
    with pytest.raises(AreaRefused, match="Area 3: Its edges") as caught:
        read_areas([area(), area(), area([[0, 0], [1, 1], [1, 0], [0, 1]])])
    assert caught.value.index == 2


def test_collinear_corners_on_a_straight_edge_are_no_fault() -> None:
    assert read_areas([area([[0, 0], [0.5, 0], [1, 0], [1, 1], [0, 1]])])


def test_what_is_written_is_read_again() -> None:
    areas = (Area(Rule.COUNT, CUP), Area(Rule.LEAVE_OUT, LEFT_HALF))
    assert read_areas(as_json(areas)) == areas
    assert read_areas([]) == ()


# Properties. A star around a centre never crosses itself, whatever its rays.

shares = st.floats(0, 1, allow_nan=False)
places = st.lists(st.tuples(shares, shares), min_size=1, max_size=30)


@st.composite
def stars(draw: st.DrawFn, rule: Rule | None = None) -> Area:
    corners = draw(st.integers(3, 12))
    rays = draw(st.lists(st.floats(0.05, 0.45), min_size=corners, max_size=corners))
    turn = draw(st.floats(0, 6.3))
    points = tuple(
        (
            0.5 + ray * math.cos(turn + index * 2 * math.pi / corners),
            0.5 + ray * math.sin(turn + index * 2 * math.pi / corners),
        )
        for index, ray in enumerate(rays)
    )
    return Area(rule or draw(st.sampled_from(Rule)), points)


@given(stars(Rule.COUNT), places)
def test_turning_or_reversing_the_corners_changes_nothing(
    star: Area, feet: list[tuple[float, float]]
) -> None:
    expected = star.holds(np.array(feet, np.float32))
    for points in (star.points[1:] + star.points[:1], star.points[::-1]):
        assert (Area(star.rule, points).holds(np.array(feet, np.float32)) == expected).all()


@given(stars(Rule.COUNT), places)
def test_counting_in_and_leaving_out_share_everybody(
    star: Area, feet: list[tuple[float, float]]
) -> None:
    people = people_at(*feet)
    inside = apply(people, [star], 200, 100)
    outside = apply(people, [Area(Rule.LEAVE_OUT, star.points)], 200, 100)
    assert len(inside) + len(outside) == len(people)
    both = np.sort(np.concatenate([inside.scores, outside.scores]))
    assert (both == np.sort(people.scores)).all()


@given(st.lists(stars(), max_size=4), places)
def test_applying_twice_or_in_another_order_changes_nothing(
    areas: list[Area], feet: list[tuple[float, float]]
) -> None:
    once = apply(people_at(*feet), areas, 200, 100)
    for other in (apply(once, areas, 200, 100), apply(people_at(*feet), areas[::-1], 200, 100)):
        assert other.boxes.tobytes() == once.boxes.tobytes()


@given(stars(Rule.COUNT))
def test_centre_and_corners_are_inside_and_what_is_beyond_is_not(star: Area) -> None:
    corners = np.round(np.array(star.points) * GRID) / GRID
    assert star.holds(np.array([[0.5, 0.5]], np.float32)).all()
    assert star.holds(corners.astype(np.float32)).all()
    assert not star.holds(np.array([[0.0, 0.0], [0.999, 0.5]], np.float32)).any()


@given(stars(Rule.COUNT), places, st.sampled_from([(640, 480), (1920, 1080), (333, 77)]))
def test_the_size_of_the_picture_does_not_matter(
    star: Area, feet: list[tuple[float, float]], size: tuple[int, int]
) -> None:
    # Feet on a grid of whole hundredths, so that rounding to pixels tells nothing apart.
    rounded = [(round(x, 2), round(y, 2)) for x, y in feet]
    width, height = size
    people = people_at(*rounded, width=width, height=height)
    expected = star.holds(np.array(rounded, np.float32))
    assert len(apply(people, [star], width, height)) == int(expected.sum())
