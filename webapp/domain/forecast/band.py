"""The band about a forecast, which holds four of five, and how it learns its width (B5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np

from webapp.domain.forecast.day_kinds import group_of
from webapp.domain.forecast.knowledge import PROFILE, Knowledge, fade
from webapp.domain.forecast.slots import BLOCK_OF, SLOTS, Floats, parts_of, ratio_of

# Shares that may lie beyond the band on either side, and how fast it learns.
_BEYOND, _BAND_LEARNS = 0.1, 0.2
_BAND_LEAST, _BAND_MOST = 0.2, 8.0


def band_about(
    knowledge: Knowledge, day: date, holidays: Collection[date], mean: Floats
) -> tuple[Floats, Floats]:
    """The low and the high end, (96,) each, about what is expected of a day, ``mean`` (96,)."""
    low, high = knowledge.band[:, BLOCK_OF] * _width(knowledge, group_of(day, holidays))
    return np.maximum(mean - low, 0), mean + high


def judge_band(
    knowledge: Knowledge, day: date, mean: Floats, published: Floats, holidays: Collection[date]
) -> None:
    """Widen or narrow the band by what lay beyond it, and learn how large misses are."""
    knowledge.miss *= fade(PROFILE)
    for part in parts_of(day):
        slots = np.arange(SLOTS)[part.slots]
        expected, had = published[part.clock], mean[part.clock]
        known = ~np.isnan(expected) & ~np.isnan(had)
        slots, expected, had = slots[known], expected[known], had[known]
        if not slots.size:
            continue
        group = group_of(part.day, holidays)
        width = _width(knowledge, group)[slots]
        low, high = knowledge.band[:, BLOCK_OF[slots]] * width
        matter = expected + had > 0.1  # a night that is empty as ever says nothing of the band
        beyond = ((had < expected - low), (had > expected + high))
        for block in np.unique(BLOCK_OF[slots[matter & (width > 0)]]):
            here = (BLOCK_OF[slots] == block) & matter
            for side in (0, 1):
                knowledge.band[side, block] += _BAND_LEARNS * (beyond[side][here].mean() - _BEYOND)
        # One absurd day must not widen the band for weeks.
        limit = np.where(width > 0, 4 * width, np.inf)
        knowledge.miss[group, 0, slots] += np.minimum(np.abs(had - expected), limit)
        knowledge.miss[group, 1, slots] += 1
    np.clip(knowledge.band, _BAND_LEAST, _BAND_MOST, out=knowledge.band)


def _width(knowledge: Knowledge, group: int) -> Floats:
    """The usual miss of each slot, smoothed over its neighbours; 0 where nothing is known."""
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    misses, weights = knowledge.miss.sum(axis=0) * 0.1 + knowledge.miss[group]
    over, under = (np.convolve(one, kernel, mode="same") for one in (misses, weights))
    return np.nan_to_num(ratio_of(over, under))
