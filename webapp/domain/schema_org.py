"""Opening hours and state as schema.org has them (E2), for search engines and assistants. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from webapp.domain.forecast.slots import WEEKDAYS
from webapp.domain.hours import Hours, Span, plan_of

# So far ahead the days that differ from the usual week are named.
_AHEAD = 14
_DAY = timedelta(days=1)
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Json = dict[str, Any]


def opening_of(hours: Hours | None, today: date, holidays: Collection[date]) -> Json:
    """The usual week and the days ahead that differ; nothing where no hours are kept.

    Hours after midnight close on the next day by the clock: ``closes`` lies before ``opens`` then.
    """
    if hours is None:
        return {}
    days = [today + number * _DAY for number in range(_AHEAD)]
    usual = {weekday: _usual(hours, today, weekday, holidays) for weekday in range(WEEKDAYS)}
    specials = [
        one
        for day in days
        if (spans := plan_of(hours, day, holidays).spans) != usual[day.weekday()]
        for one in _special(day, spans)
    ]
    week = [
        {**_entry(span), "dayOfWeek": f"https://schema.org/{_NAMES[weekday]}"}
        for weekday, spans in usual.items()
        for span in spans
    ]
    opening: Json = {"openingHoursSpecification": week}
    return opening | ({"specialOpeningHoursSpecification": specials} if specials else {})


def place_of(name: str, language: str, opening: Json, state: tuple[str, str]) -> Json:
    """The place with its hours and ``state``: what is told, and how it stands with it."""
    told, word = state
    return {
        "@context": ["https://schema.org", {"@language": language}],
        "@type": "Place",
        "name": name,
        **opening,
        "additionalProperty": [{"@type": "PropertyValue", "name": told, "value": word}],
    }


def _usual(hours: Hours, today: date, weekday: int, holidays: Collection[date]) -> tuple[Span, ...]:
    """What most of the next such weekdays have: a special day is not the usual one."""
    first = today + timedelta(days=(weekday - today.weekday()) % WEEKDAYS)
    days = [first + number * 7 * _DAY for number in range(5)]
    plans = [plan_of(hours, day, holidays).spans for day in days if day not in holidays]
    return max(plans, key=plans.count, default=())


def _special(day: date, spans: tuple[Span, ...]) -> list[Json]:
    valid = {"validFrom": day.isoformat(), "validThrough": day.isoformat()}
    # By convention, open for no time at all is closed.
    closed: Json = {"@type": "OpeningHoursSpecification", "opens": "00:00", "closes": "00:00"}
    return [{**_entry(span), **valid} for span in spans] or [{**closed, **valid}]


def _entry(span: Span) -> Json:
    opens, closes = span
    return {
        "@type": "OpeningHoursSpecification",
        "opens": _clock(opens),
        # A whole day would open and close at the same time, which means closed.
        "closes": _clock(closes if closes - opens < 24 * 60 else closes - 1),
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
