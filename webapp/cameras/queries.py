"""What the camera screens read, in a number of queries that does not grow with the cameras."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.backgrounds.in_force import backgrounds_of, is_expected
from webapp.cameras.sight import WITH_ALERT, Sight, sight_of
from webapp.domain.daylight import Part
from webapp.models import Background, Camera, Observation
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Card:
    """One camera in the list."""

    camera: Camera
    sight: Sight
    has_background: bool
    is_expected: bool = False  # a picture on a new background, any second


async def cards_of(organisation_id: int, settings: Settings, now: datetime) -> list[Card]:
    """Every camera of the organisation, oldest first."""
    cameras = (
        await Camera.filter(organisation_id=organisation_id)
        .order_by("id")
        .select_related("latest", *WITH_ALERT)
    )
    with_background = set(
        await Background.filter(organisation_id=organisation_id)
        .distinct()
        .values_list("camera_id", flat=True)
    )
    return [
        Card(
            camera,
            sight_of(camera, settings, now),
            has_background=camera.id in with_background,
            is_expected=camera.id in with_background and is_expected(camera, now),
        )
        for camera in cameras
    ]


async def background_of(camera: Camera) -> Background | None:
    """The background of the day, else that of the night."""
    rows = await backgrounds_of(camera)
    return rows.get(Part.ALL) or rows.get(Part.NIGHT)


async def last_hour(camera: Camera, now: datetime) -> list[Observation]:
    """What was observed in the last hour, oldest first."""
    return (
        await Observation.filter(camera_id=camera.id, minute__gt=now - timedelta(hours=1))
        .filter(minute__lte=now)
        .order_by("minute")
    )
