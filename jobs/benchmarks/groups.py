"""The list of groups: 100 groups of 50 cameras, with the same cameras in all and with 5,000."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from pydantic import SecretStr

from jobs import group_sample, schedule
from webapp import heartbeat
from webapp.app import build_app
from webapp.database import close_database, migrate, open_database
from webapp.domain.groups import MOST_CAMERAS, MOST_GROUPS
from webapp.domain.health import CameraState
from webapp.domain.schedule import slot_of
from webapp.models import (
    Camera,
    CameraGroup,
    CameraGroupMember,
    Latest,
    Member,
    Observation,
    Organisation,
    Role,
)
from webapp.services import build_services, keep_what_is_loaded
from webapp.settings import Settings
from webapp.signin.sessions import COOKIE, start_session

ROUNDS = 11
GROUPS, CAMERAS = MOST_GROUPS, MOST_CAMERAS
ORIGIN = "https://nigiwai.test"


async def run() -> dict[str, Any]:
    """Measure the server's time for the list and for a minute's samples, in milliseconds."""
    return {
        "same_50_cameras": await _measured(shared=True),
        "5000_cameras": await _measured(shared=False),
    }


async def _measured(*, shared: bool) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            footage_dir=Path(folder),
            secret_key=SecretStr("s" * 40),
            origin=ORIGIN,
        )
        await migrate(settings)
        await open_database(settings)
        try:
            organisation = await Organisation.create(name="計測")
            at = datetime.now(UTC)
            minute = slot_of(at, settings.capture_interval)
            await _fill(organisation, minute, shared=shared)
            return await _times(settings, organisation, minute, at)
        finally:
            await close_database()


async def _times(
    settings: Settings, organisation: Organisation, minute: datetime, at: datetime
) -> dict[str, float]:
    member = await Member.create(
        organisation=organisation, name="計測", mail="bench@nigiwai.test", role=Role.ADMIN
    )
    token = await start_session(member, settings, at)
    app = build_app(build_services(settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        client.cookies.set(COOKIE, token)

        async def look() -> None:
            (await client.get("/groups")).raise_for_status()

        await look()
        keep_what_is_loaded()
        lists = [await _milliseconds(look) for _ in range(ROUNDS)]
        begin = time.process_time()
        await look()
        busy = (time.process_time() - begin) * 1000
    await heartbeat.set_mark(schedule.CURSOR, minute)

    async def sample() -> None:
        await group_sample.sample(settings, at)

    return {
        "list_ms_median": round(statistics.median(lists), 1),
        "list_cpu_ms": round(busy, 1),
        "list_ms_worst": round(max(lists), 1),
        "sample_minute_ms": round(await _milliseconds(sample), 1),
        "sample_again_ms": round(await _milliseconds(sample), 1),
    }


async def _milliseconds(step: Callable[[], Awaitable[None]]) -> float:
    begin = time.perf_counter()
    await step()
    return (time.perf_counter() - begin) * 1000


async def _fill(organisation: Organisation, minute: datetime, *, shared: bool) -> None:
    number = CAMERAS if shared else CAMERAS * GROUPS
    await Camera.bulk_create(
        [
            Camera(organisation=organisation, name=f"カメラ {n}", connector="file", source="")
            for n in range(number)
        ]
    )
    cameras = await Camera.all().order_by("id")
    await Latest.bulk_create(
        [
            Latest(
                organisation=organisation,
                camera=camera,
                state=CameraState.OK,
                minute=minute,
                count=n % 7,
                good_at=minute,
                good_count=n % 7,
            )
            for n, camera in enumerate(cameras)
        ]
    )
    await Observation.bulk_create(
        [
            Observation(
                organisation=organisation,
                camera=camera,
                minute=minute,
                state=CameraState.OK,
                count=n % 7,
            )
            for n, camera in enumerate(cameras)
        ]
    )
    for number in range(GROUPS):
        first = 0 if shared else number * CAMERAS
        chosen = cameras[first : first + CAMERAS]
        group = await CameraGroup.create(
            organisation=organisation, name=f"グループ {number}", default_camera=chosen[0]
        )
        await CameraGroupMember.bulk_create(
            [
                CameraGroupMember(
                    organisation=organisation, group=group, camera=camera, position=position
                )
                for position, camera in enumerate(chosen)
            ]
        )
