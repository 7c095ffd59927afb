"""How far a month's calls reach, and which share of the quota is news."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.usage import (
    MOST_MARKS,
    Outlook,
    Reach,
    news,
    outlook,
    share_of_day,
    thresholds_reached,
)

MONDAY = date(2026, 8, 3)


def days(first: date, *calls: int) -> dict[date, int]:
    return {first + timedelta(days=n): count for n, count in enumerate(calls)}


def month_of(by_day: dict[date, int], today: date) -> int:
    return sum(calls for day, calls in by_day.items() if day.month == today.month)


def of(by_day: dict[date, int], today: date, share: float, quota: int | None) -> Outlook:
    return outlook(by_day, today, share, quota, month_of(by_day, today))


def test_a_steady_pace_is_used_up_on_the_day_that_it_says() -> None:
    by_day = days(date(2026, 8, 1), *[100] * 9, 50)
    found = of(by_day, date(2026, 8, 10), 0.5, 1_400)
    # 950 until the noon of the 10th; 1,400 are reached at the end of the 14th, and passed after.
    assert found == Outlook(Reach.RUNS_OUT, date(2026, 8, 15), 3_100)
    assert of(by_day, date(2026, 8, 10), 0.5, 1_399).day == date(2026, 8, 14)


def test_what_reaches_to_the_end_of_the_month_is_enough() -> None:
    by_day = days(date(2026, 8, 1), *[100] * 9, 50)
    assert of(by_day, date(2026, 8, 10), 0.5, 3_100) == Outlook(Reach.ENOUGH, None, 3_100)
    assert of(by_day, date(2026, 8, 10), 0.5, 3_099).day == date(2026, 8, 31)


def test_the_first_day_of_a_month_knows_the_month_before() -> None:
    by_day = days(date(2026, 7, 4), *[500] * 28)
    found = outlook(by_day, date(2026, 8, 1), 0.0, 10_000, 0)
    assert found == Outlook(Reach.RUNS_OUT, date(2026, 8, 21), 15_500)


def test_the_very_first_day_says_nothing_until_a_quarter_of_it_is_over() -> None:
    today = date(2026, 8, 1)
    assert of({today: 40}, today, 0.2, 10_000).reach is Reach.UNKNOWN
    assert of({today: 100}, today, 0.5, 10_000) == Outlook(Reach.ENOUGH, None, 6_200)
    assert of({}, today, 0.0, 10_000).reach is Reach.UNKNOWN


def test_the_last_day_of_a_month_looks_no_further() -> None:
    by_day = days(date(2026, 8, 1), *[100] * 30, 90)
    assert of(by_day, date(2026, 8, 31), 0.9, 3_200).reach is Reach.ENOUGH
    assert of(by_day, date(2026, 8, 31), 0.9, 3_095).day == date(2026, 8, 31)


def test_no_views_at_all_are_enough_for_any_quota() -> None:
    today = date(2026, 8, 20)
    assert of({}, today, 0.5, 10_000) == Outlook(Reach.ENOUGH, None, 0)
    by_day = {date(2026, 8, 1): 7}
    assert of(by_day, today, 0.5, 10_000).reach is Reach.ENOUGH


def test_over_the_quota_nothing_is_foretold() -> None:
    today = date(2026, 8, 20)
    by_day = {date(2026, 8, 19): 10_000}
    assert of(by_day, today, 0.5, 10_000) == Outlook(Reach.USED_UP)
    assert of(by_day, today, 0.5, 8_000) == Outlook(Reach.USED_UP)
    assert of(by_day, today, 0.5, 0) == Outlook(Reach.NO_CALLS)
    assert of(by_day, today, 0.5, None) == Outlook(Reach.UNLIMITED)


def test_a_shop_that_is_closed_on_sundays_is_not_used_up_on_one() -> None:
    # Four weeks of 100 a day, none on Sundays; the 9th, 16th, 23rd and 30th are Sundays.
    week = [100] * 6 + [0]
    by_day = days(MONDAY - timedelta(days=28), *week * 4)
    by_day |= days(MONDAY, *week[:6])
    found = outlook(by_day, date(2026, 8, 9), 0.0, 601, 600)
    assert found.day == date(2026, 8, 10)
    assert found.expected == 600 + 100 * 19


def test_a_page_that_became_popular_counts_within_two_weeks() -> None:
    by_day = days(date(2026, 7, 6), *[10] * 14, *[1_000] * 14)
    found = outlook(by_day, date(2026, 8, 3), 0.0, 10**9, 2_000)
    assert found.expected == 2_000 + 29_000


def test_days_before_the_first_call_do_not_thin_it_out() -> None:
    by_day = {date(2026, 8, 9): 300}
    assert of(by_day, date(2026, 8, 10), 0.0, 10**6).expected == 300 + 22 * 300


@given(
    calls=st.lists(st.integers(0, 10**7), max_size=59),
    today=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    share=st.floats(0, 1),
    quota=st.none() | st.integers(0, 10**10),
)
def test_it_never_breaks_and_never_contradicts_itself(
    calls: list[int], today: date, share: float, quota: int | None
) -> None:
    by_day = {today - timedelta(days=ago): count for ago, count in enumerate(calls)}
    used = sum(c for d, c in by_day.items() if (d.year, d.month) == (today.year, today.month))
    found = outlook(by_day, today, share, quota, used)
    if found.reach in {Reach.RUNS_OUT, Reach.ENOUGH}:
        assert quota is not None
        assert found.expected is not None
        assert found.expected >= used
        assert (found.expected > quota) is (found.reach is Reach.RUNS_OUT)
    if found.reach is Reach.RUNS_OUT:
        assert found.day is not None
        assert today <= found.day
        assert found.day.month == today.month
    else:
        assert found.day is None


@pytest.mark.parametrize(
    ("at", "zone", "share"),
    [
        (datetime(2026, 8, 10, 3, 0, tzinfo=UTC), "Asia/Tokyo", 0.5),
        (datetime(2026, 8, 9, 15, 0, tzinfo=UTC), "Asia/Tokyo", 0.0),
        # A day of 23 hours, and one of 25.
        (datetime(2026, 3, 8, 19, 30, tzinfo=UTC), "America/Los_Angeles", 0.5),
        (datetime(2026, 11, 1, 19, 30, tzinfo=UTC), "America/Los_Angeles", 0.5),
    ],
)
def test_how_much_of_a_day_is_over(at: datetime, zone: str, share: float) -> None:
    assert share_of_day(at, ZoneInfo(zone)) == pytest.approx(share)


def test_shares_are_reached_exactly() -> None:
    assert thresholds_reached(7_999, 10_000) == []
    assert thresholds_reached(8_000, 10_000) == [80]
    assert thresholds_reached(9_999, 10_000) == [80]
    assert thresholds_reached(10_000, 10_000) == [80, 100]
    assert thresholds_reached(5, None) == []
    assert thresholds_reached(5, 0) == []


def test_a_share_is_news_once_for_each_quota() -> None:
    percent, told = news(8_100, 10_000, [])
    assert percent == 80
    assert news(9_000, 10_000, told) == (0, told)
    # The quota was raised: 80 % of the new one is news when it is reached.
    assert news(9_000, 110_000, told) == (0, told)
    percent, told = news(88_000, 110_000, told)
    assert percent == 80
    percent, told = news(110_000, 110_000, told)
    assert percent == 100
    # Back to the old one, whose whole was never told; then nothing is new any more.
    percent, told = news(110_000, 10_000, told)
    assert percent == 100
    assert news(110_000, 10_000, told) == (0, told)


def test_who_jumps_over_both_is_told_of_the_greater_one_alone() -> None:
    percent, told = news(10_000, 10_000, [])
    assert percent == 100
    assert len(told) == 2
    assert news(10_000, 10_000, told) == (0, told)


def test_what_was_told_fits_into_its_column() -> None:
    told: list[str] = []
    for number in range(2 * MOST_MARKS):
        _, told = news(10**11, 10**10 + number, told)
    assert len("\n".join(told)) <= 400
