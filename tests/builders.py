"""Rows that tests need, with everything but what they are about filled in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np

from webapp.domain.api_tokens import HINT, PREFIX, Scope
from webapp.domain.embeds import Options
from webapp.domain.health import CameraState
from webapp.models import (
    ApiToken,
    Background,
    Camera,
    CameraForecast,
    CameraGroup,
    CameraGroupMember,
    EmbedKey,
    EmbedVariant,
    GroupLatest,
    Latest,
    Observation,
    Organisation,
)
from webapp.services import Services
from webapp.tokens import new_token, token_hash

# A count to look for in a whole page: no signature, address or instant holds it by chance.
TELLTALE = 871_287_128


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


async def make_embed(
    thing: Camera | CameraGroup, *, sites: Sequence[str] = (), **options: Any
) -> str:
    """Give a camera or a group an embed; the path of its variant."""
    whose = {"camera" if isinstance(thing, Camera) else "group": thing}
    key = await EmbedKey.create(organisation_id=thing.organisation_id, sites=list(sites), **whose)
    variant = await EmbedVariant.create(
        organisation_id=thing.organisation_id,
        embed_key=key,
        options=Options(**options).stored(),
    )
    return f"/e/{key.key}/{variant.name}"


async def make_variant(embed: str, **options: Any) -> str:
    """Another way to show what is embedded at the path ``embed``; its path."""
    key = await EmbedKey.get(key=embed.split("/")[2])
    variant = await EmbedVariant.create(
        organisation_id=key.organisation_id, embed_key=key, options=Options(**options).stored()
    )
    return f"/e/{key.key}/{variant.name}"


async def make_usual(camera: Camera, *, dates: int = 30, busy: float = 12.0) -> CameraForecast:
    """What is usual of a camera on every weekday: 2 from 9:00, ``busy`` from 13:00 to 17:00.

    Before 9:00 and from 21:00 on nothing is known.
    """
    means = np.full((7, 96), np.nan, "<f4")
    means[:, 12:60] = 2
    means[:, 28:44] = busy
    return await CameraForecast.create(
        organisation_id=camera.organisation_id, camera=camera, dates=dates, means=means.tobytes()
    )


async def make_group(
    organisation: Organisation,
    name: str = "駅前",
    cameras: Sequence[Camera] = (),
    *,
    default: Camera | None = None,
    sample: dict[str, Any] | None = None,
    **fields: Any,
) -> CameraGroup:
    """A group of these cameras in this order, with its ``GroupLatest`` row.

    The first camera is the default one unless told; ``sample`` is what was sampled last.
    """
    default = default or (cameras[0] if cameras else None)
    group = await CameraGroup.create(
        organisation=organisation, name=name, default_camera=default, **fields
    )
    for position, camera in enumerate(cameras):
        await CameraGroupMember.create(
            organisation=organisation, group=group, camera=camera, position=position
        )
    await GroupLatest.create(organisation=organisation, group=group, **(sample or {}))
    return group


async def make_api_token(
    organisation: Organisation, *scopes: Scope, name: str = "ホームページ", **fields: Any
) -> str:
    """Give an organisation a token of the read API with these scopes, or with all of them."""
    token = PREFIX + new_token()
    await ApiToken.create(
        organisation=organisation,
        name=name,
        token_hash=token_hash(token),
        hint=token[-HINT:],
        scopes=[scope.value for scope in scopes or Scope],
        **fields,
    )
    return token
