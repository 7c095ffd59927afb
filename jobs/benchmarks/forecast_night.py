"""One night of the forecasts: a thousand cameras learn yesterday, with little and much kept."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from jobs.benchmarks.ledger import own_database
from jobs.benchmarks.memory import quiet
from jobs.forecast import forecast_due, kept_days
from webapp.database import (
    close_database,
    current_connection,
    is_postgres,
    migrate,
    open_database,
    run_statement,
)
from webapp.domain.forecast import learning
from webapp.domain.forecast.knowledge import Knowledge
from webapp.domain.forecast.means import plain_means
from webapp.domain.forecast.slots import SLOTS
from webapp.hours.holidays import japanese_holidays
from webapp.models import Camera, CameraForecast, Organisation
from webapp.settings import Settings, private_settings, read_settings

CAMERAS = 1000
ZONE = ZoneInfo("Asia/Tokyo")
# 3:30 of a night; yesterday is the day before.
AT = datetime(2026, 11, 20, 3, 30, tzinfo=ZONE)
_DAY = timedelta(days=1)
_LITTLE, _MUCH = 1, 14  # days of quarter hours beside those that the night reads

_POSTGRES = """
INSERT INTO camera_quarter (organisation_id, camera_id, quarter, total, n, low, high, at_quarter)
SELECT organisation_id, id, to_timestamp(instant), 150, 15, 4, 18, 10
FROM camera, generate_series($1::bigint, $2::bigint, 900) AS instant
"""
_SQLITE = """
WITH RECURSIVE span(instant) AS (
    SELECT $1 UNION ALL SELECT instant + 900 FROM span WHERE instant < $2
)
INSERT INTO camera_quarter (organisation_id, camera_id, quarter, total, n, low, high, at_quarter)
SELECT organisation_id, id, strftime('%Y-%m-%d %H:%M:%S+00:00', instant, 'unixepoch'),
       150, 15, 4, 18, 10
FROM camera, span
"""


async def one_night(cameras: int = CAMERAS) -> dict[str, Any]:
    """Seconds of a night on SQLite, and on PostgreSQL where the settings name it."""
    given = read_settings()
    results: dict[str, Any] = {}
    with quiet(), tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        private = private_settings(Path(folder))
        results["sqlite"] = await _measure(private, cameras)
        if not given.is_sqlite:
            async with own_database(given) as named:
                settings = private.model_copy(update={"database_url": named.database_url})
                results["postgres"] = await _measure(settings, cameras)
    return results


async def _measure(settings: Settings, cameras: int) -> dict[str, float]:
    await migrate(settings)
    await open_database(settings)
    try:
        organisation = await Organisation.create(name="bench", time_zone=ZONE.key)
        await Camera.bulk_create(
            [
                Camera(organisation=organisation, name=str(n), connector="file", source="")
                for n in range(cameras)
            ],
            batch_size=500,
        )
        yesterday = AT.date() - _DAY
        oldest = yesterday - kept_days(settings) * _DAY
        await _know(cameras, oldest, yesterday - _DAY)
        for day in (oldest, yesterday):
            await _fill(day, 1)
        await _fill(yesterday - _LITTLE * _DAY, _LITTLE)
        little = await _night(settings)
        await _know(cameras, oldest, yesterday - _DAY)
        await _fill(yesterday - _MUCH * _DAY, _MUCH - _LITTLE)
        much = await _night(settings)
    finally:
        await close_database()
    return {f"seconds_{_LITTLE + 2}_days_kept": little, f"seconds_{_MUCH + 2}_days_kept": much}


async def _know(cameras: int, since: date, through: date) -> None:
    """Let every camera know a year through ``through`` already."""
    knowledge, dice = Knowledge(), np.random.default_rng(11)
    for number in range((through - since).days + 1):
        total = dice.poisson(150.0, SLOTS).astype(np.float64)
        day = since + number * _DAY
        learning.add(knowledge, day, total, np.full(SLOTS, 15.0), japanese_holidays())
    await CameraForecast.all().delete()
    row = {
        "since": since,
        "through": through,
        "time_zone": ZONE.key,
        "knowledge": knowledge.pack(),
        "means": plain_means(knowledge).astype("<f4").tobytes(),
    }
    whose = await Camera.all().values_list("id", "organisation_id")
    await CameraForecast.bulk_create(
        [
            CameraForecast(camera_id=camera, organisation_id=organisation, **row)
            for camera, organisation in whose[:cameras]
        ],
        batch_size=200,
    )


async def _fill(first: date, days: int) -> None:
    start = datetime(first.year, first.month, first.day, tzinfo=ZONE)
    db = current_connection()
    span = [int(start.timestamp()), int((start + days * _DAY).timestamp()) - 900]
    await run_statement(db, _POSTGRES if is_postgres(db) else _SQLITE, span)
    await db.execute_script("ANALYZE")


async def _night(settings: Settings) -> float:
    async def clock() -> datetime:
        return AT.astimezone(UTC)

    begun = time.perf_counter()
    done = await forecast_due(settings, clock)
    assert done, "nothing was due"
    return round(time.perf_counter() - begun, 2)
