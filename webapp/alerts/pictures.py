"""Alert pictures (アラート画像): uploaded ones, and those of the gallery.

A picture that was chosen waits as a draft while its form is not saved; saving gives it a key
of its own, which is never used again.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection

import anyio.to_thread
from nigiwai_engine_api.types import Frame

from webapp.alerts.rules import StageSettings, read_stages
from webapp.domain.picture_headers import PictureProblem, PictureRefused
from webapp.domain.pictures import decode, encode_jpeg
from webapp.models import Alert
from webapp.services import Services

PREFIX = "alerts/"
MOST_BYTES = 1_000_000
WIDEST, HIGHEST = 1920, 1280
_JPEG = b"\xff\xd8"


def read_upload(data: bytes) -> bytes:
    """An uploaded JPEG, drawn anew from its pixels; ``PictureRefused`` says what is wrong."""
    if data and not data.startswith(_JPEG):
        raise PictureRefused(PictureProblem.UNSUPPORTED, "The picture is no JPEG.")
    frame: Frame = decode(data, max_pixels=WIDEST * HIGHEST * 4, max_bytes=MOST_BYTES)
    if frame.width > WIDEST or frame.height > HIGHEST:
        raise PictureRefused(
            PictureProblem.TOO_MANY_PIXELS, f"{WIDEST}x{HIGHEST} pixels are allowed."
        )
    return encode_jpeg(frame, quality=90)


async def keep_picture(services: Services, public_id: str, jpeg: bytes) -> str:
    """Put a picture into the store; returns its key. Without a row it is swept."""
    key = f"{PREFIX}{public_id}/{secrets.token_hex(16)}.jpg"
    await services.storage.put(key, jpeg)
    return key


async def keep_upload(services: Services, public_id: str, data: bytes) -> str:
    """Judge an upload and keep it; raises ``PictureRefused`` and ``TemporaryFailure``."""
    return await keep_picture(
        services, public_id, await anyio.to_thread.run_sync(read_upload, data)
    )


async def named_pictures(keys: Collection[str]) -> set[str]:
    """Which of these keys are named by an alert."""
    subjects = {key.split("/")[1] for key in keys if key.startswith(PREFIX)}
    if not subjects:
        return set()
    rows = [
        *await Alert.filter(camera__public_id__in=subjects).values_list(
            "stage_settings", flat=True
        ),
        *await Alert.filter(group__public_id__in=subjects).values_list("stage_settings", flat=True),
    ]
    stages: list[StageSettings] = [stage for row in rows for stage in read_stages(row)]
    return {stage.picture for stage in stages} & set(keys)
