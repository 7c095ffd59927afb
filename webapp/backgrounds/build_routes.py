"""自動で作る: a camera builds its background; how far it is, and using it (M4, B2)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import camera_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.backgrounds import builds
from webapp.backgrounds.candidates import make_candidate
from webapp.backgrounds.forms import read_part
from webapp.backgrounds.pages import build_values, path_of, show_page
from webapp.cameras.trial import problem_of
from webapp.database import transaction
from webapp.domain.pictures import PictureRefused
from webapp.errors import TemporaryFailure
from webapp.form_fields import text_field
from webapp.http import form_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.models import Camera

NOT_READY = N_("背景画像はまだできていません。もうしばらくお待ちください。")


async def show(request: Request) -> Response:
    """Answer the part of the page that tells how far it is."""
    camera = await camera_of(request)
    part = read_part(request.query_params.get("part", ""))
    return page(request, "backgrounds/_build.html", **await build_values(request, camera, part))


async def start(request: Request) -> Response:
    """Let the camera collect. Whoever comes second finds it begun."""
    camera = await camera_of(request)
    part = read_part(text_field(await form_of(request), "part"))
    async with transaction():
        if await builds.start(camera, datetime.now(UTC)):
            await _log(request, camera, Action.BACKGROUND_BUILD_STARTED)
    return redirect(path_of(camera, part), done="background_build_started")


async def cancel(request: Request) -> Response:
    """Let go of what was collected."""
    camera = await camera_of(request)
    part = read_part(text_field(await form_of(request), "part"))
    async with transaction():
        if await builds.cancel(camera, datetime.now(UTC)):
            await _log(request, camera, Action.BACKGROUND_BUILD_ENDED)
    return redirect(path_of(camera, part), done="background_build_ended")


async def use(request: Request) -> Response:
    """Make what was built a candidate: it is looked at for people and registered like any other."""
    camera = await camera_of(request)
    part = read_part(text_field(await form_of(request), "part"))
    refuse = partial(show_page, request, camera, part=part, field="build")
    services, now = services_of(request), datetime.now(UTC)
    collected = (await builds.of_camera(services, camera, now)).get(part)
    if collected is None or not collected.is_complete:
        return await refuse(problem=NOT_READY)
    try:
        built = await builds.built_picture(services, collected)
        if built is None:
            return await refuse(problem=NOT_READY)
        candidate = await make_candidate(services, camera, built, None, now)
    except (PictureRefused, TemporaryFailure) as error:
        return await refuse(problem=problem_of(error))
    return await show_page(request, camera, candidate, part=part)


async def _log(request: Request, camera: Camera, action: Action) -> None:
    await record(request, action, target=camera.public_id, target_name=camera.name)
