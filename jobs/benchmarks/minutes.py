"""Half an hour of many cameras through the ledger, with a clock that is moved by hand.

Each second of the clock is a tick of the schedule and one round of claims, as a worker
makes them; no picture is asked or analysed. What counts: is every minute recorded, and how
evenly do the turns begin.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from jobs import ledger, schedule
from jobs.benchmarks.memory import quiet
from jobs.ledger import Answer, Claim
from webapp.database import close_database, migrate, open_database
from webapp.domain.health import CameraState
from webapp.models import Camera, Observation, Organisation
from webapp.settings import Settings

CAMERAS, MINUTES, ORGANISATIONS = 5000, 30, 20
AT_ONCE = 4
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def run(cameras: int = CAMERAS, minutes: int = MINUTES) -> dict[str, Any]:
    """Go through so many minutes of so many cameras on SQLite."""
    with quiet(), tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        settings = Settings(data_dir=Path(folder), database_url="", secret_key=SecretStr("b" * 40))
        await migrate(settings)
        await open_database(settings)
        try:
            await _make_cameras(cameras)
            return await through(settings, cameras, minutes)
        finally:
            await close_database()


async def through(settings: Settings, cameras: int, minutes: int) -> dict[str, Any]:
    """Work from noon on, second by second; the first minute after the start is not measured."""
    begun = time.perf_counter()
    starts: Counter[datetime] = Counter()
    for second in range((minutes + 1) * 60):
        at = NOON + timedelta(seconds=second)
        await schedule.tick(settings, at)
        starts[at] = await _work(settings, at)
    await schedule.tick(settings, NOON + timedelta(minutes=minutes + 1))
    measured = NOON + timedelta(minutes=1)
    rows = Observation.filter(minute__gte=measured)
    recorded = await rows.filter(state=CameraState.OK).count()
    of_measured = [count for at, count in starts.items() if at >= measured]
    return {
        "cameras": cameras,
        "minutes": minutes,
        "recorded_share": round(recorded / (cameras * minutes), 5),
        "skipped": await rows.filter(state=CameraState.SKIPPED).count(),
        "missed": await rows.filter(state=CameraState.MISSED).count(),
        # Turns lie in the first 0.8 of a minute; the mean is that of the whole minute.
        "busiest_second_times_mean": round(max(of_measured) * 60 / cameras, 2),
        "real_seconds_a_minute": round((time.perf_counter() - begun) / (minutes + 1), 2),
    }


async def _work(settings: Settings, at: datetime) -> int:
    started = 0
    while claims := await ledger.claim(settings, at, settings.acquisition_concurrency):
        started += len(claims)
        for first in range(0, len(claims), AT_ONCE):
            await asyncio.gather(
                *(_finish(settings, held, at) for held in claims[first : first + AT_ONCE])
            )
    return started


async def _finish(settings: Settings, held: Claim, at: datetime) -> None:
    answer = Answer(CameraState.OK, count=3, engine="standard", captured_at=at)
    await ledger.finish(settings, held, answer, at)


async def _make_cameras(count: int) -> None:
    organisations = [
        await Organisation.create(name=f"bench {number}") for number in range(ORGANISATIONS)
    ]
    cameras = [
        Camera(
            organisation=organisations[number % ORGANISATIONS],
            name=str(number),
            connector="file",
            source="",
            created_at=NOON - timedelta(hours=1),
        )
        for number in range(count)
    ]
    await Camera.bulk_create(cameras, batch_size=500)
