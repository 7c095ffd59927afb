"""モニタリング (M6): starting to look, looking on, and the frame itself, which nothing caches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.access import camera_of, member_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.cameras.sight import late_after, refresh_seconds, sight_of
from webapp.database import transaction
from webapp.http import form_of, page, services_of
from webapp.models import Camera
from webapp.monitoring import watching

# How often a page that waits for the first frame asks.
WAITING_SECONDS = 5


async def monitoring_page(request: Request) -> Response:
    """Show the monitoring of one camera."""
    return await _page(request, await camera_of(request), "monitoring/page.html")


async def start(request: Request) -> Response:
    """Begin to look: from now on the latest frame is kept, and the log says who looks."""
    camera = await camera_of(request)
    await form_of(request)
    async with transaction():
        await watching.start(camera, member_of(request), datetime.now(UTC))
        await record(
            request,
            Action.MONITORING_STARTED,
            target=camera.public_id,
            target_name=camera.name,
        )
    return await _answer(request, camera)


async def look(request: Request) -> Response:
    """Look on, and answer what there is to see by now."""
    camera = await camera_of(request)
    await form_of(request)
    await watching.look(camera, member_of(request), datetime.now(UTC))
    return await _answer(request, camera)


async def stop(request: Request) -> Response:
    """Look no longer."""
    camera = await camera_of(request)
    await form_of(request)
    await watching.stop(services_of(request), camera, member_of(request), datetime.now(UTC))
    return await _answer(request, camera)


async def frame(request: Request) -> Response:
    """Answer the latest frame to a member who has started to look; nothing to anybody else."""
    camera = await camera_of(request)
    services = services_of(request)
    found = (await _watches(request, [camera]))[camera.id].frame
    data = await watching.read_frame(services, found) if found else None
    if data is None:
        return Response(status_code=204)
    return Response(
        data,
        media_type="image/jpeg",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )


async def load(request: Request, cards: Sequence[Any]) -> Mapping[str, Any]:
    """What the cards of a list of cameras need."""
    return await _values(request, [card.camera for card in cards])


async def load_groups(request: Request, cards: Sequence[Any]) -> Mapping[str, Any]:
    """The same for groups, which show their default camera."""
    return await _values(request, [card.default for card in cards if card.default])


async def _answer(request: Request, camera: Camera) -> Response:
    if not request.headers.get("hx-request"):
        return RedirectResponse(f"/cameras/{camera.public_id}/monitoring", 303)
    return await _page(request, camera, "monitoring/_view.html")


async def _page(request: Request, camera: Camera, template: str) -> Response:
    sight = sight_of(camera, services_of(request).settings, datetime.now(UTC))
    return page(request, template, camera=camera, sight=sight, **await _values(request, [camera]))


async def _values(request: Request, cameras: Sequence[Camera]) -> dict[str, Any]:
    return {
        "watches": await _watches(request, cameras),
        "look_seconds": refresh_seconds(services_of(request).settings),
        "waiting_seconds": WAITING_SECONDS,
    }


async def _watches(request: Request, cameras: Sequence[Camera]) -> dict[int, watching.Watch]:
    fresh = late_after(services_of(request).settings)
    numbers = {camera.id for camera in cameras}
    return await watching.watches_of(numbers, member_of(request), datetime.now(UTC), fresh)
