"""集計するエリア: drawn over the background, tried on the current frame, saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from webapp import words
from webapp.access import camera_of
from webapp.areas.forms import RULES, AreasForm, read_form, stored_form
from webapp.areas.forms import form_of as form_of_stored
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.cameras.look import BUSY, Busy, Question, Seen, background_frame, look
from webapp.cameras.sight import USUAL_SIZE
from webapp.cameras.trial import TRIAL_FAILURES, Preview, Tried, preview_of, problem_of
from webapp.database import transaction
from webapp.domain.areas import MOST_AREAS, MOST_POINTS
from webapp.domain.remarks import Remark
from webapp.errors import PermanentFailure
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.models import Camera


async def areas_page(request: Request) -> Response:
    """Show the areas over the background, with their list beside it."""
    camera = await camera_of(request)
    return await _page(request, camera, form_of_stored(camera.areas))


async def save(request: Request) -> Response:
    """Keep the areas; the next analysis counts by them."""
    camera = await camera_of(request)
    entered = read_form(await form_of(request))
    if entered.error:
        return await _page(request, camera, entered, status=422)
    before, camera.areas = camera.areas, stored_form(entered.areas)
    async with transaction():
        await camera.save(update_fields=["areas"])
        if differs := _differs(before, camera.areas):
            await record(
                request,
                Action.AREAS_CHANGED,
                target=camera.public_id,
                target_name=camera.name,
                changed=differs,
            )
    return redirect(f"/cameras/{camera.public_id}/areas", done="areas_saved")


async def try_areas(request: Request) -> Response:
    """Show what the areas would do to the current frame; nothing is saved."""
    camera = await camera_of(request)
    entered = read_form(await form_of(request))
    seen, problem = None, ""
    if entered.error:
        locale = locale_of(request)
        problem = locale.text(entered.error.message, entered.error.values)
    else:
        seen, problem = await _look(request, camera, entered)
    status = 422 if problem else 200
    if request.headers.get("hx-request"):
        return page(request, "areas/_effect.html", status, seen=seen, problem=problem)
    return await _page(request, camera, entered, seen=seen, problem=problem, status=status)


def _differs(before: list[Any], after: list[Any]) -> dict[str, list[int] | None]:
    """What the audit log says of areas: how many there are, or that they look another way."""
    if len(before) != len(after):
        return {"areas": [len(before), len(after)]}
    return {} if before == after else {"area_shapes": None}


async def _look(request: Request, camera: Camera, entered: AreasForm) -> tuple[Seen | None, str]:
    services = services_of(request)
    try:
        info = services.engines.info(camera.engine)
        source = services.sealer.unseal(camera.source)
    except KeyError:
        return None, words.REMARKS[Remark.ENGINE_MISSING]
    except PermanentFailure:
        return None, words.REMARKS[Remark.SEALED]
    if camera.connector not in services.connectors:
        return None, words.REMARKS[Remark.NO_CONNECTOR]
    tried = Tried(camera.connector, source, camera.engine, camera.level, camera.rotation)
    background = await background_frame(services, camera)
    try:
        (seen,) = await look(
            services, Question(tried, (info,), background, entered.areas), datetime.now(UTC)
        )
    except Busy:
        return None, BUSY
    except TRIAL_FAILURES as error:
        return None, problem_of(error)
    return seen, seen.problem


async def _page(
    request: Request,
    camera: Camera,
    form: AreasForm,
    *,
    seen: Seen | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    backdrop = await _backdrop(request, camera)
    width, height = (backdrop.width, backdrop.height) if backdrop else _size(camera)
    values: dict[str, Any] = {
        "camera": camera,
        "form": form,
        "backdrop": backdrop,
        "width": width,
        "height": height,
        "rules": RULES,
        "most_areas": MOST_AREAS,
        "most_points": MOST_POINTS,
        "seen": seen,
        "problem": problem,
    }
    return page(request, "areas/page.html", status, **values)


async def _backdrop(request: Request, camera: Camera) -> Preview | None:
    frame = await background_frame(services_of(request), camera)
    return None if frame is None else await anyio.to_thread.run_sync(preview_of, frame)


def _size(camera: Camera) -> tuple[int, int]:
    latest = camera.latest
    if latest.picture_width > 0 and latest.picture_height > 0:
        return latest.picture_width, latest.picture_height
    return USUAL_SIZE
