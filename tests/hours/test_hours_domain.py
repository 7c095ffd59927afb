"""The three ranks, 30-hour days, holidays and clocks that jump, beside the naive oracle."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine

from jobs.benchmarks.hours import differences
from jobs.benchmarks.hours_oracle import ZONES, minutes, random_hours, random_instant
from webapp.commands.doctor import Doubt, check_holidays
from webapp.domain.hours import (
    Basic,
    Dates,
    Hours,
    HoursProblem,
    HoursRefused,
    Repeat,
    Source,
    Special,
    business_day,
    instant_of,
    intervals,
    is_open,
    next_change,
    overlapping,
    plan_of,
)
from webapp.domain.hours_json import as_json, read_hours
from webapp.hours.holidays import covers, japanese_holidays, names_of_holidays
from webapp.settings import Settings

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
NONE: frozenset[date] = frozenset()
WORKDAYS = frozenset(range(5))
ALWAYS = Hours(basic=(Basic(frozenset(range(8)), (360, 1800)),))


def at_tokyo(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    """June 2026 begins on a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=TOKYO)


def test_there_is_no_difference_to_the_oracle() -> None:
    """10,000 cases are `nigiwai bench hours`."""
    assert differences(300, seed=4) == 0


def test_intervals_and_changes_say_the_same_as_every_minute_does() -> None:
    dice, holidays = random.Random(5), japanese_holidays()
    length = 30 * 60
    for _ in range(25):
        zone = dice.choice(ZONES)
        first = random_instant(dice, zone)
        hours = random_hours(dice, first.astimezone(zone).date(), most=3)
        truth = list(minutes(hours, first, length, zone, holidays))
        days = [business_day(first, zone) + timedelta(days=n) for n in range(-2, 4)]
        spans = [span for day in days for span in intervals(hours, day, zone, holidays)]
        for index in range(0, length, 11):
            at = first + timedelta(minutes=index)
            assert any(a <= at < b for a, b in spans) is truth[index], (hours, zone, at)
        assert all(a[1] <= b[0] for a, b in pairwise(spans)), "in order, none twice"
        flips = [n for n, (a, b) in enumerate(pairwise(truth)) if a is not b]
        found = next_change(hours, first, zone, holidays)
        if flips:
            assert found == first + timedelta(minutes=flips[0] + 1), (hours, zone, first)
        else:
            assert found is None or found >= first + timedelta(minutes=length)


def test_monday_late_is_tuesday_early() -> None:
    """The manual's own example: Monday 23:00 to 29:00."""
    hours = Hours(basic=(Basic(frozenset({0}), (23 * 60, 29 * 60)),))
    told = {
        (1, 22, 59): False,
        (1, 23, 0): True,
        (2, 4, 59): True,
        (2, 5, 0): False,
        (2, 23, 30): False,
        (1, 4, 0): False,  # that is Sunday's night
    }
    for (day, hour, minute), wanted in told.items():
        assert is_open(hours, at_tokyo(day, hour, minute), TOKYO, NONE) is wanted
    assert next_change(hours, at_tokyo(2, 0), TOKYO, NONE) == at_tokyo(2, 5)
    assert business_day(at_tokyo(2, 1), TOKYO) == date(2026, 6, 1)


def test_later_ranks_win_and_a_holiday_is_an_eighth_day() -> None:
    hours = Hours(
        basic=(Basic(WORKDAYS, (540, 1080)), Basic(frozenset({7}), (600, 900))),
        special=(Special(Dates(Repeat.ONCE, 2026, 6, 3), (720, 780)),),
        closed=(Dates(Repeat.WEEKDAY, nth=1, weekday=3),),
    )
    holidays = {date(2026, 6, 2), date(2026, 6, 4)}
    plans = [plan_of(hours, date(2026, 6, day), holidays) for day in range(1, 8)]
    assert [(plan.spans, plan.source) for plan in plans] == [
        (((540, 1080),), Source.BASIC),
        (((600, 900),), Source.BASIC),  # a holiday: only what has 祝 ticked
        (((720, 780),), Source.SPECIAL),  # replaces the basic hours of that date
        ((), Source.CLOSED),  # the first Thursday, holiday or not
        (((540, 1080),), Source.BASIC),
        ((), Source.BASIC),
        ((), Source.BASIC),
    ]


