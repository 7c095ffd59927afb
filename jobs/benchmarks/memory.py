"""Whether a worker with its engine stays flat in memory over many frames.

The very steps of a worker run on frames of the demonstration's film; the resident memory
is read every now and then; what the first quarter takes to settle is left out of the growth.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from jobs import ledger, memory, schedule
from jobs.observe import Workshop, observe
from webapp.database import close_database, migrate, open_database
from webapp.demo.seed import demo_settings, seed
from webapp.identity.parts import build_parts
from webapp.models import Camera, Observation
from webapp.services import build_services
from webapp.settings import Settings, private_settings

FRAMES = 2000
SAMPLE_EVERY = 200


async def run(frames: int = FRAMES) -> dict[str, Any]:
    """Observe ``frames`` frames; megabytes as they go, and how much they grew."""
    with quiet(), tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        settings = demo_settings(private_settings(Path(folder)))
        await migrate(settings)
        await open_database(settings)
        try:
            return await _measure(settings, frames)
        finally:
            await close_database()


def resident_mb() -> float:
    """Read how much memory this process holds now (Linux; elsewhere the most it ever held)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except FileNotFoundError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _measure(settings: Settings, frames: int) -> dict[str, Any]:
    services = build_services(settings)
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    await seed(services, build_parts(settings), now - timedelta(hours=1))
    shop = Workshop.open(services, lambda: now)
    cameras = await Camera.all().count()
    done, samples = 0, {}
    try:
        while done < frames:
            await schedule.tick(settings, now)
            for held in await ledger.claim(settings, now + timedelta(seconds=50), cameras):
                await observe(shop, held)
                done += 1
                if done % SAMPLE_EVERY == 0:
                    memory.give_back()  # as a worker does twice a minute
                    samples[done] = round(resident_mb(), 1)
            now += timedelta(minutes=1)
    finally:
        shop.analysis.close()
    settled = samples[max(SAMPLE_EVERY, frames // 4 // SAMPLE_EVERY * SAMPLE_EVERY)]
    return {
        "frames": done,
        "counted": await Observation.filter(count__isnull=False).count(),
        "mb_by_frames": {str(count): mb for count, mb in samples.items()},
        "mb_growth_after_first_quarter": round(samples[max(samples)] - settled, 1),
    }


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out log lines: they would be thousands."""
    configured = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(**configured)
