"""Metered views of embeds: 333 a second from 500 addresses, and as many as the app can answer.

The app is a process of its own, the viewers sit beside it. On PostgreSQL too when the settings
name one: in a database of its own, which is removed afterwards. What counts beside the times:
after all of it, exactly what was answered is stored.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs.benchmarks.embed_load import Seen, Viewers
from jobs.benchmarks.embed_server import free_port, serving
from jobs.benchmarks.ledger import own_database
from webapp.database import close_database, migrate, open_database
from webapp.domain.embeds import Options
from webapp.domain.health import CameraState
from webapp.models import (
    CallCount,
    CallMonth,
    Camera,
    EmbedKey,
    EmbedVariant,
    Latest,
    LicenceChange,
    Organisation,
)
from webapp.settings import Settings, private_settings, read_settings

# 10,000 viewers of 2 cameras, each renewed once a minute.
RATE, SECONDS = 333, 20
AT_ONCE, BUSY_SECONDS, WARM_UP = 64, 10, 1
CAMERAS, ADDRESSES = 2, 500
# Of ten views one is a first one: the whole page, not the part that is renewed.
PARTS_A_PAGE = 9


async def run() -> dict[str, Any]:
    """Measure both databases: milliseconds, views a second, and what was stored too much."""
    given = read_settings()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        port = free_port()
        settings = private_settings(
            Path(folder), origin=f"http://localhost:{port}", listen_port=port
        )
        results["sqlite"] = await _measure(settings)
        if not given.is_sqlite:
            async with own_database(given) as other:
                url = other.database_url
                results["postgres"] = await _measure(
                    settings.model_copy(update={"database_url": url})
                )
    return results


async def _measure(settings: Settings) -> dict[str, Any]:
    await migrate(settings)
    await open_database(settings)
    try:
        paths = await fill()
    finally:
        await close_database()
    async with serving(settings) as process:
        viewers = Viewers(settings.listen_port, ADDRESSES)
        try:
            warm, busy = Seen(), Seen()
            await _at_once(viewers, paths, WARM_UP, warm)
            processor = [processor_seconds(process.pid)]
            steady = await viewers.at_rate(paths, RATE, SECONDS)
            processor.append(processor_seconds(process.pid))
            took = await _at_once(viewers, paths, BUSY_SECONDS, busy)
            processor.append(processor_seconds(process.pid))
        finally:
            viewers.close()
    await open_database(settings)
    try:
        month, days = await stored()
    finally:
        await close_database()
    answered = sum(seen.answered for seen in (warm, steady, busy))
    return {
        f"{RATE}_a_second": _figures(steady, processor[1] - processor[0]),
        "saturated": {
            "views_a_second": round(busy.answered / took),
            **_figures(busy, processor[2] - processor[1]),
        },
        "answered": answered,
        "stored_too_many": month - answered,
        "days_differ_by": month - days,
    }


def _figures(seen: Seen, processor: float) -> dict[str, float]:
    return {
        "views": seen.answered,
        "errors": seen.errors,
        "p50_ms": seen.milliseconds(0.5),
        "p99_ms": seen.milliseconds(0.99),
        "worst_ms": seen.milliseconds(1),
        # What a view costs the app, whatever else the machine does; the database's own is not in.
        "processor_ms_a_view": round(1000 * processor / max(1, seen.answered), 2),
    }


def processor_seconds(pid: int) -> float:
    """The processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _at_once(viewers: Viewers, paths: Sequence[str], seconds: float, seen: Seen) -> float:
    """As many views as the app answers, so many seconds; how long it really took."""
    begun = time.perf_counter()
    await viewers.at_once(paths, AT_ONCE, lambda: time.perf_counter() - begun < seconds, seen)
    return time.perf_counter() - begun


async def fill(cameras: int = CAMERAS) -> list[str]:
    """Put cameras with a picture of now and an embed each into the open database.

    Returns the paths that viewers ask for, as often as they do.
    """
    at = datetime.now(UTC)
    organisation = await Organisation.create(name="計測", is_licensed=True)
    await LicenceChange.create(
        organisation=organisation,
        effective_on="2020-01-01",
        cameras=cameras,
        packs=999,
        made_at=at,
    )
    of_cameras = [await _camera(organisation, number, at) for number in range(cameras)]
    return [path for paths in of_cameras for path in paths]


async def _camera(organisation: Organisation, number: int, at: datetime) -> list[str]:
    camera = await Camera.create(
        organisation=organisation, name=f"カメラ {number}", connector="file", source=""
    )
    await Latest.create(
        organisation=organisation,
        camera=camera,
        state=CameraState.OK,
        minute=at,
        count=number + 3,
        good_at=at,
        good_count=number + 3,
        picture=f"masked/{camera.public_id}/1.jpg",
        picture_width=768,
        picture_height=576,
    )
    key = await EmbedKey.create(organisation=organisation, camera=camera)
    variant = await EmbedVariant.create(
        organisation=organisation, embed_key=key, options=Options().stored()
    )
    path = f"/e/{key.key}/{variant.name}"
    return [path, *[f"{path}/part"] * PARTS_A_PAGE]


async def stored() -> tuple[int, int]:
    """The calls in the open database: of the months, and of the days of every key."""
    months = await CallMonth.all().values_list("calls", flat=True)
    days = await CallCount.all().values_list("calls", flat=True)
    return sum(months), sum(days)  # type: ignore[arg-type]