def test_a_closed_date_closes_its_whole_business_day() -> None:
    """25:00 of the day before still belongs to the day before."""
    hours = Hours(
        basic=(Basic(frozenset(range(7)), (360, 1800)),), closed=(Dates(Repeat.YEARLY, 0, 6, 2),)
    )
    assert is_open(hours, at_tokyo(2, 5, 59), TOKYO, NONE)
    assert not is_open(hours, at_tokyo(2, 6), TOKYO, NONE)
    assert not is_open(hours, at_tokyo(3, 5, 59), TOKYO, NONE)
    assert is_open(hours, at_tokyo(3, 6), TOKYO, NONE)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (Dates(Repeat.YEARLY, month=2, day=29), ["2028-02-29"]),
        (Dates(Repeat.MONTHLY, day=31), ["2027-01-31", "2027-03-31", "2027-05-31"]),
        (Dates(Repeat.WEEKDAY, nth=5, weekday=0), ["2027-03-29", "2027-05-31", "2027-08-30"]),
        (Dates(Repeat.WEEKDAY, nth=-1, weekday=6), ["2027-01-31", "2027-02-28", "2027-03-28"]),
        (Dates(Repeat.WEEKDAY, month=10, nth=2, weekday=0), ["2027-10-11", "2028-10-09"]),
        (Dates(Repeat.ONCE, 2027, 5, 6), ["2027-05-06"]),
    ],
)
def test_dates_that_not_every_month_or_year_has(dates: Dates, expected: list[str]) -> None:
    days = [date(2027, 1, 1) + timedelta(days=n) for n in range(730)]
    found = [day.isoformat() for day in days if dates.names(day)]
    assert found[: len(expected)] == expected


def test_summer_time_comes_and_goes() -> None:
    hours = Hours(basic=(Basic(frozenset({5}), (25 * 60 + 30, 27 * 60 + 30)),))
    # 28 March 2026: 2:00 becomes 3:00, so that 25:30 to 27:30 lasts an hour.
    ((opens, closes),) = intervals(hours, date(2026, 3, 28), BERLIN, NONE)
    assert closes - opens == timedelta(hours=1)
    # 24 October: 2:00 to 3:00 comes twice, so it lasts three.
    ((opens, closes),) = intervals(hours, date(2026, 10, 24), BERLIN, NONE)
    assert closes - opens == timedelta(hours=3)
    left_out = Hours(basic=(Basic(frozenset({5}), (26 * 60 + 10, 26 * 60 + 50)),))
    assert intervals(left_out, date(2026, 3, 28), BERLIN, NONE) == []
    # It closes at the first 2:30 and does not open again at the second 2:00.
    early = Hours(basic=(Basic(frozenset({5}), (25 * 60, 26 * 60 + 30)),))
    first = instant_of(date(2026, 10, 24), 26 * 60 + 30, BERLIN)
    assert is_open(early, first - timedelta(minutes=1), BERLIN, NONE)
    assert not any(
        is_open(early, first + timedelta(minutes=n), BERLIN, NONE) for n in range(0, 180, 5)
    )


def test_what_never_changes_has_no_next_change() -> None:
    now = at_tokyo(10, 12)
    assert is_open(ALWAYS, now, TOKYO, NONE)
    assert next_change(ALWAYS, now, TOKYO, NONE) is None
    assert not is_open(Hours(), now, TOKYO, NONE)
    assert next_change(Hours(), now, TOKYO, NONE) is None


