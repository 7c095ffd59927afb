"""背景画像: a candidate by upload or from the camera, its blur, its registration, its removal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio.to_thread
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from webapp import words
from webapp.access import camera_of
from webapp.backgrounds.candidates import (
    Candidate,
    camera_size,
    make_candidate,
    register_background,
    remove_background,
    take_picture,
)
from webapp.backgrounds.drafts import drop_draft, open_draft
from webapp.cameras.queries import background_of
from webapp.cameras.trial import TRIAL_FAILURES, Preview, preview_of, problem_of
from webapp.domain.pictures import MAX_BLUR, PictureRefused, decode
from webapp.errors import TemporaryFailure
from webapp.http import form_of, page, redirect, services_of, text_field
from webapp.i18n import N_
from webapp.models import Background, Camera

CHOOSE_A_FILE = N_("画像ファイルを選んでください。")
DRAFT_GONE = N_("時間が経ったため、選んだ画像を破棄しました。もう一度選ぶか、撮影してください。")
BLUR_RANGE = N_("ぼかし度は0から10までの数で指定してください。")


async def background_page(request: Request) -> Response:
    """Show the background in force and how to get another."""
    return await _page(request, await camera_of(request))


async def upload(request: Request) -> Response:
    """Take an uploaded picture as a candidate."""
    camera = await camera_of(request)
    form = await form_of(request)
    file = form.get("picture")
    data = await file.read() if isinstance(file, UploadFile) and file.size else b""
    earlier = text_field(form, "draft")
    await form.close()
    if not data:
        return await _page(request, camera, problem=CHOOSE_A_FILE, field="picture")
    now = datetime.now(UTC)
    services = services_of(request)
    try:
        size = await camera_size(services, camera, now)
        candidate = await make_candidate(services, camera, data, size, now)
    except (PictureRefused, TemporaryFailure) as error:
        return await _page(request, camera, problem=problem_of(error), field="picture")
    await drop_draft(services.storage, camera, earlier)
    return await _page(request, camera, candidate)


async def take(request: Request) -> Response:
    """Take the camera's current picture as a candidate."""
    camera = await camera_of(request)
    form = await form_of(request)
    now = datetime.now(UTC)
    services = services_of(request)
    try:
        data = await take_picture(services, camera, now)
        candidate = await make_candidate(services, camera, data, None, now, camera.rotation)
    except TRIAL_FAILURES as error:
        return await _page(request, camera, problem=problem_of(error), field="take")
    await drop_draft(services.storage, camera, text_field(form, "draft"))
    return await _page(request, camera, candidate)


async def register(request: Request) -> Response:
    """Register the candidate with its blur."""
    camera = await camera_of(request)
    form = await form_of(request)
    services = services_of(request)
    now = datetime.now(UTC)
    token, blur = text_field(form, "draft"), text_field(form, "blur") or "0"
    png = await open_draft(services.storage, camera, token, now)
    if png is None:
        return await _page(request, camera, problem=DRAFT_GONE)
    if blur not in {str(level) for level in range(MAX_BLUR + 1)}:
        return await _page(request, camera, problem=BLUR_RANGE)
    try:
        await register_background(services, camera, png, int(blur), token, now)
    except TemporaryFailure:
        return await _page(request, camera, problem=words.NOT_NOW)
    return redirect(f"/cameras/{camera.public_id}", done="background_registered")


async def remove(request: Request) -> Response:
    """Remove the background: without one there is no picture."""
    camera = await camera_of(request)
    await form_of(request)
    await remove_background(camera, datetime.now(UTC))
    return redirect(f"/cameras/{camera.public_id}/background", done="background_removed")


async def _page(
    request: Request,
    camera: Camera,
    candidate: Candidate | None = None,
    *,
    problem: str = "",
    field: str = "",
) -> Response:
    background = await background_of(camera)
    values: dict[str, Any] = {
        "camera": camera,
        "background": background,
        "preview": await _preview(request, background) if candidate is None else None,
        "candidate": candidate,
        "problem": problem,
        "field": field,
        "max_bytes": services_of(request).settings.max_upload_bytes,
    }
    return page(request, "backgrounds/page.html", 422 if problem else 200, **values)


async def _preview(request: Request, background: Background | None) -> Preview | None:
    if background is None:
        return None
    services = services_of(request)
    try:
        data = await services.storage.get(background.picture)
    except TemporaryFailure:
        return None
    if data is None:
        return None
    pixels = services.settings.max_picture_pixels
    return await anyio.to_thread.run_sync(
        lambda: preview_of(decode(data, max_pixels=pixels, max_bytes=len(data)))
    )
