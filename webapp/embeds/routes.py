"""The public page of a camera: what anyone with the key sees, and how an admin switches it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from tortoise.exceptions import IntegrityError

from webapp.access import camera_of
from webapp.audit.actions import Action
from webapp.audit.log import changed, record
from webapp.cameras.sight import refresh_seconds, sight_of
from webapp.database import transaction
from webapp.form_fields import text_field
from webapp.http import form_of, page, redirect, services_of
from webapp.i18n import Locale, accepted_language
from webapp.models import Camera, PublicPage

# Whatever else somebody writes into an address never reaches the database.
_KEY = re.compile(r"[A-Za-z0-9_-]{16,43}")


async def public_page(request: Request) -> Response:
    """Show the picture, the state and, if it is switched on, the count."""
    return page(request, "embeds/page.html", **await _view(request))


async def public_live(request: Request) -> Response:
    """Answer the part of the public page that changes each minute."""
    return page(request, "embeds/_live.html", **await _view(request))


async def save_public_page(request: Request) -> Response:
    """Make the camera's public page, or change what it shows."""
    camera = await camera_of(request)
    form = await form_of(request)
    shows_count = text_field(form, "shows_count") == "1"
    path = f"/cameras/{camera.public_id}"
    if await _change(request, camera, shows_count):
        return redirect(path, done="page_saved")
    try:
        async with transaction():
            await PublicPage.create(
                organisation_id=camera.organisation_id, camera_id=camera.id, shows_count=shows_count
            )
            await record(request, Action.PAGE_PUBLISHED, **_target(camera))
    except IntegrityError:  # somebody else was quicker; theirs stands
        await _change(request, camera, shows_count)
    return redirect(path, done="page_created")


async def delete_public_page(request: Request) -> Response:
    """Kill the key: it never returns."""
    camera = await camera_of(request)
    await form_of(request)
    async with transaction():
        if await PublicPage.filter(camera_id=camera.id).delete():
            await record(request, Action.PAGE_REMOVED, **_target(camera))
    return redirect(f"/cameras/{camera.public_id}", done="page_removed")


async def _change(request: Request, camera: Camera, shows_count: bool) -> bool:
    """Change what the page shows; False when there is none."""
    async with transaction():
        public = await PublicPage.get_or_none(camera_id=camera.id)
        if public is None:
            return False
        if differs := changed({"shows_count": public.shows_count}, {"shows_count": shows_count}):
            await PublicPage.filter(id=public.id).update(shows_count=shows_count)
            await record(request, Action.PAGE_CHANGED, **_target(camera), changed=differs)
    return True


def _target(camera: Camera) -> dict[str, Any]:
    return {"target": camera.public_id, "target_name": camera.name}


async def _view(request: Request) -> dict[str, Any]:
    key = request.path_params["key"]
    public = None
    if _KEY.fullmatch(key):
        public = await PublicPage.get_or_none(key=key).select_related(
            "organisation",
            "camera",
            "camera__latest",
            "camera__alert",
            "camera__alert__state",
        )
    if public is None:
        raise HTTPException(404)
    settings = services_of(request).settings
    # A viewer's browser decides the language, signed in or not.
    language = accepted_language(request.headers.get("accept-language", ""))
    return {
        "locale": Locale(language, public.organisation.time_zone),
        "public": public,
        "camera": public.camera,
        "sight": sight_of(
            public.camera,
            settings,
            datetime.now(UTC),
            is_suspended=public.organisation.suspended_at is not None,
        ),
        "refresh": refresh_seconds(settings),
    }
