"""Today's forecast, corrected by what was seen of the day so far (B5)."""

from __future__ import annotations

import numpy as np

from webapp.domain.forecast.expected import Expected
from webapp.domain.forecast.knowledge import SCORE, Knowledge, fade
from webapp.domain.forecast.slots import EVENING, NIGHT, SLOTS, Floats

# Slots after which what was seen weighs a third, and for how many slots it holds.
_SEEN, _HOLDS, _LEAN_TODAY = 8.0, 30.0, 2.0
_MOST_TIMES = 3.0  # as the expectation, that what is to come may become, or so many times less
_NOON = 24  # the business slot at 12:00


def correct(knowledge: Knowledge, expected: Expected, seen: Floats, upto: int) -> Expected:
    """Today with what was seen so far: ``seen`` (96,), NaN where not known, slots before ``upto``.

    What is over keeps its expectation; what is to come follows how today compares with it, less
    and less the further ahead. The band narrows by what such corrections were worth lately.
    """
    mean = _followed(expected.mean, seen, upto)
    before, after = knowledge.today
    share = float(np.clip(after / before, 0.3, 1.0)) if before > 0 else 1.0
    ahead = np.arange(SLOTS) - upto
    share_at = np.where(ahead >= 0, 1 - (1 - share) * np.exp(-np.maximum(ahead, 0) / _HOLDS), 1)
    return Expected(
        mean,
        np.maximum(mean - (expected.mean - expected.low) * share_at, 0),
        mean + (expected.high - expected.mean) * share_at,
    )


def judge_correction(knowledge: Knowledge, expected: Floats, mean: Floats) -> None:
    """What a correction at noon would have been worth, by the slots from 6:00 to 24:00."""
    padding = np.full(NIGHT, np.nan)
    corrected = _followed(np.append(expected, padding), np.append(mean, padding), _NOON)
    after = np.arange(EVENING) >= _NOON
    after &= ~np.isnan(expected) & ~np.isnan(mean)
    if after.any():
        knowledge.today *= fade(SCORE)
        knowledge.today += (
            np.abs(expected - mean)[after].mean(),
            np.abs(corrected[:EVENING] - mean)[after].mean(),
        )


def _followed(expected: Floats, seen: Floats, upto: int) -> Floats:
    age = upto - 1 - np.arange(SLOTS)
    known = ~np.isnan(seen) & ~np.isnan(expected) & (age >= 0)
    if not known.any():
        return expected
    weights = np.exp(-age[known] / _SEEN)
    lean = _LEAN_TODAY * float(np.nanmean(expected)) + 1e-6
    ratio = (weights @ seen[known] + lean) / (weights @ expected[known] + lean)
    ratio = np.clip(ratio, 1 / _MOST_TIMES, _MOST_TIMES)
    holds = np.where(age < 0, np.exp(-np.maximum(-age - 1, 0) / _HOLDS), 0)
    return expected * (1 + (ratio - 1) * holds)
