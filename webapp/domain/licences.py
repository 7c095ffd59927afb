"""Licences (L1-L3): what is in force on a day, what is in excess of it, and what is to come.

A day is a day of the organisation's calendar: whoever asks brings it (``local_day``). So a
licence begins and ends at midnight there, whatever the clocks elsewhere say, and a clock that
jumped back only asks about another day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

CALLS_A_CAMERA = 10_000
CALLS_A_PACK = 100_000

# Whoever has fewer calls left is told at sign-in.
FEW_CALLS = 5_000
# How long ahead an end is announced.
AHEAD = timedelta(days=14)


class Stop(StrEnum):
    """Why the licence lets a camera stand still; kept with the camera."""

    NONE = ""
    EXCESS = "excess"  # there are more cameras than licences, and this is one of the newest
    ENDED = "ended"  # the camera licence has run out


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed. ``cameras`` None is unlimited, which needs no packs either.

    ``cameras_until`` and ``packs_until`` are the last good days; None: renewed each month.
    """

    cameras: int | None = None
    cameras_until: date | None = None
    packs: int = 0
    packs_until: date | None = None


UNLIMITED = Terms()


@dataclass(frozen=True, slots=True)
class Change:
    """Terms that hold from a day on, until the next change."""

    effective_on: date
    terms: Terms


@dataclass(frozen=True, slots=True)
class Limit:
    """How many cameras may run; ``cameras`` None is unlimited. ``stop`` is for the others."""

    cameras: int | None
    stop: Stop


class Coming(StrEnum):
    """What is announced."""

    CAMERAS_END = "cameras_end"
    CAMERAS_FEWER = "cameras_fewer"
    PACKS_END = "packs_end"


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that stops on ``day``; ``cameras`` are the positions of those it is about."""

    what: Coming
    day: date
    limit: int = 0
    cameras: tuple[int, ...] = ()


def local_day(at: datetime, zone: tzinfo) -> date:
    """The day that it is there at ``at``."""
    return at.astimezone(zone).date()


def month_name(day: date) -> str:
    """The month of a day, as it is kept: 2026-03."""
    return f"{day:%Y-%m}"


def month_end(day: date) -> date:
    """The last day of the month in which ``day`` lies."""
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1)


def terms_on(changes: Sequence[Change], day: date) -> Terms:
    """The terms in force on ``day``; of changes for one day the last in the sequence counts.

    Before the first change, and without any, an organisation is unlimited.
    """
    begun = [change for change in changes if change.effective_on <= day]
    if not begun:
        return UNLIMITED
    newest = max(change.effective_on for change in begun)
    return [change.terms for change in begun if change.effective_on == newest][-1]


def limit_on(terms: Terms, day: date) -> Limit:
    """How many cameras these terms let run on ``day``."""
    if terms.cameras_until is not None and day > terms.cameras_until:
        return Limit(0, Stop.ENDED)
    return Limit(terms.cameras, Stop.EXCESS)


def packs_on(terms: Terms, day: date) -> int:
    """How many packs of calls are good on ``day``."""
    ended = terms.packs_until is not None and day > terms.packs_until
    return 0 if ended else terms.packs


def quota_on(terms: Terms, day: date) -> int | None:
    """Calls a month by the terms of ``day``; None is unlimited."""
    limit = limit_on(terms, day).cameras
    if limit is None:
        return None
    return CALLS_A_CAMERA * limit + CALLS_A_PACK * packs_on(terms, day)


def good_until(until: date | None, day: date) -> date:
    """The day that is shown as the end: the agreed one, or the end of the month (月更新)."""
    return until or month_end(day)


def in_excess(limit: Limit, cameras: int) -> range:
    """Which of so many cameras, the oldest first, have to stand still: the newest ones."""
    allowed = cameras if limit.cameras is None else min(limit.cameras, cameras)
    return range(allowed, cameras)


def announcements(changes: Sequence[Change], day: date, cameras: int) -> list[Announcement]:
    """What will stop within the next 14 days for an organisation with so many cameras.

    An end that a change already made puts off is none; fewer licences that still suffice for
    the cameras stop nothing.
    """
    found: dict[Coming, Announcement] = {}
    today = terms_on(changes, day)
    for ahead in range(1, AHEAD.days + 1):
        then = day + timedelta(days=ahead)
        terms = terms_on(changes, then)
        for announcement in _of_day(today, terms, (day, then), cameras):
            found.setdefault(announcement.what, announcement)
    if Coming.CAMERAS_END in found and Coming.CAMERAS_FEWER in found:
        ends, fewer = found[Coming.CAMERAS_END], found[Coming.CAMERAS_FEWER]
        if ends.day <= fewer.day:
            del found[Coming.CAMERAS_FEWER]
    return sorted(found.values(), key=lambda announcement: announcement.day)


def _of_day(
    today: Terms, terms: Terms, days: tuple[date, date], cameras: int
) -> list[Announcement]:
    day, then = days
    before, after = limit_on(today, day), limit_on(terms, then)
    found = []
    if after.stop is Stop.ENDED and before.stop is not Stop.ENDED:
        every = tuple(range(cameras))
        found.append(Announcement(Coming.CAMERAS_END, then, cameras=every))
    elif after.stop is Stop.EXCESS and before.stop is Stop.EXCESS:
        new = tuple(n for n in in_excess(after, cameras) if n not in in_excess(before, cameras))
        if new:
            found.append(Announcement(Coming.CAMERAS_FEWER, then, after.cameras or 0, new))
    if packs_on(today, day) and not packs_on(terms, then):
        found.append(Announcement(Coming.PACKS_END, then))
    return found
