"""Opening and closing cameras by their business hours (S4, M5).

A camera's row says whether it is open and when that changes (``webapp/hours/opening.py``).
Each tick of the schedule carries out the changes whose time has come, before slots are made:
a camera that opens has its first slot at once, one that closes gets none any more. Whoever
saves other hours meanwhile wins, for the rows are held while they are changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from tortoise.expressions import Q

from jobs import sql
from webapp import heartbeat
from webapp.database import transaction
from webapp.hours.holidays import covers
from webapp.hours.opening import FIELDS, settle, was_open
from webapp.models import Camera

LOOK_OVER_EVERY = timedelta(hours=1)
_BATCH = 500

log = structlog.get_logger(__name__)


async def open_and_close(at: datetime) -> int:
    """Carry out the changes that are due at ``at``; how many cameras opened or closed.

    Once an hour every camera with hours is looked over, and it is said in the log when the
    holidays of next year are not known.
    """
    changed = 0
    while True:
        due = await _settle_some(Q(opening_changes_at__lte=at), at)
        changed += due
        if due < _BATCH:
            break
    if await heartbeat.take_turn("opening", at, LOOK_OVER_EVERY):
        changed += await look_over(at)
        if not covers(at.year + 1):
            log.warning("next year's holidays are not known", library="holidays", year=at.year + 1)
    return changed


async def look_over(at: datetime) -> int:
    """Compare every camera that has hours with them; how many rows were wrong."""
    changed, after = 0, 0
    while True:
        cameras = await Camera.filter(has_hours=True, id__gt=after).order_by("id").limit(_BATCH)
        if not cameras:
            return changed
        after = cameras[-1].id
        changed += await _settle_some(Q(id__in=[camera.id for camera in cameras]), at)


async def closed_at(minutes: Iterable[datetime]) -> dict[datetime, list[int]]:
    """The cameras, by id, that their hours had closed in each of these past minutes.

    Nobody may have been there to close them: what is owed of such a time is told by the hours.
    """
    wanted = list(minutes)
    closed: dict[datetime, list[int]] = {minute: [] for minute in wanted}
    cameras = await Camera.filter(has_hours=True).select_related("organisation") if wanted else []
    for camera in cameras:
        for minute in wanted:
            if not was_open(camera, camera.organisation.time_zone, minute):
                closed[minute].append(camera.id)
    return closed


async def _settle_some(which: Q, at: datetime) -> int:
    async with transaction() as db:
        rows = Camera.filter(which).order_by("id").limit(_BATCH).using_db(db)
        if sql.is_postgres(db):
            rows = rows.select_for_update(of=("camera",))
        cameras = await rows.select_related("organisation")
        changed = [
            camera for camera in cameras if settle(camera, camera.organisation.time_zone, at)
        ]
        if changed:
            await Camera.bulk_update(changed, FIELDS, batch_size=100, using_db=db)
    for camera in changed:
        log.debug("opening", camera=camera.public_id, is_open=camera.is_open)
    return len(changed)
