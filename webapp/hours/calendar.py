"""A month of business hours, day by day, as the calendar shows it."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from webapp.domain.hours import DAY_BEGINS, DAY_ENDS, Hours, Source, Span, business_day, plan_of
from webapp.hours.forms import clock
from webapp.hours.holidays import japanese_holidays, names_of_holidays
from webapp.i18n import Locale

# How far the calendar turns its pages.
MONTHS_EITHER_WAY = 24
# So many open times fit into a day; the rest is told in its words.
SHOWN = 2


@dataclass(frozen=True, slots=True)
class Day:
    """One day. ``spans`` are short (9–18), ``words`` say it in full; none of them: closed."""

    day: date
    spans: tuple[str, ...]
    words: str
    source: Source
    holiday: str
    is_today: bool

    @property
    def is_special(self) -> bool:
        """Whether another rank than the basic one decided."""
        return self.source is not Source.BASIC


@dataclass(frozen=True, slots=True)
class Month:
    """The weeks of a month from Monday on; None stands before its first and after its last day."""

    title: str
    weeks: tuple[tuple[Day | None, ...], ...]


def month_of(
    hours: Hours | None, first: date, locale: Locale, now: datetime, closed: str, all_day: str
) -> Month:
    """Draw up the month that begins at ``first``; without hours every day is open throughout.

    ``closed`` and ``all_day`` are these words in the reader's language.
    """
    today = business_day(now, ZoneInfo(locale.time_zone))
    weeks = tuple(
        tuple(
            _day(hours, day, locale, (closed, all_day), today) if day.month == first.month else None
            for day in week
        )
        for week in Calendar().monthdatescalendar(first.year, first.month)
    )
    pattern = "yyyy年M月" if locale.language == "ja" else "MMMM yyyy"
    return Month(str(format_date(first, pattern, locale=locale.language)), weeks)


def read_month(text: str, now: datetime, time_zone: str) -> date:
    """The first day of the month that is asked for (2026-12); this month for anything else."""
    this = business_day(now, ZoneInfo(time_zone)).replace(day=1)
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        return this
    return asked if abs(_months(asked) - _months(this)) <= MONTHS_EITHER_WAY else this


def neighbours(first: date, now: datetime, time_zone: str) -> tuple[str, str]:
    """The months before and after, as an address names them; empty beyond the last page."""
    this = _months(business_day(now, ZoneInfo(time_zone)))
    found = []
    for step in (-1, 1):
        month = _months(first) + step
        near = abs(month - this) <= MONTHS_EITHER_WAY
        found.append(f"{month // 12:04}-{month % 12 + 1:02}" if near else "")
    return found[0], found[1]


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _day(
    hours: Hours | None, day: date, locale: Locale, words: tuple[str, str], today: date
) -> Day:
    holiday = names_of_holidays(locale.language).get(day, "")
    if hours is None:
        return Day(day, (words[1],), words[1], Source.BASIC, holiday, day == today)
    plan = plan_of(hours, day, japanese_holidays())
    full = [f"{clock(start)}–{clock(end)}" for start, end in plan.spans]
    return Day(
        day=day,
        spans=tuple(_short(span, words[1]) for span in plan.spans),
        words=", ".join(full) or words[0],
        source=plan.source,
        holiday=holiday,
        is_today=day == today,
    )


def _short(span: Span, all_day: str) -> str:
    if span == (DAY_BEGINS, DAY_ENDS):
        return all_day
    return "–".join(clock(minute).removesuffix(":00") for minute in span)
