"""Whether a worker with its engine stays flat in memory over many frames.

The very steps of a worker run on frames of the demonstration's film; the resident memory
is read after a warm-up and at the end.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jobs import ledger, schedule
from jobs.observe import Workshop, observe
from jobs.sweep import sweep
from webapp.database import close_database, migrate, open_database
from webapp.demo.seed import demo_settings, seed
from webapp.models import Camera, Observation
from webapp.services import build_services
from webapp.settings import Settings, read_settings

FRAMES = 2000
WARM_UP = 200


async def run(frames: int = FRAMES) -> dict[str, Any]:
    """Observe ``frames`` frames; megabytes before and after, and their difference."""
    with tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        given = read_settings()
        settings = demo_settings(Settings(data_dir=Path(folder), plugins_file=given.plugins_file))
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
    await seed(services, now - timedelta(hours=1))
    shop = Workshop.open(services, lambda: now)
    cameras = await Camera.all().count()
    warm_up, done, before = min(WARM_UP, frames // 2), 0, 0.0
    try:
        while done < frames:
            await schedule.tick(settings, now)
            for held in await ledger.claim(settings, now + timedelta(seconds=50), cameras):
                await observe(shop, held)
                done += 1
                if done == warm_up:
                    before = resident_mb()
            now += timedelta(minutes=1)
            if done % 300 < cameras:
                await sweep(services, datetime.now(UTC))
    finally:
        shop.analysis.close()
    after = resident_mb()
    return {
        "frames": done,
        "counted": await Observation.filter(count__isnull=False).count(),
        "mb_after_warm_up": round(before, 1),
        "mb_at_end": round(after, 1),
        "mb_growth": round(after - before, 1),
    }
