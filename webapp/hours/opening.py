"""What follows from a camera's business hours now: ``is_open``, and when that changes next.

Both are written into the camera's row, so that the schedule and every page read one truth.
They are written when hours are saved and when their change comes (``jobs/opening.py``), and
looked over each hour, for zones and the library of holidays change as well.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from webapp.domain import hours as domain
from webapp.domain.hours import Hours, HoursRefused
from webapp.domain.hours_json import read_hours
from webapp.hours.holidays import japanese_holidays
from webapp.models import Camera, Organisation

FIELDS = ("is_open", "opening_changes_at")

log = structlog.get_logger(__name__)


def hours_of(camera: Camera) -> Hours | None:
    """The rules that count for a camera; None when it is always open.

    Hours that cannot be read any more are none: a camera that goes on counting is noticed
    sooner than one that has silently stopped.
    """
    if not camera.has_hours:
        return None
    try:
        return read_hours(camera.hours)
    except HoursRefused as error:
        log.warning("business hours cannot be read", camera=camera.public_id, error=str(error))
        return None


def kept_hours(camera: Camera) -> Hours:
    """The rules that are kept of a camera, whether they count or not, for those who edit them."""
    try:
        return read_hours(camera.hours)
    except HoursRefused:
        return Hours()


def settle(camera: Camera, time_zone: str, at: datetime) -> bool:
    """Set ``is_open`` and ``opening_changes_at`` as they are at ``at``; whether either changed."""
    before = (camera.is_open, camera.opening_changes_at)
    hours = hours_of(camera)
    if hours is None:
        camera.is_open, camera.opening_changes_at = True, None
    else:
        zone, holidays = ZoneInfo(time_zone), japanese_holidays()
        camera.is_open = domain.is_open(hours, at, zone, holidays)
        camera.opening_changes_at = domain.next_change(hours, at, zone, holidays)
    return before != (camera.is_open, camera.opening_changes_at)


def was_open(camera: Camera, time_zone: str, at: datetime) -> bool:
    """Whether the hours of today would have had the camera open at another instant."""
    hours = hours_of(camera)
    if hours is None:
        return camera.is_open or camera.has_hours
    return domain.is_open(hours, at, ZoneInfo(time_zone), japanese_holidays())


async def settle_cameras(organisation: Organisation, at: datetime) -> None:
    """Do so for every camera of an organisation whose zone has changed."""
    cameras = await Camera.filter(organisation_id=organisation.id, has_hours=True).order_by("id")
    changed = [camera for camera in cameras if settle(camera, organisation.time_zone, at)]
    if changed:
        await Camera.bulk_update(changed, FIELDS, batch_size=100)
