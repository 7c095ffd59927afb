"""The page 背景画像: what every step of it shows again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio.to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from webapp.backgrounds import builds
from webapp.backgrounds.candidates import Candidate
from webapp.backgrounds.forms import FIELDS, PatternForm, read_part, stored_form
from webapp.backgrounds.in_force import backgrounds_of, daylight_of, is_awaited
from webapp.cameras.sight import refresh_seconds
from webapp.cameras.trial import Preview, preview_of
from webapp.domain.daylight import Part
from webapp.domain.pictures import decode
from webapp.errors import TemporaryFailure
from webapp.form_fields import text_field
from webapp.http import locale_of, page, services_of
from webapp.i18n import N_
from webapp.models import Background, Camera, KeptBackground
from webapp.versions import version_of_row


def path_of(camera: Camera, part: Part) -> str:
    """Where the page of a part is."""
    path = f"/cameras/{camera.public_id}/background"
    return f"{path}?part=night" if part is Part.NIGHT else path


async def show_page(
    request: Request,
    camera: Camera,
    candidate: Candidate | None = None,
    *,
    part: Part | None = None,
    problem: str = "",
    field: str = "",
    form: FormData | None = None,
    pattern: PatternForm | None = None,
    is_changed: bool = False,
    status: int = 0,
) -> Response:
    """Show the page: with a candidate to decide about, with what is wrong, or as it is kept."""
    part = part or read_part(request.query_params.get("part", ""))
    rows = await backgrounds_of(camera)
    if not camera.has_night:
        part = Part.ALL
    background = rows.get(part)
    values: dict[str, Any] = {
        "camera": camera,
        "part": part,
        "background": background,
        "has_day": Part.ALL in rows,
        "is_awaited": is_awaited(camera) and bool(rows),
        "preview": await _preview(request, background) if candidate is None else None,
        "candidate": candidate,
        "problem": problem,
        "field": field,
        "blur": text_field(form, "blur") if form is not None and field != "blur" else "0",
        "has_earlier": candidate is not None and await _has_earlier(camera, background),
        "forgets": form is not None and text_field(form, "forgets") == "yes",
        "choice": text_field(form, "people") if form is not None else "",
        "pattern": pattern or stored_form(daylight_of(camera)),
        "version": version_of_row(camera, FIELDS),
        "is_changed": is_changed,
        "theirs": _theirs(request, camera) if is_changed else {},
        "max_bytes": services_of(request).settings.max_upload_bytes,
        **({} if candidate else await build_values(request, camera, part)),
    }
    return page(request, "backgrounds/page.html", status or (422 if problem else 200), **values)


async def build_values(request: Request, camera: Camera, part: Part) -> dict[str, Any]:
    """How far the camera is with building a background for this part, if it does so."""
    services = services_of(request)
    collected = (await builds.of_camera(services, camera, datetime.now(UTC))).get(part)
    return {
        "camera": camera,
        "part": part,
        "build": collected,
        "build_preview": await builds.preview_so_far(services, collected) if collected else None,
        "is_view_lost": builds.is_view_lost(camera.latest),
        "refresh": refresh_seconds(services.settings),
    }


async def _has_earlier(camera: Camera, background: Background | None) -> bool:
    """Whether a registration could let one of before go."""
    return background is not None or await KeptBackground.filter(camera_id=camera.id).exists()


def _theirs(request: Request, camera: Camera) -> dict[str, str]:
    kept = stored_form(daylight_of(camera))
    locale = locale_of(request)
    if kept.pattern == "fixed":
        return {N_("背景パターン"): locale.text(N_("固定"))}
    return {
        N_("背景パターン"): locale.text(N_("昼・夜切り替え")),
        N_("昼の時間"): f"{kept.starts}–{kept.ends}",
    }


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
