"""What a business day is to the calendar: a weekday, a holiday, or the eve of one (B5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)


class Kind(StrEnum):
    """What a business day is to the calendar."""

    WEEKDAY = "weekday"
    HOLIDAY = "holiday"
    EVE = "eve"


def kind_of(day: date, holidays: Collection[date]) -> Kind:
    """What a business day is: year's end (29 December to 3 January) is like holidays.

    An eve is a working day that a holiday follows.
    """
    if _is_holiday(day, holidays):
        return Kind.HOLIDAY
    if day.weekday() < 5 and _is_holiday(day + _DAY, holidays):
        return Kind.EVE
    return Kind.WEEKDAY


def _is_holiday(day: date, holidays: Collection[date]) -> bool:
    """Whether it is a holiday, or in the year's end."""
    return day in holidays or (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


def group_of(day: date, holidays: Collection[date]) -> int:
    """0 for a working day, 1 for another."""
    return int(day.weekday() >= 5 or _is_holiday(day, holidays))
