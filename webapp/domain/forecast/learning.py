"""Learning from a date that is over: forecasts are compared with it, and sums take it in.

Both forecasts are scored each night on what then happened (B5).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np

from webapp.domain.forecast.band import judge_band
from webapp.domain.forecast.correction import judge_correction
from webapp.domain.forecast.day_kinds import Kind, group_of, kind_of
from webapp.domain.forecast.knowledge import LEVEL, PROFILE, SCORE, SPECIAL, Knowledge, fade
from webapp.domain.forecast.means import (
    SPECIALS,
    calendar_mean,
    level_of,
    ordinary_day,
    plain_means,
    profile_of,
)
from webapp.domain.forecast.scores import Method, score_of
from webapp.domain.forecast.slots import (
    BLOCK_OF,
    BLOCKS,
    NIGHT,
    PER_BLOCK,
    SLOTS,
    Floats,
    Part,
    parts_of,
)

# A day beyond so many times what was expected counts as so many times; one below its inverse
# (closed, or a festival elsewhere) counts less.
_ABSURD, _ODD_DAY_WEIGHS = 3.0, 0.3
_BUSIER_BY = 2.0  # no single day moves the level further than that
_MOST = 1e6  # people, or minutes, beyond which a number is none of ours


def add(
    knowledge: Knowledge, day: date, total: Floats, n: Floats, holidays: Collection[date]
) -> None:
    """Learn from a date that is over, in the order of dates.

    ``total`` and ``n`` (96,) are people and analysed minutes of its quarter hours from 0:00 on.
    Whatever is no number, or nonsense, is not known. A date without any analysis changes nothing.

    1. Both forecasts that stood before are compared with it (score, band, today).
    2. The sums of both take it in.
    """
    total, n = _clean(total, n)
    if not n.any():
        return
    mean = np.divide(total, n, out=np.full(SLOTS, np.nan), where=n > 0)
    _judge(knowledge, day, mean, holidays)
    _take_in(knowledge, day, mean, holidays)
    for part in parts_of(day):
        knowledge.total[part.day.weekday(), part.slots] += total[part.clock]
        knowledge.n[part.day.weekday(), part.slots] += n[part.clock]
    knowledge.dates += 1


def forget(knowledge: Knowledge, day: date, total: Floats, n: Floats) -> None:
    """Take a date that is no longer kept out of the plain means; as it was given to ``add``."""
    total, n = _clean(total, n)
    if not n.any():
        return
    for part in parts_of(day):
        weekday = part.day.weekday()
        for sums, gone in ((knowledge.total, total), (knowledge.n, n)):
            left = sums[weekday, part.slots] - gone[part.clock]
            sums[weekday, part.slots] = np.maximum(left, 0)
    knowledge.dates[:] = np.maximum(knowledge.dates - 1, 0)


def _judge(knowledge: Knowledge, day: date, mean: Floats, holidays: Collection[date]) -> None:
    """Compare what both forecasts said of ``day`` with its quarter hours ``mean`` (clock order)."""
    plain, calendar = np.full(SLOTS, np.nan), np.full(SLOTS, np.nan)
    means = plain_means(knowledge)
    for part in parts_of(day):
        plain[part.clock] = means[part.day.weekday(), part.slots]
        calendar[part.clock] = calendar_mean(knowledge, part.day, holidays)[part.slots]
    both = ~np.isnan(plain) & ~np.isnan(calendar) & ~np.isnan(mean)
    if not both.any():
        return
    misses = np.abs(plain - mean)[both].mean(), np.abs(calendar - mean)[both].mean()
    gain = misses[0] - misses[1]
    knowledge.score *= fade(SCORE)
    knowledge.score += (1.0, *misses, gain, gain**2)
    published = calendar if score_of(knowledge).published is Method.CALENDAR else plain
    judge_correction(knowledge, published[NIGHT:], mean[NIGHT:])
    judge_band(knowledge, day, mean, published, holidays)


def _take_in(knowledge: Knowledge, day: date, mean: Floats, holidays: Collection[date]) -> None:
    """Let the fading sums learn a date; each of its two business days by what it is."""
    ordinary = [ordinary_day(knowledge, part.day, holidays) for part in parts_of(day)]
    expected = [
        one * level_of(knowledge, part.day, holidays)
        for part, one in zip(parts_of(day), ordinary, strict=True)
    ]
    knowledge.seen *= fade(PROFILE)
    knowledge.weight *= fade(PROFILE)
    for part, base, wanted in zip(parts_of(day), ordinary, expected, strict=True):
        had = _tamed(mean[part.clock], wanted[part.slots])
        weighs = _weight_of(mean[part.clock], wanted[part.slots])
        kind, known = kind_of(part.day, holidays), ~np.isnan(had)
        if part.slots.start == 0:
            _follow_level(knowledge, part, had, base, holidays)
        if kind is not Kind.HOLIDAY:
            at = np.arange(SLOTS)[part.slots][known]
            knowledge.seen[part.day.weekday(), at] += weighs * had[known]
            knowledge.weight[part.day.weekday(), at] += weighs
        if kind is not Kind.WEEKDAY:
            plain = profile_of(knowledge, 6 if kind is Kind.HOLIDAY else part.day.weekday())
            _learn_special(knowledge, kind, part, had, plain)


def _follow_level(
    knowledge: Knowledge, part: Part, had: Floats, base: Floats, holidays: Collection[date]
) -> None:
    known = ~np.isnan(had) & ~np.isnan(base[part.slots])
    expected = float(base[part.slots][known].sum())
    if expected <= 0:
        return
    level = level_of(knowledge, part.day, holidays)
    ratio = (had[known].sum() + 1) / (expected + 1)
    ratio = np.clip(ratio, level / _BUSIER_BY, level * _BUSIER_BY)
    knowledge.level *= fade(LEVEL)
    group = group_of(part.day, holidays)
    for which in (0, 1):  # the other days tell half as much
        share = 1.0 if which == group else 0.5
        knowledge.level[which] += share * expected * np.array([ratio, 1.0])


def _learn_special(
    knowledge: Knowledge, kind: Kind, part: Part, had: Floats, plain: Floats
) -> None:
    full, usual = np.zeros(SLOTS), np.zeros(SLOTS)
    known = ~np.isnan(had) & ~np.isnan(plain[part.slots])
    full[part.slots] = np.where(known, had, 0)
    usual[part.slots] = np.where(known, plain[part.slots], 0)
    sums = knowledge.special[SPECIALS.index(kind)]
    touched = np.unique(BLOCK_OF[part.slots])
    per_block = np.stack(
        [one.reshape(BLOCKS, PER_BLOCK).mean(axis=1)[touched] for one in (full, usual)]
    )
    sums[:, touched] = sums[:, touched] * fade(SPECIAL / 16) + per_block


def _tamed(had: Floats, expected: Floats) -> Floats:
    """The same with an absurd day brought down to a few times of what was expected."""
    known = ~np.isnan(had) & ~np.isnan(expected)
    usual, total = float(expected[known].sum()), float(had[known].sum())
    if usual < 1 or total <= _ABSURD * usual:
        return had
    return had * (_ABSURD * usual / total)


def _weight_of(had: Floats, expected: Floats) -> float:
    known = ~np.isnan(had) & ~np.isnan(expected)
    usual, total = float(expected[known].sum()), float(had[known].sum())
    return _ODD_DAY_WEIGHS if usual >= 1 and total < usual / _ABSURD else 1.0


def _clean(total: Floats, n: Floats) -> tuple[Floats, Floats]:
    total, n = np.asarray(total, np.float64), np.asarray(n, np.float64)
    if total.shape != (SLOTS,) or n.shape != (SLOTS,):
        raise ValueError(f"A date has {SLOTS} quarter hours.")
    with np.errstate(invalid="ignore"):
        good = (n > 0) & (n <= _MOST) & (total >= 0) & (total <= _MOST * n)
    return np.where(good, total, 0.0), np.where(good, n, 0.0)
