"""When a camera is open (S4). Pure: rules, an instant, a zone and a set of holidays.

A business day runs from 6:00 to 30:00 by the clock on the wall: its minutes count from its
midnight, so Monday 23:00 to 29:00 is 1380..1740 of Monday and ends on Tuesday at 5:00. Rules
stand in three ranks, the later one wins:

1. basic (基本営業時間): weekdays and hours. 祝 is an eighth day: on a holiday only rules
   that have it ticked apply. Several rules add up; open wins.
2. special (特別営業時間): what the dates it names are open instead of rank 1.
3. closed (特別休業日): the dates it names are closed, whatever the others say.

Clocks jump. A time on the wall is reached the first time that the clock shows it or something
later: an hour that is left out is never open, one that comes twice opens or closes once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

# Minutes of a business day.
DAY_BEGINS, DAY_ENDS = 6 * 60, 30 * 60
HOLIDAY = 7  # the eighth day, beside Monday 0 to Sunday 6
MOST_RULES = 50
LAST_WEEK = -1  # the last such weekday of a month
# How far ahead a change is looked for.
HORIZON = timedelta(days=400)

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_BEGINS = timedelta(minutes=DAY_BEGINS)

# Minutes of a business day, from and to; the end is not part of it.
Span = tuple[int, int]
# Year, month, day and -1, or month, 0, which week and weekday; 0 stands for every one.
Key = tuple[int, int, int, int]


class Repeat(StrEnum):
    """How a special rule names its dates."""

    ONCE = "once"
    YEARLY = "yearly"
    MONTHLY = "monthly"
    WEEKDAY = "weekday"  # the Nth such weekday of every month, or of one


class HoursProblem(StrEnum):
    """What can be wrong with a rule."""

    NO_DAYS = "no_days"
    NO_SUCH_DATE = "no_such_date"
    OUT_OF_DAY = "out_of_day"
    END_BEFORE_START = "end_before_start"
    FORM = "form"
    TOO_MANY = "too_many"


class HoursRefused(ValueError):
    """A rule that makes no sense; ``problem`` says why."""

    def __init__(self, problem: HoursProblem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Basic:
    """①: open on these days (Monday 0 to Sunday 6, HOLIDAY 7) during ``span``."""

    days: frozenset[int]
    span: Span

    def __post_init__(self) -> None:
        if not self.days:
            raise HoursRefused(HoursProblem.NO_DAYS, "A basic rule names no day.")
        if not all(0 <= day <= HOLIDAY for day in self.days):
            raise HoursRefused(HoursProblem.FORM, "A day lies between 0 and 7.")
        check_span(self.span)


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates that a special rule names.

    ``once``      ``year``, ``month``, ``day``.
    ``yearly``    ``month``, ``day``; 29 February is there in leap years only.
    ``monthly``   ``day``; months that lack it have none.
    ``weekday``   the ``nth`` (1..5, -1 the last) ``weekday`` of ``month``, or of every month
                  when that is 0; months without a fifth have none.
    """

    repeat: Repeat
    year: int = 0
    month: int = 0
    day: int = 0
    nth: int = 0
    weekday: int = 0

    def __post_init__(self) -> None:
        if not _EXISTS[self.repeat](self):
            raise HoursRefused(HoursProblem.NO_SUCH_DATE, f"There is no such date: {self}.")

    @property
    def key(self) -> Key:
        """What a day is looked up by: see ``_keys``."""
        if self.repeat is Repeat.WEEKDAY:
            return self.month, 0, self.nth, self.weekday
        year = self.year if self.repeat is Repeat.ONCE else 0
        return year, 0 if self.repeat is Repeat.MONTHLY else self.month, self.day, -1

    def names(self, day: date) -> bool:
        """Whether ``day`` is one of them."""
        return self.key in _keys(day)


@dataclass(frozen=True, slots=True)
class Special:
    """②: open on these dates during ``span``, instead of what the basic rules say."""

    dates: Dates
    span: Span

    def __post_init__(self) -> None:
        check_span(self.span)


