"""``/healthz``: what a monitor needs to know, and nothing that is not public."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tortoise.exceptions import BaseORMException

from webapp import __version__
from webapp.models import Camera, PublicPage


async def healthz(request: Request) -> Response:  # noqa: ARG001 - every view takes it
    """Answer status, version and per camera its state and the age of its last picture.

    A camera's count is there only when its public page shows counts (B7, E1).
    """
    try:
        cameras = await Camera.all().order_by("id").select_related("latest")
        pages = await PublicPage.all().values_list("camera_id", "shows_count")
    except (BaseORMException, OSError):
        body = {"status": "no database", "version": __version__, "cameras": []}
        return JSONResponse(body, 503)
    shows_count = {camera for camera, shows in pages if shows}
    now = datetime.now(UTC)
    entries = [_entry(camera, now, shows=camera.id in shows_count) for camera in cameras]
    return JSONResponse({"status": "ok", "version": __version__, "cameras": entries})


def _entry(camera: Camera, now: datetime, *, shows: bool) -> dict[str, object]:
    latest = camera.latest
    age = round((now - latest.good_at).total_seconds(), 1) if latest and latest.good_at else None
    entry: dict[str, object] = {
        "name": camera.name,
        "state": latest.state.value if latest else "waiting",
        "picture_age_seconds": age,
    }
    if shows:
        entry["count"] = latest.count if latest else None
    return entry
