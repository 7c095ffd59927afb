"""When it will be busy and when quiet (F1, B5). Pure: quarter hours in, expectations out.

Two forecasts are kept of a camera, both from sums that a day is added to and the days before
are never read for again:

- the plain one (F1): the mean of each weekday and quarter hour over the kept history,
- the one that knows the calendar (B5): recent weeks weigh more, a thin slot leans on its kind of
  day and that on the time of day, holidays and their eves are days of their own, and a level
  follows how the last days went.

Both are scored each night on what then happened, and the plain one stands when in doubt.

Weekdays and slots are those of the business day (6:00 to 30:00, ``webapp.domain.hours``): slot 0
is 6:00, slot 95 is 29:45, which the clock shows at 5:45 of the next date. Arrays over slots have
the shape (96,), those over weekdays and slots (7, 96), Monday first. NaN: not known, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOTS, WEEKDAYS = 96, 7
# Slots of the clock's day that belong to the business day before: 0:00 to 6:00.
NIGHT = 24
EVENING = SLOTS - NIGHT  # the business slot at which the date changes
LEAST_DATES = 7
# The plain mean looks back whole weeks, so that each weekday counts equally often.
PLAIN_DAYS = 364

_DAY = timedelta(days=1)
_BLOCKS = 8  # stretches of three hours, for what is too thin to know by the slot
_PER_BLOCK = SLOTS // _BLOCKS
_BLOCK_OF = np.repeat(np.arange(_BLOCKS), _PER_BLOCK)

# Days after which a day weighs a third (e to the -1): of the profile, level, holidays, scores.
_PROFILE, _LEVEL, _SPECIAL, _SCORE = 56.0, 6.0, 400.0, 45.0
# How many days' worth of what is usual thin data lean on.
_LEAN_ON_KIND, _LEAN_ON_TIME, _LEAN_LEVEL, _LEAN_SPECIAL = 0.5, 0.2, 1.5, 3.0
# A day beyond so many times what was expected counts as so many times; one below its inverse
# (closed, or a festival elsewhere) counts less.
_ABSURD, _ODD_DAY_WEIGHS = 3.0, 0.3
_BUSIER_BY = 2.0  # no single day moves the level further than that
_SHORTEST = 4  # slots of a quiet time
_MOST = 1e6  # people, or minutes, beyond which a number is none of ours
# The band: shares that may lie beyond it on either side, and how fast it learns.
_BEYOND, _BAND_LEARNS = 0.1, 0.2
_BAND_FIRST, _BAND_LEAST, _BAND_MOST = 1.7, 0.2, 8.0
# Today: slots after which what was seen weighs a third, and for how many slots it holds.
_SEEN, _HOLDS, _LEAN_TODAY = 8.0, 30.0, 2.0
_NOON = 24  # the business slot at 12:00
# What the better one must have shown before it is published: days, and certainty.
_SCORED_DAYS, _CERTAIN = 14.0, 1.0


class Kind(StrEnum):
    """What a business day is to the calendar."""

    WEEKDAY = "weekday"
    HOLIDAY = "holiday"
    EVE = "eve"


class Method(StrEnum):
    """Which forecast is published."""

    PLAIN = "plain"
    CALENDAR = "calendar"


_SPECIALS = (Kind.HOLIDAY, Kind.EVE)


def _zeros(*shape: int) -> Callable[[], Floats]:
    return lambda: np.zeros(shape, np.float64)


def _first_band() -> Floats:
    return np.full((2, _BLOCKS), _BAND_FIRST)


@dataclass(slots=True)
class Knowledge:
    """All that is kept of a camera: its size does not grow with its history.

    ``total`` and ``n`` (7, 96): people and minutes of the kept history; ``dates``: on how many
    dates something was analysed.
    ``seen`` and ``weight`` (7, 96): means of quarter hours, fading, and their weights.
    ``special`` (2, 2, 8): what holidays and eves had, and what their ordinary day would have, in
    stretches of three hours. ``level`` (2, 2): what work days and other days had lately, and what
    was expected. ``miss`` (2, 2, 96): misses of those days by slot, and their weights.
    ``band`` (2, 8): how many such misses the band reaches down and up.
    ``score`` (5,): weight, mean misses of plain and calendar, difference and its square, fading.
    ``today`` (2,): misses after noon without and with what was seen until then, fading.
    """

    total: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    n: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    dates: Floats = field(default_factory=_zeros(1))
    seen: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    weight: Floats = field(default_factory=_zeros(WEEKDAYS, SLOTS))
    special: Floats = field(default_factory=_zeros(2, 2, _BLOCKS))
    level: Floats = field(default_factory=_zeros(2, 2))
    miss: Floats = field(default_factory=_zeros(2, 2, SLOTS))
    band: Floats = field(default_factory=_first_band)
    score: Floats = field(default_factory=_zeros(5))
    today: Floats = field(default_factory=_zeros(2))

    def pack(self) -> bytes:
        """All arrays as bytes, in the order of the fields."""
        return b"".join(getattr(self, one.name).astype("<f8").tobytes() for one in fields(self))

    @classmethod
    def unpack(cls, data: bytes) -> Knowledge:
        """What ``pack`` gave; ValueError for anything else."""
        if not cls.is_packed(data):
            raise ValueError("This is no packed knowledge.")
        knowledge = cls()
        place = 0
        for one in fields(knowledge):
            array = getattr(knowledge, one.name)
            values = np.frombuffer(data, "<f8", array.size, place).reshape(array.shape)
            setattr(knowledge, one.name, values.astype(np.float64))
            place += array.nbytes
        return knowledge

    @classmethod
    def is_packed(cls, data: bytes) -> bool:
        """Whether ``unpack`` can read it: it has the length of this version's."""
        return len(data) == sum(int(getattr(cls(), one.name).nbytes) for one in fields(cls))

    @property
    def is_enough(self) -> bool:
        """Whether so many dates were analysed that a forecast may be shown (F1)."""
        return bool(self.dates[0] >= LEAST_DATES)


