"""The nightly run in a process of its own, slow enough to be killed in the middle."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

from jobs import forecast
from webapp.database import close_database, open_database
from webapp.settings import Settings

LEARNS = 0.02
BATCH = 4


def run_night(settings: Settings, at: datetime) -> None:
    """What a worker does at ``at``, a few cameras at a time."""
    learn = forecast._learn

    def slowly(*of: Any) -> Any:
        time.sleep(LEARNS)
        return learn(*of)

    forecast._learn, forecast._BATCH, forecast._NEW_BATCH = slowly, BATCH, BATCH
    asyncio.run(_run(settings, at))


async def _run(settings: Settings, at: datetime) -> None:
    async def clock() -> datetime:
        return at

    await open_database(settings)
    await forecast.forecast_due(settings, clock)
    await close_database()
