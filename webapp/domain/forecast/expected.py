"""A business day as it is expected (F1, B5): by the published forecast, with its band."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from webapp.domain.forecast.band import band_about
from webapp.domain.forecast.knowledge import Knowledge
from webapp.domain.forecast.means import calendar_mean, plain_means
from webapp.domain.forecast.scores import Method, score_of
from webapp.domain.forecast.slots import Floats, add_up


@dataclass(frozen=True, slots=True)
class Expected:
    """A business day as it is expected, each (96,): ``low`` to ``high`` holds four of five."""

    mean: Floats
    low: Floats
    high: Floats


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
        mean = calendar_mean(knowledge, day, holidays)
    return Expected(mean, *band_about(knowledge, day, holidays, mean))


def together(parts: Collection[Expected]) -> Expected:
    """The sum of several cameras. Their bands add up: what is unusual is so at all of them.

    A slot that some of them know nothing of is the sum of the others: they are closed then.
    """
    return Expected(
        *(add_up([getattr(part, name) for part in parts]) for name in ("mean", "low", "high"))
    )
