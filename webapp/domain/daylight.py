"""Which of a camera's backgrounds serves when: one for always, or one by day and one by night.

Part ``ALL`` is the fixed picture and, with the change of day and night, the one of the day: so
nothing is lost by switching, and without a night picture the day's serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

MINUTES_A_DAY = 24 * 60
DAY_STARTS, DAY_ENDS = 8 * 60, 17 * 60


class Part(StrEnum):
    """What a registered background is for."""

    ALL = "all"
    NIGHT = "night"


@dataclass(frozen=True, slots=True)
class Daylight:
    """``changes``: whether there is a night at all; the day in minutes from midnight.

    The day goes from ``starts`` up to, not including, ``ends``, with 0 <= starts < ends <= 1440.
    Raises ValueError for anything else.
    """

    changes: bool = False
    starts: int = DAY_STARTS
    ends: int = DAY_ENDS

    def __post_init__(self) -> None:
        if not 0 <= self.starts < self.ends <= MINUTES_A_DAY:
            raise ValueError("a day starts before it ends, and both lie within one date")

    def part(self, local: time) -> Part:
        """Say which part serves at that time of the organisation's clocks."""
        minute = local.hour * 60 + local.minute
        if not self.changes or self.starts <= minute < self.ends:
            return Part.ALL
        return Part.NIGHT


def read_time(text: str) -> int | None:
    """Minutes from midnight of "8:00" or "24:00"; None for what is no time of a day."""
    hour, colon, minute = text.partition(":")
    digits = hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()
    if not colon or not digits or len(hour) > 2 or len(minute) != 2 or int(minute) > 59:
        return None
    minutes = int(hour) * 60 + int(minute)
    return minutes if minutes <= MINUTES_A_DAY else None


def time_text(minutes: int) -> str:
    """08:00, as a field for a time shows it."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