def test_all_day_every_day_is_one_stretch_until_a_closed_day() -> None:
    hours = Hours(basic=ALWAYS.basic, closed=(Dates(Repeat.YEARLY, month=12, day=31),))
    assert next_change(hours, at_tokyo(10, 12), TOKYO, NONE) == at_tokyo(31, 6, month=12)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Basic(frozenset(), (540, 600)), HoursProblem.NO_DAYS),
        (lambda: Basic(frozenset({8}), (540, 600)), HoursProblem.FORM),
        (lambda: Basic(WORKDAYS, (600, 540)), HoursProblem.END_BEFORE_START),
        (lambda: Basic(WORKDAYS, (600, 600)), HoursProblem.END_BEFORE_START),
        (lambda: Basic(WORKDAYS, (300, 600)), HoursProblem.OUT_OF_DAY),
        (lambda: Basic(WORKDAYS, (600, 1801)), HoursProblem.OUT_OF_DAY),
        (lambda: Dates(Repeat.ONCE, 2027, 2, 29), HoursProblem.NO_SUCH_DATE),
        (lambda: Dates(Repeat.YEARLY, month=2, day=30), HoursProblem.NO_SUCH_DATE),
        (lambda: Dates(Repeat.MONTHLY, day=32), HoursProblem.NO_SUCH_DATE),
        (lambda: Dates(Repeat.WEEKDAY, nth=6, weekday=1), HoursProblem.NO_SUCH_DATE),
        (lambda: Hours(closed=(Dates(Repeat.MONTHLY, day=1),) * 51), HoursProblem.TOO_MANY),
    ],
)
def test_rules_without_sense_are_refused(make: object, problem: HoursProblem) -> None:
    with pytest.raises(HoursRefused) as refused:
        make()  # type: ignore[operator]
    assert refused.value.problem is problem


def test_rules_that_share_time_are_found() -> None:
    hours = Hours(
        basic=(
            Basic(WORKDAYS, (540, 720)),
            Basic(frozenset({4, 5}), (700, 800)),
            Basic(frozenset({5}), (800, 900)),
        )
    )
    assert overlapping(hours) == [(0, 1)]
    assert plan_of(hours, date(2026, 6, 5), NONE).spans == ((540, 800),)


def test_what_is_kept_is_read_back() -> None:
    dice = random.Random(6)
    for _ in range(100):
        hours = random_hours(dice, date(2026, 6, 1))
        assert read_hours(as_json(hours)) == hours
    assert read_hours({}) == Hours()


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"basic": {}},
        {"basic": [1]},
        {"basic": [{"days": "1", "span": [540, 600]}]},
        {"basic": [{"days": [1], "span": [540]}]},
        {"basic": [{"days": [True], "span": [540, 600]}]},
        {"closed": [{}]},
        {"closed": [{"dates": {"repeat": "daily"}}]},
        {"closed": [{"dates": {"repeat": "monthly", "day": "1"}}]},
        {"special": [{"dates": {"repeat": "monthly", "day": 1}}]},
    ],
)
def test_what_cannot_be_read_is_refused(stored: object) -> None:
    with pytest.raises(HoursRefused):
        read_hours(stored)


def test_the_library_knows_substitute_and_bridging_holidays() -> None:
    holidays = japanese_holidays()
    assert date(2026, 5, 6) in holidays, "振替休日: 3 May 2026 is a Sunday"
    assert date(2026, 9, 22) in holidays, "国民の休日: between 敬老の日 and 秋分の日"
    assert date(2026, 9, 24) not in holidays
    assert names_of_holidays("ja")[date(2026, 5, 6)] == "振替休日"
    assert names_of_holidays("en")[date(2026, 5, 6)] == "Substitute Holiday"
    assert all(covers(year) for year in range(2016, 2050))
    assert not covers(2100)


def test_a_zone_is_not_always_japan() -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    hours = Hours(basic=(Basic(WORKDAYS, (9 * 60, 18 * 60)),))
    assert is_open(hours, at, BERLIN, NONE)
    assert not is_open(hours, at, TOKYO, NONE)


def test_doctor_says_when_next_year_is_not_known() -> None:
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC)):
        assert "known until 2099" in check_holidays(Settings())
    with time_machine.travel(datetime(2099, 11, 1, tzinfo=UTC)), pytest.raises(Doubt, match="2100"):
        check_holidays(Settings())
