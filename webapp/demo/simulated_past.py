"""Eight weeks of made-up counts for the demonstration's cameras, marked as such.

Graphs, trials and forecasts need a past. These counts follow what a shopping street is like:
weekdays with a noon and an evening peak, weekends that fill in the afternoon, holidays like
Sundays, good and bad days, a festival, some slow growth, and two hours in which the camera was
not reached. Every row says ``simulated`` where others name their engine, and the camera says
until when its counts were made up (``simulated_until``), so that every screen can tell.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from webapp.database import is_postgres, run_statement, transaction
from webapp.history import rollup
from webapp.hours.holidays import japanese_holidays
from webapp.models import Camera

PAST = timedelta(weeks=8)
ENGINE = "simulated"
MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

# People at the busiest minute of an ordinary weekday and Sunday, for each camera in turn.
_PEAKS = ((9.0, 12.0), (6.0, 9.0), (4.0, 4.5))
# Share of the peak at hours of the day, in between in a straight line.
_HOURS = np.array([0, 5, 7, 8, 10, 12, 13, 15, 17.5, 19, 21, 24], np.float64)
_WORKDAY = np.array(
    [0.01, 0.01, 0.30, 0.55, 0.40, 0.85, 0.75, 0.45, 1.00, 0.70, 0.25, 0.01], np.float64
)
_WEEKEND = np.array(
    [0.01, 0.01, 0.05, 0.12, 0.45, 0.75, 0.85, 1.00, 0.80, 0.50, 0.20, 0.01], np.float64
)
_FESTIVAL_DAYS_AGO, _FESTIVAL = 20, 1.8
_OUTAGE = (timedelta(days=33, hours=3), timedelta(hours=2))
_GROWTH = 0.15  # over the whole time

# One statement a camera: eighty thousand rows one by one would keep the first start waiting.
_INSERT = """
INSERT INTO observation (organisation_id, camera_id, minute, state, count, engine)
SELECT {camera}, {minute},
       CASE WHEN {count} < 0 THEN 'unreachable' ELSE 'ok' END,
       CASE WHEN {count} < 0 THEN NULL ELSE {count} END, 'simulated'
FROM {counts} WHERE true ON CONFLICT (camera_id, minute) DO NOTHING
"""
_SQLITE = _INSERT.format(
    camera="$1, $2",
    minute="strftime('%Y-%m-%d %H:%M:%S+00:00', $3 + made.key * 60, 'unixepoch')",
    count="made.value",
    counts="json_each($4) AS made",
)
_POSTGRES = _INSERT.format(
    camera="$1::bigint, $2::bigint",
    minute="to_timestamp($3::bigint + (made.number - 1) * 60)",
    count="made.value::int",
    counts="json_array_elements_text($4::json) WITH ORDINALITY AS made(value, number)",
)


@dataclass(frozen=True, slots=True)
class Past:
    """One camera's minutes: ``counts`` from ``first`` on, -1 where the camera was not reached."""

    first: datetime
    counts: NDArray[np.int16]


async def simulate_past(camera: Camera, number: int, time_zone: str, at: datetime) -> None:
    """Write eight weeks of counts of the ``number``-th camera of the demonstration up to ``at``."""
    until = at.replace(second=0, microsecond=0)
    past = await anyio.to_thread.run_sync(
        make_past, number, until, ZoneInfo(time_zone), japanese_holidays()
    )
    values = [
        camera.organisation_id,
        camera.id,
        int(past.first.timestamp()),
        json.dumps(past.counts.tolist()),
    ]
    async with transaction() as db:
        await run_statement(db, _POSTGRES if is_postgres(db) else _SQLITE, values)
    camera.simulated_until = until
    await camera.save(update_fields=["simulated_until"])
    await rollup.rebuild(rollup.CAMERAS, camera.id, past.first, until + rollup.QUARTER)


def make_past(number: int, until: datetime, zone: ZoneInfo, holidays: Collection[date]) -> Past:
    """Make up the counts of one camera, the same ones each time for the same ``until``."""
    first = until - PAST
    minutes = int(PAST / MINUTE)
    dice = np.random.default_rng(1000 + number)
    wanted = np.empty(minutes, np.float64)
    offset = 0
    while offset < minutes:
        local = (first + offset * MINUTE).astimezone(zone)
        left = 24 * 60 - (local.hour * 60 + local.minute)
        length = min(left, minutes - offset)
        hours = (24 * 60 - left + np.arange(length)) / 60
        wanted[offset : offset + length] = _expected(number, local.date(), hours, holidays) * (
            _mood(dice)
        )
        offset += length
    festival = first + PAST - _FESTIVAL_DAYS_AGO * _DAY
    begins = int((festival.astimezone(zone).replace(hour=10, minute=0) - first) / MINUTE)
    wanted[begins : begins + 9 * 60] *= _FESTIVAL
    wanted *= np.linspace(1 - _GROWTH, 1, minutes)
    counts = dice.poisson(wanted * _drift(dice, minutes)).astype(np.int16)
    lost = minutes - int(_OUTAGE[0] / MINUTE)
    counts[lost : lost + int(_OUTAGE[1] / MINUTE)] = -1
    return Past(first.astimezone(UTC), counts)


def _expected(
    number: int, day: date, hours: NDArray[np.float64], holidays: Collection[date]
) -> NDArray[np.float64]:
    weekday_peak, sunday_peak = _PEAKS[number % len(_PEAKS)]
    if day in holidays or day.weekday() == 6:
        return sunday_peak * np.interp(hours, _HOURS, _WEEKEND)
    if day.weekday() == 5:
        return (sunday_peak * 1.1) * np.interp(hours, _HOURS, _WEEKEND)
    # Fridays end later than Mondays.
    return (weekday_peak * (0.92 + 0.05 * day.weekday())) * np.interp(hours, _HOURS, _WORKDAY)


def _mood(dice: np.random.Generator) -> float:
    """How a day was, by weather and chance."""
    return float(np.exp(dice.normal(0, 0.15)))


def _drift(dice: np.random.Generator, minutes: int) -> NDArray[np.float64]:
    """Ups and downs that last for about a quarter of an hour."""
    steps = dice.normal(0, 0.25, minutes // 15 + 2)
    smooth = np.convolve(steps, (0.25, 0.5, 0.25), mode="same")
    steady: NDArray[np.float64] = np.interp(np.arange(minutes) / 15, np.arange(len(smooth)), smooth)
    return np.exp(steady)
