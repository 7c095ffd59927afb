"""Business hours against the naive oracle, and what one question costs."""

from __future__ import annotations

import random
import time
from typing import Any

from jobs.benchmarks.hours_oracle import ZONES, minutes, random_hours, random_instant
from webapp.domain.hours import MOST_RULES, Basic, Dates, Hours, Repeat, Special, is_open
from webapp.hours.holidays import japanese_holidays

CASES = 10_000
QUESTIONS = 20_000


async def run(cases: int = CASES, questions: int = QUESTIONS) -> dict[str, Any]:
    """Compare random rules at random instants, then measure the most rules there can be."""
    return {
        "cases": cases,
        "differences": differences(cases, seed=9),
        "is_open_us_with_50_rules": round(cost_of_a_question(questions) * 1e6, 1),
    }


def differences(cases: int, seed: int) -> int:
    """How often ``is_open`` and the oracle disagree."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    holidays = japanese_holidays()
    found = 0
    for _ in range(cases):
        zone = dice.choice(ZONES)
        at = random_instant(dice, zone)
        hours = random_hours(dice, at.astimezone(zone).date())
        (wanted,) = minutes(hours, at, 1, zone, holidays)
        found += is_open(hours, at, zone, holidays) is not wanted
    return found


def cost_of_a_question(questions: int) -> float:
    """Seconds that one question takes with as many rules as there may be, of every kind."""
    third = MOST_RULES // 3
    hours = Hours(
        basic=tuple(
            Basic(frozenset({n % 8, (n + 3) % 8}), (360 + n, 900 + n))
            for n in range(MOST_RULES - 2 * third)
        ),
        special=tuple(
            Special(Dates(Repeat.WEEKDAY, nth=n % 5 + 1, weekday=n % 7), (600, 1200))
            for n in range(third)
        ),
        closed=tuple(Dates(Repeat.YEARLY, month=n % 12 + 1, day=n + 1) for n in range(third)),
    )
    dice = random.Random(9)  # noqa: S311 - repeatable on purpose
    zone, holidays = ZONES[0], japanese_holidays()
    instants = [random_instant(dice, zone) for _ in range(questions)]
    begun = time.perf_counter()
    for at in instants:
        is_open(hours, at, zone, holidays)
    return (time.perf_counter() - begun) / questions
