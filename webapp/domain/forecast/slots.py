"""The quarter hours of a business day, and what sums over them have in common.

Weekdays and slots are those of the business day (6:00 to 30:00, ``webapp.domain.hours``): slot 0
is 6:00, slot 95 is 29:45, which the clock shows at 5:45 of the next date. Arrays over slots have
the shape (96,), those over weekdays and slots (7, 96), Monday first. NaN: not known, never 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOTS, WEEKDAYS = 96, 7
# Slots of the clock's day that belong to the business day before: 0:00 to 6:00.
NIGHT = 24
EVENING = SLOTS - NIGHT  # the business slot at which the date changes

BLOCKS = 8  # stretches of three hours, for what is too thin to know by the slot
PER_BLOCK = SLOTS // BLOCKS
BLOCK_OF = np.repeat(np.arange(BLOCKS), PER_BLOCK)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a date that lies in one business day: its slots, and those of the clock."""

    day: date
    slots: slice
    clock: slice


def parts_of(day: date) -> Iterator[Part]:
    """The parts of a date: until 6:00 in the business day before, and from then on in its own."""
    yield Part(day - _DAY, slice(EVENING, SLOTS), slice(0, NIGHT))
    yield Part(day, slice(0, EVENING), slice(NIGHT, SLOTS))


def clock_of(slot: int) -> tuple[int, int]:
    """Hour (6 to 30) and minute at which a business slot begins."""
    minutes = 6 * 60 + slot * 15
    return minutes // 60, minutes % 60


def add_up(arrays: Collection[Floats]) -> Floats:
    """The sum of what is known; NaN where none is."""
    stacked = np.stack(list(arrays))
    known = ~np.isnan(stacked)
    return np.where(known.any(axis=0), np.nansum(stacked, axis=0), np.nan)


def ratio_of(over: Floats, under: Floats) -> Floats:
    """The ratio of two arrays of one shape; NaN where nothing lies under."""
    result: Floats = np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 1e-12)
    return result
