"""混雑予測 as embeds and sites show it: a week of shares and words, for one or for many."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from webapp.domain.forecast.slots import SLOTS, WEEKDAYS
from webapp.domain.groups import default_of
from webapp.domain.hours import business_day
from webapp.domain.week import Week, week_of
from webapp.forecast.graph import next_ordinary, open_slots, thresholds_of
from webapp.forecast.queries import NOTHING_KNOWN, Usual, usual_of_cameras, usual_of_groups
from webapp.hours.opening import hours_of
from webapp.models import Alert, Camera, CameraGroup, CameraGroupMember, Organisation


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is usual of a camera or a group: its week, or None where there are too few dates."""

    week: Week | None
    has_levels: bool = False

    @property
    def is_drawn(self) -> bool:
        """Whether there is a graph at all: views of anything else cost nothing (E3)."""
        return self.week is not None and any(self.week.days)


async def prospects_of_cameras(
    cameras: Collection[Camera], organisation: Organisation, now: datetime
) -> dict[int, Prospect]:
    """Those of many cameras of one organisation, by id, in two statements."""
    usual = await usual_of_cameras([camera.id for camera in cameras])
    alerts = await Alert.filter(camera_id__in=[camera.id for camera in cameras])
    by_camera = {alert.camera_id: alert for alert in alerts}
    today = business_day(now, ZoneInfo(organisation.time_zone))
    return {
        camera.id: _prospect(usual, camera.id, camera, by_camera.get(camera.id), today)
        for camera in cameras
    }


async def prospect_of(
    thing: Camera | CameraGroup, organisation: Organisation, now: datetime
) -> Prospect:
    """That of one; a group is the sum of its cameras, open like its default camera (F1, S7)."""
    if isinstance(thing, Camera):
        return (await prospects_of_cameras([thing], organisation, now))[thing.id]
    members = await CameraGroupMember.filter(group_id=thing.id).order_by("position", "id")
    ids = [member.camera_id for member in members]
    default = await Camera.get_or_none(id=default_of(thing.default_camera_id, ids))
    alert = await Alert.get_or_none(group_id=thing.id)
    today = business_day(now, ZoneInfo(organisation.time_zone))
    return _prospect(await usual_of_groups([thing.id]), thing.id, default, alert, today)


def _prospect(
    usual: Mapping[int, Usual], whose: int, camera: Camera | None, alert: Alert | None, today: date
) -> Prospect:
    known, thresholds = usual.get(whose, NOTHING_KNOWN), thresholds_of(alert)
    if not known.is_enough:
        return Prospect(None, bool(thresholds))
    return Prospect(week_of(known.means, _open(camera, today), thresholds), bool(thresholds))


def _open(camera: Camera | None, today: date) -> NDArray[np.bool_]:
    """Where each weekday is usually open; everywhere without business hours."""
    if camera is None or hours_of(camera) is None:
        return np.ones((WEEKDAYS, SLOTS), np.bool_)
    days = [next_ordinary(today, weekday) for weekday in range(WEEKDAYS)]
    return np.stack([open_slots(camera, day) for day in days])
