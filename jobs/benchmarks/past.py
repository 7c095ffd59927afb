"""A past to measure: cameras with minutes and quarter hours, in a database of their own."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from jobs.benchmarks.ledger import own_database
from jobs.benchmarks.memory import quiet
from webapp.app import build_app
from webapp.database import close_database, current_connection, migrate, open_database
from webapp.errors import StartRefused
from webapp.models import Camera, Latest, Member, Organisation, Role
from webapp.services import Services, build_services
from webapp.settings import private_settings, read_settings
from webapp.signin.sessions import COOKIE, start_session

_MINUTES = """
INSERT INTO observation (organisation_id, camera_id, minute, state, count, engine, captured_at)
SELECT camera.organisation_id, camera.id, minute, 'ok',
       (10 + 8 * sin(extract(epoch FROM minute) / 13751) + random() * 4)::int, 'standard',
       minute + interval '7 seconds'
FROM camera, generate_series('{start}'::timestamptz, '{end}'::timestamptz, '1 minute') AS minute
"""
_QUARTERS = """
INSERT INTO camera_quarter (organisation_id, camera_id, quarter, total, n, low, high, at_quarter)
SELECT camera.organisation_id, camera.id, quarter, 150 + (random() * 60)::int, 15, 4, 18, 10
FROM generate_series('{start}'::timestamptz, '{end}'::timestamptz, '15 minutes') AS quarter, camera
ORDER BY quarter
"""


@dataclass(frozen=True, slots=True)
class Past:
    """An organisation with a past, and somebody at a browser who is a member of it."""

    services: Services
    organisation: Organisation
    cameras: list[Camera]
    client: httpx.AsyncClient


@asynccontextmanager
async def past_of(cameras: int) -> AsyncIterator[Past]:
    """So many cameras without a past yet, on the PostgreSQL server that the settings name."""
    given = read_settings()
    if given.is_sqlite:
        raise StartRefused("This is measured on PostgreSQL: name it in NIGIWAI_DATABASE_URL.")
    with quiet(), tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        async with own_database(given) as named:
            private = private_settings(Path(folder))
            settings = private.model_copy(update={"database_url": named.database_url})
            await migrate(settings)
            await open_database(settings)
            try:
                yield await _people(build_services(settings), cameras)
            finally:
                await close_database()


async def fill(start: datetime, end: datetime, *, minutes: bool) -> None:
    """Fill in quarter hours, and the ``minutes`` too if wanted."""
    db = current_connection()
    for statement in (_QUARTERS, _MINUTES) if minutes else (_QUARTERS,):
        filled = statement.replace("{start}", start.isoformat())
        await db.execute_script(filled.replace("{end}", end.isoformat()))
    await db.execute_script("VACUUM (ANALYZE)")


async def _people(services: Services, count: int) -> Past:
    organisation = await Organisation.create(name="bench")
    cameras = [
        await Camera.create(
            organisation=organisation, name=f"camera {number}", connector="file", source=""
        )
        for number in range(count)
    ]
    for camera in cameras:
        await Latest.create(organisation=organisation, camera=camera)
    member = await Member.create(
        organisation=organisation,
        name="bench",
        mail=f"{secrets.token_hex(4)}@bench.invalid",
        role=Role.ADMIN,
    )
    token = await start_session(member, services.settings, datetime.now(UTC))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(services)),
        base_url=services.settings.origin,
        cookies={COOKIE: token},
    )
    return Past(services, organisation, cameras, client)
