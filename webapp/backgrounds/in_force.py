"""Which registered background serves now, and whether the published picture shows it yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.daylight import Daylight, Part
from webapp.models import Background, Camera

# For how long after a change a page asks often for the picture that shows it.
EXPECTANT = timedelta(minutes=5)


def daylight_of(camera: Camera) -> Daylight:
    """When it is day for this camera."""
    return Daylight(camera.has_night, camera.day_starts, camera.day_ends)


async def backgrounds_of(camera: Camera) -> dict[Part, Background]:
    """The newest registered background of each part."""
    rows = await Background.filter(camera_id=camera.id).order_by("registered_at", "id")
    return {Part(row.part): row for row in rows if row.part in set(Part)}


async def background_at(camera: Camera, time_zone: str, at: datetime) -> Background | None:
    """The background that serves at ``at``; None when there is none."""
    part = daylight_of(camera).part(at.astimezone(ZoneInfo(time_zone)).time())
    rows = await backgrounds_of(camera)
    return rows.get(part) or rows.get(Part.ALL)


def is_awaited(camera: Camera) -> bool:
    """Whether what was changed last is not in the published picture yet (M4).

    ``camera.latest`` is loaded. A camera that was never analysed shows nothing at all.
    """
    changed, seen = camera.background_changed_at, camera.latest.good_at
    return changed is not None and (seen is None or seen <= changed)


def is_expected(camera: Camera, now: datetime) -> bool:
    """Whether somebody who just changed a background waits for the picture that shows it."""
    changed = camera.background_changed_at
    return changed is not None and now - changed < EXPECTANT and is_awaited(camera)
