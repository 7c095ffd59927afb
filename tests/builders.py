"""Rows that tests need, with everything but what they are about filled in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np

from webapp.domain.health import CameraState
from webapp.models import Background, Camera, Latest, Observation, Organisation, PublicPage
from webapp.services import Services


def picture(width: int = 320, height: int = 240, kind: str = ".jpg", shade: int = 0) -> bytes:
    """An encoded picture with something in it, nobody among it."""
    ramp = np.linspace(30, 200, width, dtype=np.uint8)
    pixels = np.repeat(np.tile(ramp, (height, 1))[..., None], 3, axis=2)
    pixels[height // 3 :, :, 2] = 90 + shade
    return bytes(cv2.imencode(kind, pixels)[1])


async def make_camera(
    organisation: Organisation,
    name: str = "正面入口",
    *,
    latest: dict[str, Any] | None = None,
    sealed: str = "",
    **fields: Any,
) -> Camera:
    """A camera with its ``Latest`` row, waiting for its first picture unless told."""
    values = {"connector": "file", "source": sealed, **fields}
    camera = await Camera.create(organisation=organisation, name=name, **values)
    await Latest.create(organisation=organisation, camera=camera, **(latest or {}))
    return await Camera.get(id=camera.id).select_related("latest", "organisation")


def counted(count: int = 3, at: datetime | None = None, picture: str = "") -> dict[str, Any]:
    """What ``Latest`` says after a good minute."""
    at = at or datetime.now(UTC)
    return {
        "state": CameraState.OK,
        "minute": at,
        "count": count,
        "good_at": at,
        "good_count": count,
        "picture": picture,
        "picture_width": 320,
        "picture_height": 240,
    }


def lost(
    state: CameraState = CameraState.UNREACHABLE, minutes: int = 20, **fields: Any
) -> dict[str, Any]:
    """What ``Latest`` says when the last good minute was ``minutes`` ago."""
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    return {
        "state": state,
        "minute": datetime.now(UTC),
        "since": since,
        "count": None,
        "good_at": since,
        "good_count": 4,
        **fields,
    }


async def make_masked(services: Services, camera: Camera, name: str = "1") -> str:
    """Put a masked picture into the store; returns its key."""
    key = f"masked/{camera.public_id}/{name}.jpg"
    await services.storage.put(key, await asyncio.to_thread(picture))
    return key


async def make_background(services: Services, camera: Camera) -> Background:
    """Register a background."""
    key = f"backgrounds/{camera.public_id}/0.png"
    await services.storage.put(key, await asyncio.to_thread(picture, 320, 240, ".png"))
    return await Background.create(
        organisation_id=camera.organisation_id,
        camera=camera,
        picture=key,
        sha256="0" * 64,
        width=320,
        height=240,
        registered_at=datetime.now(UTC),
    )


async def make_hour(camera: Camera, counts: list[int | None], until: datetime) -> None:
    """One observation a minute up to ``until``; None is a minute that is not known."""
    for age, count in enumerate(reversed(counts)):
        await Observation.create(
            organisation_id=camera.organisation_id,
            camera=camera,
            minute=(until - timedelta(minutes=age)).replace(second=0, microsecond=0),
            state=CameraState.OK if count is not None else CameraState.UNREACHABLE,
            count=count,
        )


async def publish(camera: Camera, *, shows_count: bool = True) -> PublicPage:
    """Give the camera a public page."""
    return await PublicPage.create(
        organisation_id=camera.organisation_id, camera=camera, shows_count=shows_count
    )
