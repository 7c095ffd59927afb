"""What the camera screens read, in a number of queries that does not grow with the cameras."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.cameras.sight import Sight, sight_of
from webapp.models import Background, Camera, Observation, PublicPage
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Card:
    """One camera in the list."""

    camera: Camera
    sight: Sight
    has_background: bool


async def cards_of(organisation_id: int, settings: Settings, now: datetime) -> list[Card]:
    """Every camera of the organisation, oldest first."""
    cameras = (
        await Camera.filter(organisation_id=organisation_id).order_by("id").select_related("latest")
    )
    with_background = set(
        await Background.filter(organisation_id=organisation_id)
        .distinct()
        .values_list("camera_id", flat=True)
    )
    return [
        Card(camera, sight_of(camera, settings, now), camera.id in with_background)
        for camera in cameras
    ]


async def background_of(camera: Camera) -> Background | None:
    """The background in force."""
    return await Background.filter(camera_id=camera.id).order_by("-registered_at", "-id").first()


async def public_page_of(camera: Camera) -> PublicPage | None:
    """The camera's public page, if it has one."""
    return await PublicPage.get_or_none(camera_id=camera.id)


async def last_hour(camera: Camera, now: datetime) -> list[Observation]:
    """What was observed in the last hour, oldest first."""
    return (
        await Observation.filter(camera_id=camera.id, minute__gt=now - timedelta(hours=1))
        .filter(minute__lte=now)
        .order_by("minute")
    )
