"""Saving business hours: for one camera, for a group's, or from one camera to others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request

from webapp import outbox
from webapp.access import organisation_of
from webapp.audit.actions import Action
from webapp.audit.log import changed, record, values_of
from webapp.database import transaction
from webapp.domain.hours import Hours
from webapp.domain.hours_json import as_json
from webapp.domain.notice_pictures import NoticePicture
from webapp.hours.opening import FIELDS as FOLLOWING
from webapp.hours.opening import kept_hours, settle
from webapp.hours.pictures import store_picture
from webapp.http import services_of
from webapp.models import Camera
from webapp.versions import ChangedMeanwhile, version_of

FIELDS = ("has_hours", "hours", "closed_picture")
# Pages that were served just now still show the old picture.
_OLD_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be kept. ``picture`` None leaves the out-of-hours picture as it is."""

    has_hours: bool
    hours: Hours
    picture: NoticePicture | None = None
    removes_picture: bool = False


def version_of_hours(cameras: Iterable[Camera]) -> str:
    """A name for the hours of these cameras as they are now."""
    rows = sorted(cameras, key=lambda camera: camera.id)
    return version_of(*([row.id, *(getattr(row, name) for name in FIELDS)] for row in rows))


async def save_hours(
    request: Request, cameras: Sequence[Camera], wanted: Wanted, version: str | None
) -> int:
    """Keep these hours for all of the cameras at once; for how many something changed.

    Raises ``ChangedMeanwhile`` when ``version`` is not what is kept now (None: whatever that
    is), ``TemporaryFailure`` when a picture cannot be stored.
    """
    services = services_of(request)
    pictures: dict[int, dict[str, Any]] = {}
    if wanted.picture is not None:
        for camera in cameras:
            pictures[camera.id] = await store_picture(services, camera, wanted.picture)
    at = datetime.now(UTC)
    async with transaction():
        rows = await _locked(cameras)
        if version is not None and version_of_hours(rows) != version:
            raise ChangedMeanwhile(rows)
        count = 0
        for row in rows:
            count += await _save_one(request, row, wanted, pictures.get(row.id), at)
    return count


async def _locked(cameras: Sequence[Camera]) -> list[Camera]:
    """The rows, held in one order until the transaction ends."""
    rows = Camera.filter(id__in=[camera.id for camera in cameras]).order_by("id")
    if rows.capabilities.support_for_update:
        rows = rows.select_for_update()
    return await rows


async def _save_one(
    request: Request, row: Camera, wanted: Wanted, picture: dict[str, Any] | None, at: datetime
) -> bool:
    # An older form of what is kept says the same.
    before = {**values_of(row, FIELDS), "hours": as_json(kept_hours(row))}
    row.has_hours, row.hours = wanted.has_hours, as_json(wanted.hours)
    if picture is not None:
        row.closed_picture = picture
    elif wanted.removes_picture:
        row.closed_picture = {}
    differs = changed(before, values_of(row, FIELDS), hidden=("hours", "closed_picture"))
    if not differs:
        return False
    settle(row, organisation_of(request).time_zone, at)
    await row.save(update_fields=(*FIELDS, *FOLLOWING))
    if "closed_picture" in differs and (old := before["closed_picture"].get("key")):
        await outbox.write(
            row.organisation_id,
            outbox.PICTURES_DELETE,
            {"keys": [old], "prefixes": []},
            f"closed-gone:{old[-40:]}",
            at + _OLD_KEPT,
        )
    await record(
        request,
        Action.HOURS_CHANGED,
        target=row.public_id,
        target_name=row.name,
        changed=differs,
    )
    return True