@dataclass(frozen=True, slots=True)
class Score:
    """Mean misses in people of both forecasts, over about the last ``days`` days that fade."""

    days: float
    plain: float
    calendar: float
    published: Method


@dataclass(frozen=True, slots=True)
class Expected:
    """A business day as it is expected, each (96,): ``low`` to ``high`` holds four of five."""

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of a date that lies in one business day: its slots, and those of the clock."""

    day: date
    slots: slice
    clock: slice


def kind_of(day: date, holidays: Collection[date]) -> Kind:
    """What a business day is: year's end (29 December to 3 January) is like holidays.

    An eve is a working day that a holiday follows.
    """
    if _is_holiday(day, holidays):
        return Kind.HOLIDAY
    if day.weekday() < 5 and _is_holiday(day + _DAY, holidays):
        return Kind.EVE
    return Kind.WEEKDAY


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
    for part in _parts(day):
        knowledge.total[part.day.weekday(), part.slots] += total[part.clock]
        knowledge.n[part.day.weekday(), part.slots] += n[part.clock]
    knowledge.dates += 1


def forget(knowledge: Knowledge, day: date, total: Floats, n: Floats) -> None:
    """Take a date that is no longer kept out of the plain means; as it was given to ``add``."""
    total, n = _clean(total, n)
    if not n.any():
        return
    for part in _parts(day):
        weekday = part.day.weekday()
        for sums, gone in ((knowledge.total, total), (knowledge.n, n)):
            left = sums[weekday, part.slots] - gone[part.clock]
            sums[weekday, part.slots] = np.maximum(left, 0)
    knowledge.dates[:] = np.maximum(knowledge.dates - 1, 0)


def plain_means(knowledge: Knowledge) -> Floats:
    """The mean of each weekday and slot, (7, 96); NaN where nothing was analysed."""
    known = knowledge.n > 0
    nothing = np.full((WEEKDAYS, SLOTS), np.nan)
    means: Floats = np.divide(knowledge.total, knowledge.n, out=nothing, where=known)
    return means


def score_of(knowledge: Knowledge) -> Score:
    """How both did lately, and which one is published."""
    weight, plain, calendar, gain, square = knowledge.score
    published = Method.PLAIN
    if weight >= 1e-9:
        plain, calendar, gain, square = (
            float(one) / weight for one in (plain, calendar, gain, square)
        )
        doubt = np.sqrt(max(square - gain**2, 0) / max(weight, 1))
        if knowledge.dates[0] >= _SCORED_DAYS <= _days_of(weight) and gain > _CERTAIN * doubt:
            published = Method.CALENDAR
    return Score(_days_of(weight), float(plain), float(calendar), published)


def expect(
    knowledge: Knowledge,
    day: date,
    holidays: Collection[date],
    method: Method | None = None,
) -> Expected:
    """A business day by the published forecast, or by ``method``."""
    method = method or score_of(knowledge).published
    if method is Method.PLAIN:
        mean = plain_means(knowledge)[day.weekday()]
    else:
        mean = _calendar(knowledge, day, holidays)
    return _with_band(knowledge, day, holidays, mean)


def correct(knowledge: Knowledge, expected: Expected, seen: Floats, upto: int) -> Expected:
    """Today with what was seen so far: ``seen`` (96,), NaN where not known, slots before ``upto``.

    What is over keeps its expectation; what is to come follows how today compares with it, less
    and less the further ahead. The band narrows by what such corrections were worth lately.
    """
    mean = _corrected(expected.mean, seen, upto)
    before, after = knowledge.today
    share = float(np.clip(after / before, 0.3, 1.0)) if before > 0 else 1.0
    ahead = np.arange(SLOTS) - upto
    share_at = np.where(ahead >= 0, 1 - (1 - share) * np.exp(-np.maximum(ahead, 0) / _HOLDS), 1)
    return Expected(
        mean,
        np.maximum(mean - (expected.mean - expected.low) * share_at, 0),
        mean + (expected.high - expected.mean) * share_at,
    )


def together(parts: Collection[Expected]) -> Expected:
    """The sum of several cameras. Their bands add up: what is unusual is so at all of them.

    A slot that some of them know nothing of is the sum of the others: they are closed then.
    """
    return Expected(
        *(add_up([getattr(part, name) for part in parts]) for name in ("mean", "low", "high"))
    )


def add_up(arrays: Collection[Floats]) -> Floats:
    """The sum of what is known; NaN where none is."""
    stacked = np.stack(list(arrays))
    known = ~np.isnan(stacked)
    return np.where(known.any(axis=0), np.nansum(stacked, axis=0), np.nan)


def quiet_times(
    mean: Floats, is_open: NDArray[np.bool_], limit: float | None = None, most: int = 2
) -> list[tuple[int, int]]:
    """When it is quiet: up to ``most`` spans of slots, an hour at least, in order of time.

    Quiet is the lowest third between the least and the most of the open slots, and below
    ``limit`` (the threshold of the second stage) where that is ever reached. Empty
    when nothing is known, or when the day is as quiet or as busy throughout.
    """
    counts = is_open & ~np.isnan(mean)
    if not counts.any():
        return []
    low, high = float(mean[counts].min()), float(mean[counts].max())
    if high - low < max(0.5, 0.15 * high):
        return []
    is_quiet = counts & (mean <= low + (high - low) / 3)
    if limit is not None and low < limit <= high:
        is_quiet &= mean < limit
    spans = [span for span in _runs(is_quiet) if span[1] - span[0] >= _SHORTEST]
    # The longest ones are the ones to tell.
    longest = sorted(spans, key=lambda span: span[0] - span[1])[:most]
    return sorted(longest)


def clock_of(slot: int) -> tuple[int, int]:
    """Hour (6 to 30) and minute at which a business slot begins."""
    minutes = 6 * 60 + slot * 15
    return minutes // 60, minutes % 60


def _calendar(knowledge: Knowledge, day: date, holidays: Collection[date]) -> Floats:
    base = _ordinary(knowledge, day, holidays)
    ratio = _level(knowledge, day, holidays)
    return base * ratio


def _ordinary(knowledge: Knowledge, day: date, holidays: Collection[date]) -> Floats:
    """What the calendar makes of a day, before the level: (96,)."""
    kind = kind_of(day, holidays)
    profile = _profile(knowledge, 6 if kind is Kind.HOLIDAY else day.weekday())
    if kind is Kind.WEEKDAY:
        return profile
    return profile * _special_ratio(knowledge, kind, profile)[_BLOCK_OF]


def _profile(knowledge: Knowledge, weekday: int) -> Floats:
    """The fading mean of a weekday, leaning on its kind of day, and that on the time of day."""
    seen, weight = knowledge.seen, knowledge.weight
    alike = slice(0, 5) if weekday < 5 else slice(5, 7)
    at_time = _ratio(seen.sum(axis=0), weight.sum(axis=0))
    lean = np.where(np.isnan(at_time), 0, _LEAN_ON_TIME)
    of_kind = _ratio(
        seen[alike].sum(axis=0) + lean * np.nan_to_num(at_time),
        weight[alike].sum(axis=0) + lean,
    )
    lean = np.where(np.isnan(of_kind), 0, _LEAN_ON_KIND)
    return _ratio(seen[weekday] + lean * np.nan_to_num(of_kind), weight[weekday] + lean)


def _special_ratio(knowledge: Knowledge, kind: Kind, profile: Floats) -> Floats:
    """By how much holidays or eves differ from their ordinary day: (8,)."""
    had, expected = knowledge.special[_SPECIALS.index(kind)]
    usual = np.nan_to_num(profile).reshape(_BLOCKS, _PER_BLOCK).mean(axis=1)
    lean = _LEAN_SPECIAL * usual + 1e-6
    ratio: Floats = np.clip((had + lean) / (expected + lean), 0, 10)
    return ratio


def _level(knowledge: Knowledge, day: date, holidays: Collection[date]) -> float:
    had, expected = knowledge.level[_group(day, holidays)]
    usual = _LEAN_LEVEL * float(np.nansum(_ordinary(knowledge, day, holidays))) + 1e-6
    return float((had + usual) / (expected + usual))


def _judge(knowledge: Knowledge, day: date, mean: Floats, holidays: Collection[date]) -> None:
    """Compare what both forecasts said of ``day`` with its quarter hours ``mean`` (clock order)."""
    plain, calendar = np.full(SLOTS, np.nan), np.full(SLOTS, np.nan)
    means = plain_means(knowledge)
    for part in _parts(day):
        plain[part.clock] = means[part.day.weekday(), part.slots]
        calendar[part.clock] = _calendar(knowledge, part.day, holidays)[part.slots]
    both = ~np.isnan(plain) & ~np.isnan(calendar) & ~np.isnan(mean)
    if not both.any():
        return
    misses = np.abs(plain - mean)[both].mean(), np.abs(calendar - mean)[both].mean()
    gain = misses[0] - misses[1]
    knowledge.score *= _fade(_SCORE)
    knowledge.score += (1.0, *misses, gain, gain**2)
    published = calendar if score_of(knowledge).published is Method.CALENDAR else plain
    _judge_today(knowledge, published[NIGHT:], mean[NIGHT:])
    _judge_band(knowledge, day, mean, published, holidays)


def _judge_today(knowledge: Knowledge, expected: Floats, mean: Floats) -> None:
    """What a correction at noon would have been worth, by the slots from 6:00 to 24:00."""
    padding = np.full(NIGHT, np.nan)
    corrected = _corrected(np.append(expected, padding), np.append(mean, padding), _NOON)
    after = np.arange(EVENING) >= _NOON
    after &= ~np.isnan(expected) & ~np.isnan(mean)
    if after.any():
        knowledge.today *= _fade(_SCORE)
        knowledge.today += (
            np.abs(expected - mean)[after].mean(),
            np.abs(corrected[:EVENING] - mean)[after].mean(),
        )


def _judge_band(
    knowledge: Knowledge, day: date, mean: Floats, published: Floats, holidays: Collection[date]
) -> None:
    """Widen or narrow the band by what lay beyond it, and learn how large misses are."""
    fade = _fade(_PROFILE)
    knowledge.miss *= fade
    for part in _parts(day):
        slots = np.arange(SLOTS)[part.slots]
        expected, had = published[part.clock], mean[part.clock]
        known = ~np.isnan(expected) & ~np.isnan(had)
        slots, expected, had = slots[known], expected[known], had[known]
        if not slots.size:
            continue
        group = _group(part.day, holidays)
        width = _width(knowledge, group)[slots]
        low, high = knowledge.band[:, _BLOCK_OF[slots]] * width
        matter = expected + had > 0.1  # a night that is empty as ever says nothing of the band
        beyond = ((had < expected - low), (had > expected + high))
        for block in np.unique(_BLOCK_OF[slots[matter & (width > 0)]]):
            here = (_BLOCK_OF[slots] == block) & matter
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
    return np.nan_to_num(_ratio(over, under))


def _with_band(
    knowledge: Knowledge, day: date, holidays: Collection[date], mean: Floats
) -> Expected:
    low, high = knowledge.band[:, _BLOCK_OF] * _width(knowledge, _group(day, holidays))
    return Expected(mean, np.maximum(mean - low, 0), mean + high)


def _take_in(knowledge: Knowledge, day: date, mean: Floats, holidays: Collection[date]) -> None:
    """Let the fading sums learn a date; each of its two business days by what it is."""
    ordinary = [_ordinary(knowledge, part.day, holidays) for part in _parts(day)]
    expected = [
        one * _level(knowledge, part.day, holidays)
        for part, one in zip(_parts(day), ordinary, strict=True)
    ]
    knowledge.seen *= _fade(_PROFILE)
    knowledge.weight *= _fade(_PROFILE)
    for part, base, wanted in zip(_parts(day), ordinary, expected, strict=True):
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
            plain = _profile(knowledge, 6 if kind is Kind.HOLIDAY else part.day.weekday())
            _learn_special(knowledge, kind, part, had, plain)


def _follow_level(
    knowledge: Knowledge, part: _Part, had: Floats, base: Floats, holidays: Collection[date]
) -> None:
    known = ~np.isnan(had) & ~np.isnan(base[part.slots])
    expected = float(base[part.slots][known].sum())
    if expected <= 0:
        return
    level = _level(knowledge, part.day, holidays)
    ratio = (had[known].sum() + 1) / (expected + 1)
    ratio = np.clip(ratio, level / _BUSIER_BY, level * _BUSIER_BY)
    knowledge.level *= _fade(_LEVEL)
    group = _group(part.day, holidays)
    for which in (0, 1):  # the other days tell half as much
        share = 1.0 if which == group else 0.5
        knowledge.level[which] += share * expected * np.array([ratio, 1.0])


def _learn_special(
    knowledge: Knowledge, kind: Kind, part: _Part, had: Floats, plain: Floats
) -> None:
    full, usual = np.zeros(SLOTS), np.zeros(SLOTS)
    known = ~np.isnan(had) & ~np.isnan(plain[part.slots])
    full[part.slots] = np.where(known, had, 0)
    usual[part.slots] = np.where(known, plain[part.slots], 0)
    sums = knowledge.special[_SPECIALS.index(kind)]
    touched = np.unique(_BLOCK_OF[part.slots])
    per_block = np.stack(
        [one.reshape(_BLOCKS, _PER_BLOCK).mean(axis=1)[touched] for one in (full, usual)]
    )
    sums[:, touched] = sums[:, touched] * _fade(_SPECIAL / 16) + per_block


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


def _corrected(expected: Floats, seen: Floats, upto: int) -> Floats:
    age = upto - 1 - np.arange(SLOTS)
    known = ~np.isnan(seen) & ~np.isnan(expected) & (age >= 0)
    if not known.any():
        return expected
    weights = np.exp(-age[known] / _SEEN)
    lean = _LEAN_TODAY * float(np.nanmean(expected)) + 1e-6
    ratio = (weights @ seen[known] + lean) / (weights @ expected[known] + lean)
    ratio = np.clip(ratio, 1 / _ABSURD, _ABSURD)
    holds = np.where(age < 0, np.exp(-np.maximum(-age - 1, 0) / _HOLDS), 0)
    return expected * (1 + (ratio - 1) * holds)


def _parts(day: date) -> Iterator[_Part]:
    yield _Part(day - _DAY, slice(EVENING, SLOTS), slice(0, NIGHT))
    yield _Part(day, slice(0, EVENING), slice(NIGHT, SLOTS))


def _group(day: date, holidays: Collection[date]) -> int:
    """0 for a working day, 1 for another."""
    return int(day.weekday() >= 5 or _is_holiday(day, holidays))


def _is_holiday(day: date, holidays: Collection[date]) -> bool:
    return day in holidays or (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


def _clean(total: Floats, n: Floats) -> tuple[Floats, Floats]:
    total, n = np.asarray(total, np.float64), np.asarray(n, np.float64)
    if total.shape != (SLOTS,) or n.shape != (SLOTS,):
        raise ValueError(f"A date has {SLOTS} quarter hours.")
    with np.errstate(invalid="ignore"):
        good = (n > 0) & (n <= _MOST) & (total >= 0) & (total <= _MOST * n)
    return np.where(good, total, 0.0), np.where(good, n, 0.0)


def _ratio(over: Floats, under: Floats) -> Floats:
    result: Floats = np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 1e-12)
    return result


def _fade(days: float) -> float:
    return float(np.exp(-1 / days))


def _days_of(weight: Any) -> float:
    """How many days a fading weight of days stands for."""
    kept = 1 - float(weight) * (1 - _fade(_SCORE))
    return float(-_SCORE * np.log(kept)) if kept > 1e-9 else float("inf")


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(start), int(end)
