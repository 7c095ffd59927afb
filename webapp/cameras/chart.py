"""The last hour as a small chart: one bar a minute, a gap where nothing is known (M7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from webapp.models import Observation

HOUR = timedelta(hours=1)
TICKS = 4
HEIGHT = 100
SLOT_WIDTH = 10


class Mark(StrEnum):
    """What a slot of the chart holds."""

    COUNTED = "counted"
    UNKNOWN = "unknown"
    NOTHING = "nothing"  # nothing was due, so there is nothing to say


@dataclass(frozen=True, slots=True)
class Slot:
    """One bar. ``x``, ``y``, ``height`` are in the units of the drawing."""

    at: datetime
    mark: Mark
    count: int | None
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch from ``x``, ``width`` wide, that begins at ``at``."""

    at: datetime
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing ``width`` x ``height`` with its bars, its scale and its times."""

    slots: tuple[Slot, ...]
    top: int
    ticks: tuple[datetime, ...]
    width: int
    height: int = HEIGHT

    @property
    def known(self) -> tuple[Slot, ...]:
        """The slots about which there is something to say."""
        return tuple(slot for slot in self.slots if slot.mark is not Mark.NOTHING)

    @property
    def busiest(self) -> Slot | None:
        """The slot with the highest count; None when nothing was counted."""
        counted = [slot for slot in self.slots if slot.count is not None]
        return max(counted, key=lambda slot: slot.count or 0, default=None)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The stretches about which nothing is known, each drawn in one piece."""
        gaps: list[Gap] = []
        for is_unknown, run in groupby(self.slots, lambda slot: slot.mark is Mark.UNKNOWN):
            slots = list(run)
            if is_unknown:
                gaps.append(Gap(slots[0].at, slots[0].x, SLOT_WIDTH * len(slots)))
        return tuple(gaps)


def draw_hour(observations: Sequence[Observation], now: datetime, interval: int) -> Chart:
    """Draw the hour up to ``now``. ``interval`` is the seconds between two pictures."""
    step = max(60, interval)
    end = _floor(now, step) + timedelta(seconds=step)
    slot_count = max(1, 3600 // step)
    start = end - timedelta(seconds=step * slot_count)
    found: list[list[Observation]] = [[] for _ in range(slot_count)]
    for row in observations:
        index = int((row.minute - start).total_seconds() // step)
        if 0 <= index < slot_count:
            found[index].append(row)
    counts = [_count(rows) for rows in found]
    top = _round_up(max((count for count in counts if count is not None), default=0))
    slots = tuple(
        _slot(start + timedelta(seconds=step * index), rows, counts[index], index, top)
        for index, rows in enumerate(found)
    )
    ticks = tuple(start + HOUR * tick / TICKS for tick in range(TICKS + 1))
    return Chart(slots, top, ticks, width=slot_count * SLOT_WIDTH)


def _floor(at: datetime, step: int) -> datetime:
    return at - timedelta(seconds=at.timestamp() % step)


def _count(rows: list[Observation]) -> int | None:
    """The last known count of a slot: shorter intervals give several."""
    return next((row.count for row in reversed(rows) if row.count is not None), None)


def _slot(at: datetime, rows: list[Observation], count: int | None, index: int, top: int) -> Slot:
    if count is None:
        mark = Mark.UNKNOWN if rows else Mark.NOTHING
        return Slot(at, mark, None, index * SLOT_WIDTH, 0, HEIGHT)
    # Nobody is a thin line, not a gap.
    height = max(1.5, HEIGHT * count / top)
    return Slot(at, Mark.COUNTED, count, index * SLOT_WIDTH, HEIGHT - height, height)


def _round_up(highest: int) -> int:
    """An even number for the top of the scale, so that the middle is whole."""
    for limit in (4, 10, 20, 40, 60, 100, 200, 400, 600, 1000):
        if highest <= limit:
            return limit
    return (highest // 1000 + 1) * 1000
