"""The naive way to tell whether a camera is open: minute by minute, and rule by rule.

It shares nothing with ``webapp.domain.hours`` but the rules themselves, and is what those
are compared with. What the wall clock has reached is found by looking at it each minute.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.hours import Basic, Dates, Hours, Repeat, Special

MINUTE = timedelta(minutes=1)
# No clock goes back further than this.
LONGEST_FOLD = timedelta(hours=3)

# Zones whose clocks jump in both directions at various hours, by half an hour and by a whole
# day among them, and some that never do.
ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "Asia/Tokyo",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "America/Havana",
        "America/Scoresbysund",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Beirut",
        "Pacific/Apia",
        "Pacific/Chatham",
        "Asia/Kathmandu",
        "UTC",
    )
)


def minutes(
    hours: Hours, first: datetime, count: int, zone: ZoneInfo, holidays: Collection[date]
) -> Iterator[bool]:
    """Whether it is open in each of ``count`` minutes from ``first`` on."""
    at = first - LONGEST_FOLD
    reached = at.astimezone(zone).replace(tzinfo=None)
    while at < first:
        reached = max(reached, at.astimezone(zone).replace(tzinfo=None))
        at += MINUTE
    for _ in range(count):
        reached = max(reached, at.astimezone(zone).replace(tzinfo=None))
        yield _open_by_the_wall(hours, reached, holidays)
        at += MINUTE


def _open_by_the_wall(hours: Hours, wall: datetime, holidays: Collection[date]) -> bool:
    """Whether the rules are open when a clock shows ``wall``, which may be before 6:00."""
    day = wall.date() if wall.hour >= 6 else wall.date() - timedelta(days=1)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall has no zone
    minute = int((wall - midnight).total_seconds() // 60)
    if any(day in set(_dates_in_month(rule, day)) for rule in hours.closed):
        return False
    special = [rule for rule in hours.special if day in set(_dates_in_month(rule.dates, day))]
    if special:
        return any(minute in range(*rule.span) for rule in special)
    for rule in hours.basic:
        if day in holidays:
            applies = 7 in rule.days
        else:
            applies = ("月火水木金土日"[day.weekday()]) in {
                "月火水木金土日祝"[n] for n in rule.days
            }
        if applies and minute in range(*rule.span):
            return True
    return False


def _dates_in_month(dates: Dates, near: date) -> Iterator[date]:
    """Write down every date of the month of ``near`` that the rule means."""
    weeks = calendar.monthcalendar(near.year, near.month)
    numbers = [number for week in weeks for number in week if number]
    if dates.repeat is Repeat.WEEKDAY:
        if dates.month in {0, near.month}:
            column = [week[dates.weekday] for week in weeks if week[dates.weekday]]
            place = dates.nth - 1 if dates.nth > 0 else len(column) - 1
            numbers = column[place : place + 1]
        else:
            numbers = []
    else:
        if dates.repeat is not Repeat.MONTHLY and dates.month != near.month:
            numbers = []
        if dates.repeat is Repeat.ONCE and dates.year != near.year:
            numbers = []
        numbers = [number for number in numbers if number == dates.day]
    for number in numbers:
        yield date(near.year, near.month, number)


def random_hours(dice: random.Random, near: date, most: int = 6) -> Hours:
    """Rules of which several say something of the days around ``near``."""
    return Hours(
        basic=tuple(
            Basic(frozenset(dice.sample(range(8), dice.randint(1, 8))), _span(dice))
            for _ in range(dice.randint(0, most))
        ),
        special=tuple(
            Special(_dates(dice, near), _span(dice)) for _ in range(dice.randint(0, most))
        ),
        closed=tuple(_dates(dice, near) for _ in range(dice.randint(0, most // 2))),
    )


def random_instant(dice: random.Random, zone: ZoneInfo) -> datetime:
    """A minute of one of many years; every other one lies close to a jump of the clock."""
    at = datetime(dice.randint(2008, 2032), 1, 1, tzinfo=UTC)
    at += timedelta(minutes=dice.randrange(366 * 24 * 60))
    if dice.random() < 0.5:
        at = _jump_after(at, zone) + timedelta(minutes=dice.randint(-300, 300))
    return at


def _jump_after(at: datetime, zone: ZoneInfo) -> datetime:
    """The next change of the offset within a year, to the hour; ``at`` when there is none."""
    offset = at.astimezone(zone).utcoffset()
    for step in range(1, 53):
        later = at + timedelta(weeks=step)
        if later.astimezone(zone).utcoffset() != offset:
            while later.astimezone(zone).utcoffset() != offset:
                later -= timedelta(hours=1)
            return later
    return at


def _span(dice: random.Random) -> tuple[int, int]:
    # Few different times, so that ends and starts meet, and jumps fall into them.
    start = dice.choice(range(360, 1800, dice.choice((1, 15, 60))))
    return start, min(1800, start + dice.choice((1, 30, 60, 180, 600, 1440)))


def _dates(dice: random.Random, near: date) -> Dates:
    day = near + timedelta(days=dice.randint(-2, 2))
    repeat = dice.choice(list(Repeat))
    if repeat is Repeat.ONCE:
        return Dates(repeat, year=day.year, month=day.month, day=day.day)
    if repeat is Repeat.YEARLY:
        return Dates(repeat, month=day.month, day=day.day)
    if repeat is Repeat.MONTHLY:
        return Dates(repeat, day=day.day)
    nth = dice.choice((-1, 5, (day.day + 6) // 7))
    month = dice.choice((0, day.month, dice.randint(1, 12)))
    return Dates(repeat, month=month, nth=nth, weekday=day.weekday())
