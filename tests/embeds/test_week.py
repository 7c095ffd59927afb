"""The public week: shares and words of the forecast, and never a number of people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.alerts import Level
from webapp.domain.forecast.slots import SLOTS, WEEKDAYS
from webapp.domain.week import STEP, Week, week_of

OPEN = np.ones((WEEKDAYS, SLOTS), np.bool_)


def means(**values: float) -> np.ndarray:
    """Monday's, by slot (``s13=4``); nothing else is known."""
    found = np.full((WEEKDAYS, SLOTS), np.nan)
    for name, value in values.items():
        found[0, int(name[1:])] = value
    return found


def shares(week: Week, weekday: int = 0) -> list[int]:
    return [quarter.share for quarter in week.days[weekday]]


def test_a_bar_is_a_share_of_the_highest_mean_or_the_threshold() -> None:
    known = means(s10=5, s11=10, s12=0)
    assert shares(week_of(known, OPEN, [])) == [50, 100, 0]
    assert shares(week_of(known, OPEN, [3, 20])) == [25, 50, 0]
    known[3, 5] = 100  # on another day of the week
    assert shares(week_of(known, OPEN, [3, 20])) == [5, 10, 0]


@pytest.mark.parametrize(
    ("thresholds", "levels"),
    [
        ([], [None, None, None]),
        ([5], [Level.FREE, Level.BUSY, Level.BUSY]),
        ([5, 9], [Level.FREE, Level.SOME, Level.BUSY]),
    ],
)
def test_two_or_three_stages_or_none_have_their_words(
    thresholds: list[int], levels: list[Level | None]
) -> None:
    week = week_of(means(s10=4.99, s11=5, s12=9), OPEN, thresholds)
    assert [quarter.level for quarter in week.days[0]] == levels


def test_nobody_moves_beyond_business_hours_or_into_what_is_not_known() -> None:
    is_open = OPEN.copy()
    is_open[:, :12] = False
    week = week_of(means(s11=1, s12=2, s13=3, s15=4), is_open, [])
    first = week.nearest(0, 0)
    assert first is not None
    assert first.slot == 12
    before, after = week.beside(0, first)
    assert before is None
    assert after is not None
    last = week.nearest(0, 95)
    assert last is not None
    assert (last.slot, week.beside(0, last)[1]) == (15, None)
    assert week.nearest(1, 40) is None
    assert (week.first, week.last) == (12, 16)


def test_a_day_is_said_in_stretches() -> None:
    week = week_of(means(s10=1, s11=1, s12=9, s14=9), OPEN, [5])
    spans = [(span.start, span.end, span.level) for span in week.spans(0)]
    assert spans == [(10, 12, Level.FREE), (12, 13, Level.BUSY), (14, 15, Level.BUSY)]


def test_a_week_without_anything_is_a_week() -> None:
    week = week_of(np.full((WEEKDAYS, SLOTS), np.nan), OPEN, [5])
    assert week.days == ((),) * WEEKDAYS
    assert week_of(np.zeros((WEEKDAYS, SLOTS)), OPEN, [0]).days[0][0].share == 0


@given(
    st.lists(st.floats(0, 999), min_size=1, max_size=SLOTS),
    st.integers(1, 997),
)
def test_times_all_people_by_any_factor_and_nothing_changes(
    values: list[float], factor: int
) -> None:
    """What is public does not depend on how many people there are: no number can be read off."""
    known = np.full((WEEKDAYS, SLOTS), np.nan)
    known[0, : len(values)] = np.round(values)
    few, many = (week_of(known * times, OPEN, [10 * times]) for times in (1, factor))
    assert few == many
    assert {share % STEP for share in shares(few)} <= {0}
    assert all(0 <= share <= 100 for share in shares(few))
