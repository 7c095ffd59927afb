"""CSV: a month of one camera to its last byte, and a month of 100 cameras as a file (F3)."""

from __future__ import annotations

import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jobs.benchmarks.memory import resident_mb
from jobs.benchmarks.past import fill, past_of
from webapp.domain.csv_rows import whole_month
from webapp.domain.report import month_before
from webapp.history.bulk import write_zip

CAMERAS = 100


async def run(cameras: int = CAMERAS) -> dict[str, Any]:
    """Seconds of both, and by how much the memory grew."""
    zone = ZoneInfo("Asia/Tokyo")
    month = month_before(datetime.now(zone).date())
    start, end = whole_month(month, zone)
    async with past_of(cameras) as past:
        await fill(start, end - timedelta(minutes=1), minutes=True)
        path = f"/cameras/{past.cameras[0].public_id}/csv/download?month={month:%Y-%m}"
        await past.client.get(path)
        begun = time.perf_counter()
        answer = await past.client.get(path)
        one = time.perf_counter() - begun
        answer.raise_for_status()
        before = resident_mb()
        with tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
            file = Path(folder) / "all.zip"
            most = before

            async def progress(_done: int, _total: int) -> None:
                nonlocal most
                most = max(most, resident_mb())

            begun = time.perf_counter()
            written = await write_zip(past.organisation, month, file, progress)
            every = time.perf_counter() - begun
            size = file.stat().st_size
    return {
        "rows_of_a_month": int((end - start) / timedelta(minutes=1)),
        "seconds_one_camera": round(one, 2),
        "cameras": written,
        "seconds_all_cameras": round(every, 1),
        "mb_growth": round(most - before, 1),
        "mb_zip": round(size / 1e6, 1),
    }
