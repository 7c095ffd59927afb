"""The one frame that is kept, and only while somebody looks at it (M6)."""

from __future__ import annotations

import secrets
from datetime import datetime

import anyio.to_thread
import structlog

from webapp.cameras.sight import late_after
from webapp.connectors import Still
from webapp.domain.pictures import PictureRefused, decode, encode_jpeg, rotate
from webapp.errors import TemporaryFailure
from webapp.models import Camera, MonitoringFrame
from webapp.monitoring import watching
from webapp.services import Services

log = structlog.get_logger(__name__)


async def keep_frame(services: Services, camera: Camera, still: Still, at: datetime) -> bool:
    """Keep the frame that was just analysed, if somebody looks; tell whether it was kept.

    1. Ask who looks: without anybody nothing more happens.
    2. In a thread: the frame as it was analysed, turned the right way, written anew without
       metadata, and sealed.
    3. Store it under a new name, name it as the latest, delete the one before.
    4. Ask once more: it goes at once if the last one has gone meanwhile.
    """
    if not await watching.is_watched(camera.id, at):
        return False
    pixels = services.settings.max_picture_pixels
    sealer = watching.frame_sealer(services)

    def seal() -> tuple[bytes, tuple[int, int]]:
        frame = rotate(decode(still.data, max_pixels=pixels), camera.rotation // 90)
        return sealer.seal_bytes(encode_jpeg(frame)), (frame.width, frame.height)

    key = f"{watching.PREFIX}/{camera.public_id}/{secrets.token_hex(16)}.sealed"
    try:
        sealed, size = await anyio.to_thread.run_sync(seal)
        await services.storage.put(key, sealed)
        await watching.keep(services, camera, key, still.captured_at, size)
        if not await watching.is_watched(camera.id, at):
            await watching.forget(services, await MonitoringFrame.filter(camera_id=camera.id))
            return False
    except (PictureRefused, TemporaryFailure) as error:
        log.warning("no frame for monitoring", camera=camera.public_id, error=str(error))
        return False
    return True


async def tidy(services: Services, at: datetime) -> int:
    """Delete frames that nobody looks at any more; how many there were.

    A store that is away keeps nothing else from being done: their rows stay, for the next time.
    """
    try:
        return await watching.forget_unwatched(services, at, late_after(services.settings))
    except TemporaryFailure as error:
        log.warning("frames of monitoring could not be deleted", error=str(error))
        return 0
