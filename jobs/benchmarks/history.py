"""The data of the history's chart: any range, of 20 cameras with a year each (F2).

The answer is made of quarter hours; the minutes, of which there are 10.5 million, are not read.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.benchmarks.past import fill, past_of
from webapp.domain.history import WIDTHS
from webapp.services import keep_what_is_loaded

CAMERAS = 20
ROUNDS = 3


async def run(cameras: int = CAMERAS) -> dict[str, Any]:
    """Milliseconds of an answer, over every width and camera."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    async with past_of(cameras) as past:
        await fill(now - timedelta(days=365), now, minutes=True)
        keep_what_is_loaded()
        taken: dict[str, list[float]] = {width: [] for width in WIDTHS}
        for _ in range(ROUNDS):
            for camera in past.cameras:
                for width, length in WIDTHS.items():
                    start, end = int((now - length).timestamp()), int(now.timestamp())
                    path = f"/cameras/{camera.public_id}/history/data"
                    query = f"from={start}&to={end}&pixels=1200"
                    begun = time.perf_counter()
                    answer = await past.client.get(f"{path}?{query}")
                    taken[width].append(1000 * (time.perf_counter() - begun))
                    answer.raise_for_status()
    every = sorted(value for values in taken.values() for value in values)
    longest = sorted(taken["12m"])
    return {
        "cameras": cameras,
        "ms_p95_any_range": round(every[int(len(every) * 0.95)], 1),
        "ms_p95_twelve_months": round(longest[int(len(longest) * 0.95)], 1),
        "ms_median": round(every[len(every) // 2], 1),
    }