class Source(StrEnum):
    """Which rank decided about a day."""

    BASIC = "basic"
    SPECIAL = "special"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Hours:
    """All rules of a camera. One without a single rule is never open.

    ``_of_kind`` and the two after it are the same rules, made to be looked up by day.
    """

    basic: tuple[Basic, ...] = ()
    special: tuple[Special, ...] = ()
    closed: tuple[Dates, ...] = ()
    _of_kind: tuple[tuple[Span, ...], ...] = field(init=False, repr=False, compare=False)
    _special: dict[Key, list[Span]] = field(init=False, repr=False, compare=False)
    _closed: frozenset[Key] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.size > MOST_RULES:
            raise HoursRefused(HoursProblem.TOO_MANY, f"There are {self.size} rules.")
        special: dict[Key, list[Span]] = {}
        for rule in self.special:
            special.setdefault(rule.dates.key, []).append(rule.span)
        of_kind = tuple(
            tuple(rule.span for rule in self.basic if kind in rule.days)
            for kind in range(HOLIDAY + 1)
        )
        object.__setattr__(self, "_of_kind", of_kind)
        object.__setattr__(self, "_special", special)
        object.__setattr__(self, "_closed", frozenset(dates.key for dates in self.closed))

    def decide(self, day: date, holidays: Collection[date]) -> tuple[Sequence[Span], Source]:
        """The spans of the rank that decides about ``day``, as they stand in its rules."""
        if self._closed or self._special:
            keys = _keys(day)
            if not self._closed.isdisjoint(keys):
                return (), Source.CLOSED
            special = [span for key in keys for span in self._special.get(key, ())]
            if special:
                return special, Source.SPECIAL
        return self._of_kind[HOLIDAY if day in holidays else day.weekday()], Source.BASIC

    @property
    def size(self) -> int:
        """How many rules there are."""
        return len(self.basic) + len(self.special) + len(self.closed)


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A business day: when it is open (merged, in order), and which rank said so."""

    day: date
    spans: tuple[Span, ...]
    source: Source
    is_holiday: bool


def plan_of(hours: Hours, day: date, holidays: Collection[date]) -> DayPlan:
    """Say how the business day ``day`` goes; for calendars."""
    spans, source = hours.decide(day, holidays)
    return DayPlan(day, tuple(_merged(spans)), source, day in holidays)


def is_open(hours: Hours, at: datetime, zone: tzinfo, holidays: Collection[date]) -> bool:
    """Whether ``hours`` are open at the aware instant ``at``."""
    local = at.astimezone(zone)
    if local.fold:  # this hour was there before: what was reached then stays
        around = (business_day(at, zone) + step * _DAY for step in (-1, 0, 1))
        return any(a <= at < b for day in around for a, b in intervals(hours, day, zone, holidays))
    minute = local.hour * 60 + local.minute
    day = local.date()
    if minute < DAY_BEGINS:
        minute += 24 * 60
        day -= _DAY
    return any(start <= minute < end for start, end in hours.decide(day, holidays)[0])


def business_day(at: datetime, zone: tzinfo) -> date:
    """The date of the business day that ``at`` belongs to: 25:00 on Monday is Monday."""
    return (at.astimezone(zone).replace(tzinfo=None) - _BEGINS).date()


def intervals(
    hours: Hours, day: date, zone: tzinfo, holidays: Collection[date]
) -> list[tuple[datetime, datetime]]:
    """The instants of one business day from and until which it is open, in order."""
    found = []
    for start, end in _merged(hours.decide(day, holidays)[0]):
        opens, closes = instant_of(day, start, zone), instant_of(day, end, zone)
        if opens < closes:  # an hour that the clock leaves out is no time at all
            found.append((opens, closes))
    return found


def next_change(
    hours: Hours,
    at: datetime,
    zone: tzinfo,
    holidays: Collection[date],
    horizon: timedelta = HORIZON,
) -> datetime | None:
    """The first instant after ``at`` at which open becomes closed or the other way round.

    None when there is none within ``horizon``.
    """
    first = business_day(at, zone) - _DAY
    days = (first + number * _DAY for number in range(horizon.days + 2))
    for opens, closes in _joined(hours, days, zone, holidays):
        if closes <= at:
            continue
        now_open = opens <= at
        change = closes if now_open else opens
        return change if change - at <= horizon else None
    return None


def instant_of(day: date, minute: int, zone: tzinfo) -> datetime:
    """The instant at which the wall clock first shows ``minute`` of ``day``, or a later time."""
    wall = datetime.combine(day, time()) + minute * _MINUTE
    at = wall.replace(tzinfo=zone)
    before = at.utcoffset()
    after = at.replace(fold=1).utcoffset()
    if before is None or after is None or before >= after:  # no jump ahead: it is there, or twice
        return at.astimezone(UTC)
    # The clock leaves it out: the jump lies between what the two offsets say.
    early, late = at.replace(fold=1).astimezone(UTC), at.astimezone(UTC)
    while late - early > _MINUTE:
        middle = early + (late - early) // _MINUTE // 2 * _MINUTE
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            late = middle
        else:
            early = middle
    return late


def overlapping(hours: Hours) -> list[tuple[int, int]]:
    """Pairs of basic rules (by index) that name a common day and share time on it."""
    found = []
    for second, rule in enumerate(hours.basic):
        for first, other in enumerate(hours.basic[:second]):
            shares_time = max(rule.span[0], other.span[0]) < min(rule.span[1], other.span[1])
            if shares_time and rule.days & other.days:
                found.append((first, second))
    return found


def check_span(span: Span) -> None:
    """Raise ``HoursRefused`` unless it lies within a business day and has a length."""
    start, end = span
    if not (DAY_BEGINS <= start <= DAY_ENDS and DAY_BEGINS <= end <= DAY_ENDS):
        raise HoursRefused(HoursProblem.OUT_OF_DAY, "Times lie between 6:00 and 30:00.")
    if end <= start:
        raise HoursRefused(HoursProblem.END_BEFORE_START, "The end comes after the start.")


def _keys(day: date) -> tuple[Key, ...]:
    """Every key by which a rule can name ``day``."""
    year, month, number, weekday = day.year, day.month, day.day, day.weekday()
    week = (number + 6) // 7
    keys = (
        (year, month, number, -1),
        (0, month, number, -1),
        (0, 0, number, -1),
        (month, 0, week, weekday),
        (0, 0, week, weekday),
    )
    if week < 4 or (day + 7 * _DAY).month == month:
        return keys
    return (*keys, (month, 0, LAST_WEEK, weekday), (0, 0, LAST_WEEK, weekday))


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    open_from, open_to = -1, -1
    for start, end in sorted(spans):
        if start <= open_to:
            open_to = max(open_to, end)
            continue
        if open_to >= 0:
            yield open_from, open_to
        open_from, open_to = start, end
    if open_to >= 0:
        yield open_from, open_to


def _joined(
    hours: Hours, days: Iterable[date], zone: tzinfo, holidays: Collection[date]
) -> Iterator[tuple[datetime, datetime]]:
    """The open times of these days, where 30:00 and the next day's 6:00 are one moment.

    The last one may go on after the days.
    """
    held: tuple[datetime, datetime] | None = None
    for day in days:
        for opens, closes in intervals(hours, day, zone, holidays):
            if held is None:
                held = (opens, closes)
            elif opens <= held[1]:
                held = (held[0], max(held[1], closes))
            else:
                yield held
                held = (opens, closes)
    if held is not None:
        yield held


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


_EXISTS: Mapping[Repeat, Callable[[Dates], bool]] = {
    Repeat.ONCE: lambda dates: _is_date(dates.year, dates.month, dates.day),
    Repeat.YEARLY: lambda dates: _is_date(2024, dates.month, dates.day),  # a leap year
    Repeat.MONTHLY: lambda dates: 1 <= dates.day <= 31,
    Repeat.WEEKDAY: lambda dates: (
        dates.nth in {1, 2, 3, 4, 5, LAST_WEEK}
        and 0 <= dates.weekday <= 6
        and 0 <= dates.month <= 12
    ),
}
