"""Sums, members, and who takes the default camera's place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.groups import (
    PATIENCE,
    Reading,
    Sum,
    chosen_in_order,
    default_of,
    heir_of,
    hours_differ,
    is_settled,
    sum_of,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("readings", "expected", "partial"),
    [
        ([], Sum(None, 0, 0), False),
        ([(True, 4), (True, 7)], Sum(11, 2, 2), False),
        ([(True, 0), (True, 0)], Sum(0, 2, 2), False),
        ([(True, 4), (True, None)], Sum(4, 1, 2), True),
        ([(True, None), (True, None)], Sum(None, 0, 2), False),
        ([(True, 4), (False, None)], Sum(4, 1, 1), False),
        ([(True, 4), (False, 9)], Sum(4, 1, 1), False),
        ([(False, None)], Sum(None, 0, 0), False),
    ],
)
def test_a_sum_says_what_it_rests_on(
    readings: list[tuple[bool, int | None]], expected: Sum, partial: bool
) -> None:
    found = sum_of(Reading(*reading) for reading in readings)
    assert found == expected
    assert found.is_partial is partial


def test_a_sample_waits_a_while_for_who_is_late() -> None:
    over = NOON + timedelta(seconds=60) + PATIENCE
    assert is_settled(NOON, 60, NOON, 0)
    assert not is_settled(NOON, 60, over - timedelta(microseconds=1), 1)
    assert is_settled(NOON, 60, over, 1)


@pytest.mark.parametrize(
    ("default", "gone", "heir"),
    [
        ("b", {"b"}, "c"),
        ("c", {"c"}, "a"),
        ("b", {"b", "c"}, "a"),
        ("b", {"a"}, "b"),
        ("b", {"a", "b", "c"}, None),
        (None, set(), "a"),
        ("x", {"a"}, "b"),
    ],
)
def test_the_next_one_inherits(default: str | None, gone: set[str], heir: str | None) -> None:
    assert heir_of(default, ["a", "b", "c"], gone) == heir


@given(st.lists(st.integers(0, 20), unique=True), st.sets(st.integers(0, 20)), st.integers(0, 20))
def test_an_heir_is_always_one_who_stays(members: list[int], gone: set[int], default: int) -> None:
    left = [member for member in members if member not in gone]
    heir = heir_of(default, members, gone)
    assert heir in left if left else heir is None
    if default in left:
        assert heir == default
    assert heir == default_of(heir, left)


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20)))
def test_members_keep_their_places(members: list[int], chosen: list[int]) -> None:
    order = chosen_in_order(members, chosen)
    assert sorted(order) == sorted(set(chosen))
    assert [one for one in order if one in members] == [one for one in members if one in chosen]


def test_hours_differ_when_two_do() -> None:
    assert not hours_differ([])
    assert not hours_differ(["a", "a"])
    assert hours_differ(["a", "a", "b"])
