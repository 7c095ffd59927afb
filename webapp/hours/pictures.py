"""時間外画像: what is shown while a camera is closed (S5)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import anyio.to_thread
from starlette.datastructures import FormData, UploadFile

from webapp import words
from webapp.domain.notice_pictures import (
    NoticePicture,
    NoticeProblem,
    NoticeRefused,
    make_notice_picture,
)
from webapp.domain.pictures import PictureProblem, PictureRefused
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.models import Camera
from webapp.services import Services

PREFIX = "closed/"
FIELD = "picture"

TOO_LARGE = N_("画像は1 MB以下にしてください。")
NOT_JPEG = N_("JPEG形式の画像を選んでください。")
TOO_WIDE = N_("画像は幅1920、高さ1280ピクセル以下にしてください。")
_REFUSALS = {NoticeProblem.NOT_JPEG: NOT_JPEG, NoticeProblem.TOO_WIDE: TOO_WIDE}


async def read_picture(form: FormData) -> NoticePicture | None:
    """The picture that was chosen, made anew; None when none was. Raises ``UserError``."""
    file = form.get(FIELD)
    if not isinstance(file, UploadFile) or not file.size:
        return None
    data = await file.read()
    try:
        return await anyio.to_thread.run_sync(make_notice_picture, data)
    except NoticeRefused as refused:
        raise UserError(_REFUSALS[refused.problem], field=FIELD) from refused
    except PictureRefused as refused:
        own = {
            PictureProblem.TOO_LARGE: TOO_LARGE,
            PictureProblem.NOT_A_PICTURE: NOT_JPEG,
            PictureProblem.TOO_MANY_PIXELS: TOO_WIDE,
        }
        message = own.get(refused.problem) or words.picture_problem(refused.problem)
        raise UserError(message, field=FIELD) from refused


async def store_picture(
    services: Services, camera: Camera, picture: NoticePicture
) -> dict[str, Any]:
    """Put a picture into the store for a camera; what its row then says of it.

    Each camera has its own copy, which goes with it. One that no row names is swept.
    """
    key = f"{PREFIX}{camera.public_id}/{secrets.token_hex(16)}.jpg"
    await services.storage.put(key, picture.data)
    return {"key": key, "width": picture.width, "height": picture.height}


async def named_closed_pictures(keys: Sequence[str]) -> set[str]:
    """Which of these keys a camera shows out of hours; whose it is stands in the key."""
    owners = [key.split("/")[1] for key in keys if key.startswith(PREFIX)]
    cameras = await Camera.filter(public_id__in=owners) if owners else []
    return {str(camera.closed_picture.get("key", "")) for camera in cameras}
