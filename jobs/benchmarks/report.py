"""The monthly report of one camera, and of an organisation with 20 (F5)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jobs.benchmarks.past import fill, past_of
from webapp.domain.csv_rows import whole_month
from webapp.domain.report import month_before
from webapp.models import FileKind, PreparedFile
from webapp.reports.make import make_report

CAMERAS = 20


async def run(cameras: int = CAMERAS) -> dict[str, Any]:
    """Seconds from the first query to the last byte of the PDF."""
    zone = ZoneInfo("Asia/Tokyo")
    month = month_before(datetime.now(zone).date())
    end = whole_month(month, zone)[1]
    async with past_of(cameras) as past:
        await fill(whole_month(month, zone)[0], end - timedelta(minutes=1), minutes=True)
        storage = past.services.storage
        asked = PreparedFile(
            organisation=past.organisation, kind=FileKind.REPORT, month=f"{month:%Y-%m}"
        )
        seconds = {}
        for whose, camera in (("one_camera", past.cameras[0]), ("organisation", None)):
            asked.camera = camera
            asked.camera_id = camera.id if camera else None
            asked.group, asked.group_id = None, None
            begun = time.perf_counter()
            pdf = await make_report(asked, storage)
            seconds[f"seconds_{whose}"] = round(time.perf_counter() - begun, 2)
            seconds[f"kb_{whose}"] = len(pdf) // 1000
    return {"cameras": cameras, **seconds}
