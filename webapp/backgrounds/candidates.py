"""From an uploaded or taken picture to a background that can be registered."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio.to_thread
import numpy as np
import structlog
from nigiwai_engine_api import EngineFailure, Frame, People
from nigiwai_engine_api.types import Float32
from tortoise.backends.base.client import BaseDBAsyncClient

from webapp import outbox
from webapp.backgrounds import builds
from webapp.backgrounds.check import bystanders
from webapp.backgrounds.drafts import Draft, drop_draft, keep_draft
from webapp.cameras.trial import Box, Preview, capture, preview_of
from webapp.connectors import CameraUnreachable
from webapp.database import returned_rows, transaction
from webapp.domain.bystanders import widened
from webapp.domain.daylight import Part
from webapp.domain.pictures import (
    PictureRefused,
    blur,
    decode,
    encode_png,
    fit_background,
    hide,
    rotate,
)
from webapp.errors import PermanentFailure, StartRefused
from webapp.models import Background, Camera, KeptBackground, Latest
from webapp.services import Services
from webapp.versions import ChangedMeanwhile, locked

log = structlog.get_logger(__name__)

# Writes into the audit log, in the transaction that it is told of.
Log = Callable[[], Awaitable[None]]

# Nobody else may have taken what these give back.
_TAKE = "DELETE FROM background WHERE camera_id = $1 AND part = $2 RETURNING id, picture"
_TAKE_KEPT = "DELETE FROM kept_background WHERE camera_id = $1 RETURNING id, picture"

# What decides which place a camera's pictures show, and which way up.
_LOOKS_AT = ("connector", "source", "rotation")
# A worker may just be drawing on the old one.
_OLD_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Registration:
    """How a candidate becomes a background: for when, how blurred, whoever is in it hidden.

    ``forgets`` deletes those of before at once, which are kept for pictures on them otherwise.
    """

    part: Part = Part.ALL
    blur: int = 0
    hides_people: bool = False
    forgets: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A background to be: its draft, how it looks with whoever seems to stand in it framed.

    ``people`` is None when no engine could tell. ``hidden`` are the boxes that would be blurred,
    in pixels of the preview.
    """

    token: str
    preview: Preview
    people: int | None
    hidden: tuple[Box, ...] = ()


