"""Business hours as they are kept: JSON, read again without trust."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from webapp.domain.hours import (
    Basic,
    Dates,
    Hours,
    HoursProblem,
    HoursRefused,
    Repeat,
    Span,
    Special,
)

T = TypeVar("T")


def as_json(hours: Hours) -> dict[str, Any]:
    """What is kept of these hours; equal hours give equal JSON."""
    return {
        "basic": [{"days": sorted(rule.days), "span": list(rule.span)} for rule in hours.basic],
        "special": [
            {"dates": _dates_json(rule.dates), "span": list(rule.span)} for rule in hours.special
        ],
        "closed": [{"dates": _dates_json(dates)} for dates in hours.closed],
    }


def read_hours(stored: Any) -> Hours:
    """Read what ``as_json`` wrote; nothing stored is no rule.

    Raises ``HoursRefused`` for anything else.
    """
    if not isinstance(stored, Mapping):
        raise _form("hours are an object")
    return Hours(
        basic=_all(stored, "basic", _basic),
        special=_all(stored, "special", _special),
        closed=_all(stored, "closed", lambda item: _dates(item.get("dates"))),
    )


def _all(
    stored: Mapping[str, Any], rank: str, read: Callable[[Mapping[str, Any]], T]
) -> tuple[T, ...]:
    items = stored.get(rank, [])
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise _form(f"{rank} is a list of objects")
    return tuple(read(item) for item in items)


def _basic(item: Mapping[str, Any]) -> Basic:
    days = item.get("days")
    if not isinstance(days, list) or not all(_is_number(day) for day in days):
        raise _form("days are a list of numbers")
    return Basic(frozenset(days), _span(item.get("span")))


def _special(item: Mapping[str, Any]) -> Special:
    return Special(_dates(item.get("dates")), _span(item.get("span")))


def _span(given: Any) -> Span:
    if not isinstance(given, list) or len(given) != 2 or not all(map(_is_number, given)):
        raise _form("a span is two numbers")
    return given[0], given[1]


def _dates(given: Any) -> Dates:
    if not isinstance(given, Mapping) or not set(given) <= {"repeat", *_NUMBERS}:
        raise _form("dates are an object")
    numbers = {name: given.get(name, 0) for name in _NUMBERS}
    if given.get("repeat") not in set(Repeat) or not all(map(_is_number, numbers.values())):
        raise _form("dates are a repeat and numbers")
    return Dates(Repeat(given["repeat"]), **numbers)


_NUMBERS = ("year", "month", "day", "nth", "weekday")


def _dates_json(dates: Dates) -> dict[str, Any]:
    return {"repeat": dates.repeat.value} | {
        name: value for name, value in asdict(dates).items() if name in _NUMBERS
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _form(message: str) -> HoursRefused:
    return HoursRefused(HoursProblem.FORM, f"Business hours cannot be read: {message}.")
