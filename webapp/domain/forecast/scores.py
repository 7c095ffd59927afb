"""How both forecasts did lately, and which one is published: the plain one when in doubt (B5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from webapp.domain.forecast.knowledge import SCORE, Knowledge, fade

# What the better one must have shown before it is published: days, and certainty.
_SCORED_DAYS, _CERTAIN = 14.0, 1.0


class Method(StrEnum):
    """Which forecast is published."""

    PLAIN = "plain"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Score:
    """Mean misses in people of both forecasts, over about the last ``days`` days that fade."""

    days: float
    plain: float
    calendar: float
    published: Method


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


def _days_of(weight: Any) -> float:
    """How many days a fading weight of days stands for."""
    kept = 1 - float(weight) * (1 - fade(SCORE))
    return float(-SCORE * np.log(kept)) if kept > 1e-9 else float("inf")