async def make_candidate(
    services: Services,
    camera: Camera,
    data: bytes,
    size: tuple[int, int] | None,
    now: datetime,
    rotation: int = 0,
) -> Candidate:
    """Bring a picture to the camera's ``size`` (if known), look for people, keep it as a draft.

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
    boxes = await people_in(services, camera, frame)
    found = None if boxes is None else tuple(tuple(box) for box in boxes.tolist())
    draft = Draft(png, found)
    token = await keep_draft(services.storage, camera, draft, now)
    return await anyio.to_thread.run_sync(_candidate, token, draft, frame)


async def shown_again(services: Services, draft: Draft, token: str) -> Candidate:
    """The candidate of a draft that was opened, as it was shown before."""

    def show() -> Candidate:
        pixels = services.settings.max_picture_pixels
        frame = decode(draft.picture, max_pixels=pixels, max_bytes=len(draft.picture))
        return _candidate(token, draft, frame)

    return await anyio.to_thread.run_sync(show)


async def people_in(services: Services, camera: Camera, frame: Frame) -> Float32 | None:
    """Boxes Nx4 of those who seem to stand in a background; None: no engine could tell."""
    try:
        return await bystanders(services.settings, services.engines, camera.engine, frame)
    except (EngineFailure, KeyError, StartRefused) as error:
        log.warning("no check of a background", engine=camera.engine, error=repr(error))
        return None


def _candidate(token: str, draft: Draft, frame: Frame) -> Candidate:
    boxes = _boxes(draft)
    hidden = widened(boxes, frame.width, frame.height).astype(np.float32)
    preview = preview_of(frame, People(boxes, np.ones(len(boxes), np.float32)))
    wide = preview_of(frame, People(hidden, np.ones(len(hidden), np.float32))).boxes
    return Candidate(token, preview, None if draft.boxes is None else len(boxes), wide)


def _boxes(draft: Draft) -> Float32:
    return np.array(draft.boxes or (), np.float32).reshape(-1, 4)


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
    services: Services,
    camera: Camera,
    draft: Draft,
    token: str,
    how: Registration,
    now: datetime,
    log_it: Log,
) -> Background:
    """Make the draft the background of its part; what that part had before goes.

    The picture is stored first: a row never points at nothing, and a picture without a
    row is swept. The one before is kept for as long as pictures on it can be verified (B1),
    unless all of before are to be forgotten. Raises ``ChangedMeanwhile`` when the camera was given
    another source or rotation since ``camera`` was read.
    """

    def finish() -> tuple[bytes, int, int]:
        pixels = services.settings.max_picture_pixels
        frame = decode(draft.picture, max_pixels=pixels, max_bytes=len(draft.picture))
        if how.hides_people:
            frame = hide(frame, widened(_boxes(draft), frame.width, frame.height))
        frame = blur(frame, how.blur)
        return encode_png(frame), frame.width, frame.height

    picture, width, height = await anyio.to_thread.run_sync(finish)
    key = f"backgrounds/{camera.public_id}/{secrets.token_hex(16)}.png"
    await services.storage.put(key, picture)
    async with transaction() as connection:
        kept = await locked(Camera.filter(id=camera.id))
        if any(getattr(kept, name) != getattr(camera, name) for name in _LOOKS_AT):
            raise ChangedMeanwhile(kept)
        await _retire(camera, how.part, now, connection, forgets=how.forgets)
        row = await Background.create(
            organisation_id=camera.organisation_id,
            camera_id=camera.id,
            part=how.part,
            picture=key,
            sha256=hashlib.sha256(picture).hexdigest(),
            width=width,
            height=height,
            blur=how.blur,
            registered_at=now,
            using_db=connection,
        )
        await changed_at(camera, now, connection)
        await builds.part_ends(camera, how.part, now)
        await log_it()
    await drop_draft(services.storage, camera, token)
    return row


async def remove_background(camera: Camera, part: Part, now: datetime, log_it: Log) -> None:
    """Take the background of a part away, and the picture that may be drawn on it with it (M2).

    Those that were replaced before go, too: whoever removes one may have seen somebody in it, or
    in the one before. Pictures on them cannot be verified any more.
    """
    async with transaction() as connection:
        await locked(Camera.filter(id=camera.id))
        if await _retire(camera, part, now, connection, forgets=True):
            await log_it()
        await changed_at(camera, now, connection)
        await Latest.filter(camera_id=camera.id).using_db(connection).update(picture="")


async def changed_at(camera: Camera, now: datetime, connection: BaseDBAsyncClient) -> None:
    """Write down that the next analysis draws on something else."""
    await Camera.filter(id=camera.id).using_db(connection).update(background_changed_at=now)


async def _retire(
    camera: Camera, part: Part, now: datetime, connection: BaseDBAsyncClient, *, forgets: bool
) -> bool:
    """Take away what was in force for a part; whether anything went. The camera is locked.

    It is kept for pictures on it, or else it goes at once with all that were kept before.
    """
    gone = await returned_rows(connection, _TAKE, [camera.id, part.value])
    if not forgets:  # jobs/manifests.py knows until when; then the picture is swept
        kept = [
            KeptBackground(
                id=row["id"],
                organisation_id=camera.organisation_id,
                camera_id=camera.id,
                picture=row["picture"],
                retired_at=now,
            )
            for row in gone
        ]
        await KeptBackground.bulk_create(kept, using_db=connection)
        return bool(gone)
    gone += await returned_rows(connection, _TAKE_KEPT, [camera.id])
    if gone:
        await outbox.write(
            camera.organisation_id,
            outbox.PICTURES_DELETE,
            {"keys": [row["picture"] for row in gone], "prefixes": []},
            f"background-gone:{max(row['id'] for row in gone)}",
            now + _OLD_KEPT,
            using_db=connection,
        )
    return bool(gone)
