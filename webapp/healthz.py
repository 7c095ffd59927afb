"""``/healthz``: what a monitor needs to know, and nothing that is not public."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tortoise.exceptions import BaseORMException

from webapp import __version__, heartbeat, public_counts
from webapp.cameras.sight import sight_of
from webapp.http import services_of
from webapp.models import Camera
from webapp.settings import Settings


async def healthz(request: Request) -> Response:
    """Answer status, version and per camera its state and the age of its last picture.

    The status is "ok"; "degraded" while no worker gives a sign of life, though what is
    there is still shown; or "no database", with status 503. A camera's count is there
    only when it has embeds and nothing hides it (B7, E1), and None whenever it is not known.
    """
    now = datetime.now(UTC)
    try:
        workers = len(await heartbeat.live_workers(now))
        cameras = await Camera.all().order_by("id").select_related("latest", "organisation")
        counts = await public_counts.of_all()
    except (BaseORMException, OSError):
        body = {"status": "no database", "version": __version__, "workers": 0, "cameras": []}
        return JSONResponse(body, 503)
    settings = services_of(request).settings
    shown = {camera for camera, said in counts.items() if said.hides_nowhere}
    return JSONResponse(
        {
            "status": "ok" if workers else "degraded",
            "version": __version__,
            "workers": workers,
            "cameras": [
                _entry(camera, settings, now, shows=camera.id in shown) for camera in cameras
            ],
        }
    )


def _entry(camera: Camera, settings: Settings, now: datetime, *, shows: bool) -> dict[str, object]:
    is_suspended = camera.organisation.suspended_at is not None
    seen = sight_of(camera, settings, now, is_suspended=is_suspended)
    good_at = seen.at if camera.latest.picture else None
    entry: dict[str, object] = {
        "name": camera.name,
        "state": seen.state.value,
        "picture_age_seconds": round((now - good_at).total_seconds(), 1) if good_at else None,
    }
    if shows:
        entry["count"] = seen.count
    return entry
