"""What a monthly report says, from the quarter hours of a month (F5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

WEEK, DAY_HOURS = 7, 24
# An hour that was seen less often than this says nothing about hours of its kind.
LEAST_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Quarter:
    """One quarter hour: ``people`` is its mean, ``high`` its most, ``n`` its analysed minutes."""

    at: datetime
    people: float
    high: int
    n: int


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the week: ``weekday`` 0 is Monday; ``people`` the mean over the month."""

    weekday: int
    hour: int
    people: float


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day of the month; None: nothing was analysed."""

    day: date
    people: float | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is counted of a month. ``week`` is 7 x 24, None where nothing is known.

    ``peak`` is the quarter hour in which the most were seen. ``change`` compares the mean with
    the month before: 0.1 is a tenth more; None when there is nothing to compare.
    """

    mean: float | None
    peak: Quarter | None
    week: tuple[tuple[float | None, ...], ...]
    busiest: Hour | None
    quietest: Hour | None
    days: tuple[DayFigures, ...]
    change: float | None


def figures(
    quarters: Sequence[Quarter], before: Sequence[Quarter], month: date, zone: tzinfo
) -> Figures:
    """Count a month (``month`` is its first day); ``before`` are the quarters of the one before.

    Means are over analysed minutes. Days and hours are those of ``zone``.
    """
    mean, mean_before = _mean(quarters), _mean(before)
    cells: dict[tuple[int, int], list[Quarter]] = {}
    days: dict[date, list[Quarter]] = {}
    for quarter in quarters:
        local = quarter.at.astimezone(zone)
        cells.setdefault((local.weekday(), local.hour), []).append(quarter)
        days.setdefault(local.date(), []).append(quarter)
    week = tuple(
        tuple(_mean(cells.get((weekday, hour), ())) for hour in range(DAY_HOURS))
        for weekday in range(WEEK)
    )
    hours = [
        Hour(weekday, hour, people)
        for (weekday, hour), found in sorted(cells.items())
        if len(found) >= LEAST_QUARTERS and (people := _mean(found)) is not None
    ]
    return Figures(
        mean=mean,
        peak=max(quarters, key=lambda quarter: quarter.high, default=None),
        week=week,
        busiest=max(hours, key=lambda hour: hour.people, default=None),
        quietest=min(hours, key=lambda hour: hour.people, default=None),
        days=tuple(_day(day, days.get(day, ())) for day in days_of(month)),
        change=mean / mean_before - 1 if mean is not None and mean_before else None,
    )


def add_up(cameras: Iterable[Sequence[Quarter]]) -> list[Quarter]:
    """The sums of several cameras, quarter hour by quarter hour, of those that were analysed.

    ``high`` is the sum of the means, rounded: the cameras' most were seldom reached together.
    """
    sums: dict[datetime, tuple[float, int]] = {}
    for quarters in cameras:
        for quarter in quarters:
            people, n = sums.get(quarter.at, (0.0, 0))
            sums[quarter.at] = (people + quarter.people, max(n, quarter.n))
    return [Quarter(at, people, round(people), n) for at, (people, n) in sorted(sums.items())]


def days_of(month: date) -> list[date]:
    """Every day of the month."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    first = month.replace(day=1)
    return [first + timedelta(days=number) for number in range((following - first).days)]


def month_before(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def _day(day: date, quarters: Sequence[Quarter]) -> DayFigures:
    return DayFigures(day, _mean(quarters), max((one.high for one in quarters), default=None))


def _mean(quarters: Sequence[Quarter]) -> float | None:
    minutes = sum(quarter.n for quarter in quarters)
    if not minutes:
        return None
    return sum(quarter.people * quarter.n for quarter in quarters) / minutes
