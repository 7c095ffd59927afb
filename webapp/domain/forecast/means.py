"""What both forecasts expect of a day, before any band.

- The plain one (F1): the mean of each weekday and quarter hour over the kept history.
- The one that knows the calendar (B5): recent weeks weigh more, a thin slot leans on its kind of
  day and that on the time of day, holidays and their eves are days of their own, and a level
  follows how the last days went.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np

from webapp.domain.forecast.day_kinds import Kind, group_of, kind_of
from webapp.domain.forecast.knowledge import Knowledge
from webapp.domain.forecast.slots import (
    BLOCK_OF,
    BLOCKS,
    PER_BLOCK,
    SLOTS,
    WEEKDAYS,
    Floats,
    ratio_of,
)

# The plain mean looks back whole weeks, so that each weekday counts equally often.
PLAIN_DAYS = 364
SPECIALS = (Kind.HOLIDAY, Kind.EVE)
# How many days' worth of what is usual thin data lean on.
_LEAN_ON_KIND, _LEAN_ON_TIME, _LEAN_LEVEL, _LEAN_SPECIAL = 0.5, 0.2, 1.5, 3.0


def plain_means(knowledge: Knowledge) -> Floats:
    """The mean of each weekday and slot, (7, 96); NaN where nothing was analysed."""
    known = knowledge.n > 0
    nothing = np.full((WEEKDAYS, SLOTS), np.nan)
    means: Floats = np.divide(knowledge.total, knowledge.n, out=nothing, where=known)
    return means


def calendar_mean(knowledge: Knowledge, day: date, holidays: Collection[date]) -> Floats:
    """What the forecast that knows the calendar expects of a day: (96,)."""
    base = ordinary_day(knowledge, day, holidays)
    ratio = level_of(knowledge, day, holidays)
    return base * ratio


def ordinary_day(knowledge: Knowledge, day: date, holidays: Collection[date]) -> Floats:
    """What the calendar makes of a day, before the level: (96,)."""
    kind = kind_of(day, holidays)
    profile = profile_of(knowledge, 6 if kind is Kind.HOLIDAY else day.weekday())
    if kind is Kind.WEEKDAY:
        return profile
    return profile * _special_ratio(knowledge, kind, profile)[BLOCK_OF]


def profile_of(knowledge: Knowledge, weekday: int) -> Floats:
    """The fading mean of a weekday, leaning on its kind of day, and that on the time of day."""
    seen, weight = knowledge.seen, knowledge.weight
    alike = slice(0, 5) if weekday < 5 else slice(5, 7)
    at_time = ratio_of(seen.sum(axis=0), weight.sum(axis=0))
    lean = np.where(np.isnan(at_time), 0, _LEAN_ON_TIME)
    of_kind = ratio_of(
        seen[alike].sum(axis=0) + lean * np.nan_to_num(at_time),
        weight[alike].sum(axis=0) + lean,
    )
    lean = np.where(np.isnan(of_kind), 0, _LEAN_ON_KIND)
    return ratio_of(seen[weekday] + lean * np.nan_to_num(of_kind), weight[weekday] + lean)


def _special_ratio(knowledge: Knowledge, kind: Kind, profile: Floats) -> Floats:
    """By how much holidays or eves differ from their ordinary day: (8,)."""
    had, expected = knowledge.special[SPECIALS.index(kind)]
    usual = np.nan_to_num(profile).reshape(BLOCKS, PER_BLOCK).mean(axis=1)
    lean = _LEAN_SPECIAL * usual + 1e-6
    ratio: Floats = np.clip((had + lean) / (expected + lean), 0, 10)
    return ratio


def level_of(knowledge: Knowledge, day: date, holidays: Collection[date]) -> float:
    """By how much the last days like it were busier than usual: 1 for as ever."""
    had, expected = knowledge.level[group_of(day, holidays)]
    usual = _LEAN_LEVEL * float(np.nansum(ordinary_day(knowledge, day, holidays))) + 1e-6
    return float((had + usual) / (expected + usual))
