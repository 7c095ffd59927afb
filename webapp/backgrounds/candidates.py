"""From an uploaded or taken picture to a background that can be registered."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio.to_thread
import structlog
from nigiwai_engine_api import Context, EngineFailure, Frame, People
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from webapp import engine_room, outbox
from webapp.analysis import find_people
from webapp.backgrounds.drafts import drop_draft, keep_draft
from webapp.cameras.trial import Preview, capture, preview_of
from webapp.connectors import CameraUnreachable
from webapp.domain.pictures import (
    PictureRefused,
    blur,
    decode,
    encode_png,
    fit_background,
    rotate,
)
from webapp.errors import PermanentFailure, StartRefused
from webapp.models import Background, Camera, Latest
from webapp.services import Services

log = structlog.get_logger(__name__)

# A worker may just be drawing on the old one.
_OLD_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A background to be: its draft, how it looks, and how many people stand in it.

    ``people`` is None when the engine could not tell.
    """

    token: str
    preview: Preview
    people: int | None


async def make_candidate(
    services: Services,
    camera: Camera,
    data: bytes,
    size: tuple[int, int] | None,
    now: datetime,
    rotation: int = 0,
) -> Candidate:
    """Bring a picture to the camera's ``size`` (if known) and keep it as a draft.

    ``rotation`` is that of the camera when the picture came from it, else 0.
    Raises ``PictureRefused`` and ``TemporaryFailure``.
    """
    settings = services.settings

    def prepare() -> tuple[Frame, bytes]:
        frame = decode(
            data, max_pixels=settings.max_picture_pixels, max_bytes=settings.max_upload_bytes
        )
        frame = rotate(frame, rotation // 90)
        if size is not None:
            frame = fit_background(frame, *size)
        return frame, encode_png(frame)

    frame, png = await anyio.to_thread.run_sync(prepare)
    preview, people = await look_at(services, camera, frame)
    token = await keep_draft(services.storage, camera, png, now)
    return Candidate(token, preview, people)


async def look_at(services: Services, camera: Camera, frame: Frame) -> tuple[Preview, int | None]:
    """How a background looks, and how many people the camera's engine finds in it.

    None people: the engine could not tell.
    """

    def find() -> People:
        engine = services.engines.get(camera.engine)
        return find_people(engine, frame, Context(level=camera.level))

    try:
        people = await engine_room.ask(services.settings, camera.engine, find)
    except (EngineFailure, KeyError, StartRefused) as error:
        log.warning("no check of a background", engine=camera.engine, error=repr(error))
        return await anyio.to_thread.run_sync(preview_of, frame), None
    return await anyio.to_thread.run_sync(preview_of, frame, people), len(people)


async def camera_size(services: Services, camera: Camera, now: datetime) -> tuple[int, int] | None:
    """How large the camera's pictures are; asks the camera when none was analysed yet."""
    latest: Latest = camera.latest
    if latest.picture_width > 0 and latest.picture_height > 0:
        return latest.picture_width, latest.picture_height
    try:
        data = await take_picture(services, camera, now)
        frame = await anyio.to_thread.run_sync(
            lambda: decode(data, max_pixels=services.settings.max_picture_pixels)
        )
        frame = rotate(frame, camera.rotation // 90)
    except (CameraUnreachable, PermanentFailure, PictureRefused):
        return None
    return frame.width, frame.height


async def take_picture(services: Services, camera: Camera, now: datetime) -> bytes:
    """The camera's current picture; raises ``CameraUnreachable`` or ``PermanentFailure``."""
    source = services.sealer.unseal(camera.source)
    return (await capture(services, camera.connector, source, now)).data


async def register_background(
    services: Services, camera: Camera, png: bytes, level: int, token: str, now: datetime
) -> Background:
    """Make the draft the background in force; what was in force before goes.

    The picture is stored first: a row never points at nothing, and a picture without a
    row is swept.
    """

    def finish() -> tuple[bytes, int, int]:
        pixels = services.settings.max_picture_pixels
        frame = blur(decode(png, max_pixels=pixels, max_bytes=len(png)), level)
        return encode_png(frame), frame.width, frame.height

    picture, width, height = await anyio.to_thread.run_sync(finish)
    key = f"backgrounds/{camera.public_id}/{secrets.token_hex(16)}.png"
    await services.storage.put(key, picture)
    async with in_transaction() as connection:
        await _retire(camera, now, connection)
        row = await Background.create(
            organisation_id=camera.organisation_id,
            camera_id=camera.id,
            picture=key,
            sha256=hashlib.sha256(picture).hexdigest(),
            width=width,
            height=height,
            blur=level,
            registered_at=now,
            using_db=connection,
        )
    await drop_draft(services.storage, camera, token)
    return row


async def remove_background(camera: Camera, now: datetime) -> None:
    """Take the background away, and the picture that was drawn on it with it (M2)."""
    async with in_transaction() as connection:
        await _retire(camera, now, connection)
        await Latest.filter(camera_id=camera.id).using_db(connection).update(picture="")


async def _retire(camera: Camera, now: datetime, connection: BaseDBAsyncClient) -> None:
    rows = await Background.filter(camera_id=camera.id).using_db(connection)
    if not rows:
        return
    await Background.filter(id__in=[row.id for row in rows]).using_db(connection).delete()
    await outbox.write(
        camera.organisation_id,
        outbox.PICTURES_DELETE,
        {"keys": [row.picture for row in rows], "prefixes": []},
        f"background-gone:{rows[-1].id}",
        now + _OLD_KEPT,
        using_db=connection,
    )
