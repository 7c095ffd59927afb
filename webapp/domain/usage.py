"""What the calls of a month come to: how far they reach, and when admins are told (E3).

A day is a day of the organisation's calendar. The forecast is plain: the level of the last two
weeks, with a weekday's share once two weeks are known, carried on to the end of the month.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from math import ceil

from webapp.domain.licences import month_end

# Shares of the quota (in percent) that admins are told of, the one that matters more last.
THRESHOLDS = (80, 100)
# What was told is kept for so many quotas of a month; nobody changes a quota more often.
MOST_MARKS = 20

# So many days before today say what a weekday is like, and so many how much there is at all.
WEEKDAYS_FROM, LEVEL_FROM = 28, 14
# So many days and parts of days have to be known before anything is said.
LEAST_DAYS = 0.25
# A part of a call that is none, but what adding up leaves.
_NOISE = 1e-3


class Reach(StrEnum):
    """How far the calls of a month reach."""

    UNLIMITED = "unlimited"
    NO_CALLS = "no_calls"  # nothing was agreed, so there is nothing to use
    USED_UP = "used_up"
    UNKNOWN = "unknown"  # too little was seen
    RUNS_OUT = "runs_out"
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True)
class Outlook:
    """``day`` is the one on which the quota is used up; ``expected`` the calls by month's end."""

    reach: Reach
    day: date | None = None
    expected: int | None = None


def share_of_day(at: datetime, zone: tzinfo) -> float:
    """How much of the day is over there at ``at``, from 0 to 1; days of 23 or 25 hours too."""
    day = at.astimezone(zone).date()
    begun, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    return min(1.0, max(0.0, (at - begun) / (ends - begun)))


def outlook(
    by_day: Mapping[date, int], today: date, share: float, quota: int | None, used: int
) -> Outlook:
    """How far the quota of this month reaches.

    ``by_day`` are the calls of the month and of the four weeks before today, as far as there
    were any; ``share`` is how much of today is over; ``used`` are the calls of the month.
    """
    if quota is None:
        return Outlook(Reach.UNLIMITED)
    if quota <= 0:
        return Outlook(Reach.NO_CALLS)
    if used >= quota:
        return Outlook(Reach.USED_UP)
    pace = _pace(by_day, today, share)
    if pace is None:
        return Outlook(Reach.UNKNOWN)
    expected, runs_out = float(used), None
    for ahead in range((month_end(today) - today).days + 1):
        day = today + timedelta(days=ahead)
        expected += pace[day.weekday()] * (1 - share if ahead == 0 else 1)
        if runs_out is None and expected > quota + _NOISE:
            runs_out = day
    reach = Reach.ENOUGH if runs_out is None else Reach.RUNS_OUT
    return Outlook(reach, runs_out, ceil(expected - _NOISE))


def thresholds_reached(calls: int, quota: int | None) -> list[int]:
    """Which shares of the quota (in percent) are used, the greatest last."""
    if not quota or quota < 0:
        return []
    return [percent for percent in THRESHOLDS if calls * 100 >= percent * quota]


def news(calls: int, quota: int | None, told: Sequence[str]) -> tuple[int, list[str]]:
    """The share to tell of (0: none is news), and the marks of everything told from then on.

    A share is told once for each quota of a month: another quota makes it news again, for
    what was done about the first mail was not enough, or its calls were taken back.
    """
    reached = thresholds_reached(calls, quota)
    new = [percent for percent in reached if _mark(percent, quota) not in told]
    if not new:
        return 0, list(told)
    marks = [*told, *(_mark(percent, quota) for percent in new)]
    return new[-1], marks[-MOST_MARKS:]


def _mark(percent: int, quota: int | None) -> str:
    return f"{percent} {quota}"


def _pace(by_day: Mapping[date, int], today: date, share: float) -> Sequence[float] | None:
    """The calls of a whole day by weekday (0 is Monday); None where too little is known."""
    past = [today - timedelta(days=ago) for ago in range(WEEKDAYS_FROM, 0, -1)]
    first = next((n for n, day in enumerate(past) if by_day.get(day)), len(past))
    known = past[first:]  # before the first call of all there was nothing to look at
    shape = _shape(by_day, known)
    recent = known[-LEVEL_FROM:]
    weight = sum(shape[day.weekday()] for day in recent) + share * shape[today.weekday()]
    if len(recent) + share < LEAST_DAYS:
        return None
    calls = sum(by_day.get(day, 0) for day in (*recent, today))
    # Calls on weekdays that never had any: the shape does not hold.
    if weight <= 0:
        shape, weight = (1.0,) * 7, len(recent) + share
    return [calls / weight * one for one in shape]


def _shape(by_day: Mapping[date, int], known: Collection[date]) -> Sequence[float]:
    """What a weekday is in proportion to the mean day; all the same before two weeks are known."""
    total = sum(by_day.get(day, 0) for day in known)
    if len(known) < LEVEL_FROM or not total:
        return (1.0,) * 7
    mean = total / len(known)
    days: list[list[date]] = [[] for _ in range(7)]
    for day in known:
        days[day.weekday()].append(day)
    return [sum(by_day.get(day, 0) for day in ones) / len(ones) / mean for ones in days]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
