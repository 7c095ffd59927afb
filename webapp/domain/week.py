"""混雑予測 as anybody may see it (E2): shares and words of each quarter hour, and no number.

A share is a bar's height as a part of the highest mean of the week, or of the threshold where
that is higher. It comes in steps: from exact shares and one known count all others would follow,
and an embed may hide its counts. Pure. Slots and weekdays are those of ``webapp.domain.forecast``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from webapp.domain.alerts import Level
from webapp.domain.forecast.slots import SLOTS, WEEKDAYS, Floats

STEP = 5  # per cent
_HOUR = 4  # slots
# Where nothing is known: 8:00 to 22:00.
_USUAL = (8, 64)


@dataclass(frozen=True, slots=True)
class Quarter:
    """One known quarter hour: ``share`` 0 to 100 in steps; ``level`` None without thresholds."""

    slot: int
    share: int
    level: Level | None


@dataclass(frozen=True, slots=True)
class Span:
    """Quarter hours in a row of one level, from ``start`` to before ``end``."""

    start: int
    end: int
    level: Level | None


@dataclass(frozen=True, slots=True)
class Week:
    """The known quarter hours of each weekday within business hours, Monday first.

    ``first`` to ``last`` are the slots of the axis, whole hours, and the same on each day.
    """

    days: tuple[tuple[Quarter, ...], ...]
    first: int
    last: int

    def nearest(self, weekday: int, slot: int) -> Quarter | None:
        """The quarter hour at ``slot``, or the next one to it that may be chosen."""
        day = self.days[weekday]
        return min(day, key=lambda quarter: abs(quarter.slot - slot), default=None)

    def beside(self, weekday: int, quarter: Quarter) -> tuple[Quarter | None, Quarter | None]:
        """What comes before and after it on its day; None at the edges of business hours."""
        day = self.days[weekday]
        place = day.index(quarter)
        before = day[place - 1] if place else None
        return before, day[place + 1] if place + 1 < len(day) else None

    def spans(self, weekday: int) -> tuple[Span, ...]:
        """The day as stretches of one level, for those who hear it."""
        spans: list[Span] = []
        for quarter in self.days[weekday]:
            last = spans[-1] if spans else None
            if last and (last.end, last.level) == (quarter.slot, quarter.level):
                spans[-1] = Span(last.start, quarter.slot + 1, last.level)
            else:
                spans.append(Span(quarter.slot, quarter.slot + 1, quarter.level))
        return tuple(spans)


def week_of(means: Floats, is_open: NDArray[np.bool_], thresholds: Sequence[int]) -> Week:
    """The week of these means (7, 96; NaN is not known), where it is open (7, 96).

    ``thresholds`` ascend: one for two levels, two for three, none for none.
    """
    if means.shape != (WEEKDAYS, SLOTS) or is_open.shape != means.shape:
        raise ValueError(f"A week has {WEEKDAYS} days of {SLOTS} quarter hours.")
    known = is_open & ~np.isnan(means)
    top = max([float(means[known].max()) if known.any() else 0.0, *map(float, thresholds)])
    days = tuple(
        tuple(
            Quarter(int(slot), _share(float(mean[slot]), top), _level(mean[slot], thresholds))
            for slot in np.flatnonzero(known[weekday])
        )
        for weekday, mean in enumerate(means)
    )
    shown = np.flatnonzero(known.any(axis=0))
    if not shown.size:
        return Week(days, *_USUAL)
    first, last = int(shown[0]), int(shown[-1]) + 1
    return Week(days, first // _HOUR * _HOUR, -(-last // _HOUR) * _HOUR)


def _share(value: float, top: float) -> int:
    """Rounded up, so that whatever is more than nothing can be seen."""
    return ceil(100 / STEP * value / top) * STEP if value > 0 else 0


def _level(value: float, thresholds: Sequence[int]) -> Level | None:
    reached = sum(value >= threshold for threshold in thresholds)
    if not thresholds:
        return None
    if not reached:
        return Level.FREE
    return Level.BUSY if reached == len(thresholds) else Level.SOME
