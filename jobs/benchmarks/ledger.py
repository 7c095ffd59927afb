"""What a camera-minute costs in the ledger: insert, claim, finish, without any picture.

A minute of so many cameras is put in, claimed in batches and finished, by one worker's
code on one connection pool. On PostgreSQL too when the settings name one: in a database
of its own, which is removed afterwards.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]

from jobs import ledger, schedule
from jobs.ledger import Answer
from webapp.database import close_database, migrate, open_database
from webapp.domain.health import CameraState
from webapp.models import Camera, Organisation
from webapp.settings import Settings, private_settings, read_settings

CAMERAS = (1000, 5000)
BATCH = 100
AT_ONCE = 4
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def run() -> dict[str, Any]:
    """Measure both databases; milliseconds of wall time a camera-minute, by step."""
    given = read_settings()
    results: dict[str, Any] = {}
    for cameras in CAMERAS:
        with tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
            settings = private_settings(Path(folder))
            results.setdefault("sqlite", {})[str(cameras)] = await _measure(settings, cameras)
        if not given.is_sqlite:
            async with own_database(given) as settings:
                result = await _measure(settings, cameras)
                results.setdefault("postgres", {})[str(cameras)] = result
    return results


async def _measure(settings: Settings, cameras: int) -> dict[str, float]:
    await migrate(settings)
    await open_database(settings)
    try:
        await _make_cameras(cameras)
        await _one_minute(settings, NOON)  # the first minute makes rows that stay
        processor = time.process_time()
        steps = await _one_minute(settings, NOON + timedelta(minutes=1))
        processor = time.process_time() - processor
    finally:
        await close_database()
    figures = {f"ms_{step}": round(1000 * s / cameras, 4) for step, s in steps.items()}
    total = sum(steps.values())
    return {
        **figures,
        "ms_total": round(1000 * total / cameras, 4),
        "ms_processor": round(1000 * processor / cameras, 4),
        "seconds_a_minute": round(total, 3),
    }


async def _one_minute(settings: Settings, minute: datetime) -> dict[str, float]:
    begun = time.perf_counter()
    await schedule.tick(settings, minute)
    inserted = time.perf_counter()
    at = minute + timedelta(seconds=55)
    claims = []
    while batch := await ledger.claim(settings, at, BATCH):
        claims += batch
    claimed = time.perf_counter()
    for start in range(0, len(claims), AT_ONCE):
        await asyncio.gather(
            *(
                ledger.finish(settings, held, _answer(at), at)
                for held in claims[start : start + AT_ONCE]
            )
        )
    return {
        "insert": inserted - begun,
        "claim": claimed - inserted,
        "finish": time.perf_counter() - claimed,
    }


def _answer(at: datetime) -> Answer:
    return Answer(
        CameraState.OK, count=3, engine="standard", captured_at=at, picture="masked/a/b.jpg"
    )


async def _make_cameras(count: int) -> None:
    organisation = await Organisation.create(name="bench")
    cameras = [
        Camera(
            organisation=organisation,
            name=f"camera {number}",
            connector="file",
            source="",
            created_at=NOON - timedelta(hours=1),
        )
        for number in range(count)
    ]
    await Camera.bulk_create(cameras, batch_size=500)


@asynccontextmanager
async def own_database(given: Settings) -> AsyncIterator[Settings]:
    """Make a database beside the given one, which is not touched, and remove it afterwards."""
    name = f"nigiwai_bench_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(given.database_url)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        try:
            url = urlsplit(given.database_url)._replace(path=f"/{name}").geturl()
            yield given.model_copy(update={"database_url": url})
        finally:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()
