"""Which part of the past a chart shows, and in which steps (F2).

A chart has no use for more points than its width has pixels: longer ranges come in longer
steps. Steps follow the clock on the wall, so that a day is a day of the organisation also where
clocks are put forward or back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

QUARTER = 900
HOUR = 3600
DAY = 86_400
# Seconds of a step, from the one that is kept to the longest.
STEPS = (QUARTER, 2 * QUARTER, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
# Fewer pixels than this between two points are a smear.
PIXELS_A_POINT = 2
LEAST_PIXELS, MOST_PIXELS = 100, 4000

# 横幅: what can be chosen, from 3 hours to 12 months.
WIDTHS = {
    "3h": timedelta(hours=3),
    "6h": timedelta(hours=6),
    "12h": timedelta(hours=12),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
    "14d": timedelta(days=14),
    "1m": timedelta(days=31),
    "3m": timedelta(days=92),
    "6m": timedelta(days=183),
    "12m": timedelta(days=366),
}
USUAL_WIDTH = "1d"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a range in which the zone is ``offset`` seconds ahead of UTC throughout."""

    start: datetime
    end: datetime
    offset: int

    def bins(self, step: int) -> range:
        """The numbers of its steps, counted on the wall clock from 1970 on."""
        first = (int(self.start.timestamp()) + self.offset) // step
        last = -(-(int(self.end.timestamp()) + self.offset) // step)
        return range(first, last)

    def instant(self, number: int, step: int) -> int:
        """When a step begins, in seconds since 1970 (UTC)."""
        return number * step - self.offset


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted in one step: at least one minute of it was analysed.

    ``at_total`` and ``at_n`` are sum and number of the counts at :00, :15, :30 and :45.
    """

    total: int
    n: int
    low: int
    high: int
    at_total: int
    at_n: int

    def and_(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(
            self.total + other.total,
            self.n + other.n,
            min(self.low, other.low),
            max(self.high, other.high),
            self.at_total + other.at_total,
            self.at_n + other.at_n,
        )

    @property
    def mean(self) -> float:
        """The mean over all analysed minutes."""
        return self.total / self.n

    @property
    def at_quarters(self) -> float | None:
        """The count at the quarter hours, their mean where there are several; None: not known."""
        return self.at_total / self.at_n if self.at_n else None


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a series: when it begins; ``sums`` is None where nothing was analysed."""

    at: datetime
    sums: Sums | None


def step_for(length: timedelta, pixels: int) -> int:
    """The seconds of the shortest step that ``pixels`` can show over ``length``."""
    room = max(LEAST_PIXELS, min(pixels, MOST_PIXELS)) // PIXELS_A_POINT
    seconds = length.total_seconds()
    return next((step for step in STEPS if seconds / step <= room), STEPS[-1])


def stretches(start: datetime, end: datetime, zone: tzinfo) -> Iterator[Stretch]:
    """Cut a range where the zone's clocks are changed. Both ends fall on quarter hours."""
    while start < end:
        offset = _offset(start, zone)
        stop = _end_of_offset(start, end, zone, offset)
        yield Stretch(start, stop, offset)
        start = stop


def join(parts: Iterator[tuple[Stretch, dict[int, Sums]]], step: int) -> list[Point]:
    """Every step of a range in order, from what was found in each of its stretches.

    A step longer than an hour that a change of the clocks lies in is one step still.
    """
    starts: dict[int, int] = {}
    found: dict[int, Sums] = {}
    for stretch, sums in parts:
        for number in stretch.bins(step):
            instant = stretch.instant(number, step)
            key = number if step > HOUR else instant
            starts.setdefault(key, instant)
            if number in sums:
                found[key] = found[key].and_(sums[number]) if key in found else sums[number]
    return [
        Point(datetime.fromtimestamp(instant, UTC), found.get(key))
        for key, instant in sorted(starts.items(), key=lambda item: item[1])
    ]


def floor_quarter(at: datetime) -> datetime:
    """The quarter hour (UTC) that an instant lies in."""
    return datetime.fromtimestamp(int(at.timestamp()) // QUARTER * QUARTER, UTC)


def _end_of_offset(start: datetime, end: datetime, zone: tzinfo, offset: int) -> datetime:
    """The first quarter hour after ``start`` with another offset, or ``end``."""
    day = start
    while day < end and _offset(min(day + timedelta(days=1), end), zone) == offset:
        day += timedelta(days=1)
    if day >= end:
        return end
    quarter = floor_quarter(day)
    while quarter < end and _offset(quarter, zone) == offset:
        quarter += timedelta(seconds=QUARTER)
    return min(quarter, end)


def _offset(at: datetime, zone: tzinfo) -> int:
    difference = at.astimezone(zone).utcoffset()
    return int(difference.total_seconds()) if difference else 0
