"""``nigiwai worker``: captures and counts, as many processes as wanted."""

from __future__ import annotations

import asyncio
import signal

import click

from jobs.worker import Worker
from webapp.database import close_database, open_database
from webapp.errors import PermanentFailure
from webapp.log import set_up_logging
from webapp.services import build_services
from webapp.settings import check_shared, read_settings


@click.command()
def worker() -> None:
    """Capture and count; needs PostgreSQL and Redis or Valkey."""
    settings = read_settings()
    check_shared(settings)
    set_up_logging(settings)
    services = build_services(settings)

    async def run() -> None:
        await open_database(settings)
        try:
            await _work(Worker(services, settings.redis_url, ends_when_wedged=True))
        finally:
            if services.camera_cloud is not None:
                await services.camera_cloud.grants.settle()
            await close_database()

    asyncio.run(run())


async def _work(worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop.set)
    await worker.run()
    if worker.is_wedged:
        raise PermanentFailure("Analyses hang; this worker ended so that another may start.")
