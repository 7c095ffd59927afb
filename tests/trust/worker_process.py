"""A worker in a process of its own, with a camera and an engine that take a known time.

While the engine works on a frame, the file ``<folder>/<pid>`` exists: a test that wants to
kill a worker in the middle of a frame waits for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from nigiwai_engine_api import Context, Frame, People

from jobs.worker import Worker
from tests.jobs.conftest import INFO, jpeg
from webapp.connectors import Still
from webapp.database import close_database, open_database
from webapp.embeds.desk import open_desk
from webapp.plugins import Engines
from webapp.sealing import Sealer
from webapp.services import Services
from webapp.settings import Settings
from webapp.storage import open_storage

ENGINE_TAKES = 0.15


class SlowEngine:
    """Takes its time, and says so by a file."""

    def __init__(self, folder: Path) -> None:
        self._mark = folder / str(os.getpid())

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_people(self, frame: Frame, context: Context) -> People:
        self._mark.touch()
        time.sleep(ENGINE_TAKES)
        self._mark.unlink(missing_ok=True)
        return People(np.array([[10, 10, 40, 90]], np.float32), np.ones(1, np.float32))


class QuickCamera:
    """Answers at once."""

    def __init__(self) -> None:
        self._data = jpeg()

    async def fetch(  # the connector's interface
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109
    ) -> Still:
        return Still(self._data, at)


def make_services(settings: Settings, folder: Path) -> Services:
    return Services(
        settings=settings,
        storage=open_storage(settings),
        sealer=Sealer(settings.secret()),
        engines=Engines((INFO,), {"standard": lambda: SlowEngine(folder)}),
        connectors={"fake": QuickCamera()},
        embeds=open_desk(settings),
    )


def run_worker(settings: Settings, folder: Path) -> None:
    """Work until SIGTERM."""
    asyncio.run(_run(settings, folder))


async def _run(settings: Settings, folder: Path) -> None:
    await open_database(settings)
    worker = Worker(make_services(settings, folder), settings.redis_url)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop.set)
    try:
        await worker.run()
    finally:
        await close_database()
