"""AIモード of a camera (S6, M3): the modes side by side, the level, a trial, where to mount."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from webapp import words
from webapp.access import camera_of
from webapp.audit.actions import FIELDS as FIELD_WORDS
from webapp.audit.actions import Action
from webapp.audit.log import changed, record, values_of
from webapp.backgrounds import builds
from webapp.cameras.forms import CHOOSE_AGAIN, LEVELS
from webapp.cameras.hints import hints_of
from webapp.cameras.look import BUSY, Busy, Question, Seen, background_frame, look
from webapp.cameras.modes import Mode, mode_of
from webapp.cameras.trial import TRIAL_FAILURES, Tried, problem_of
from webapp.database import transaction
from webapp.domain.areas import Area, AreaRefused, read_areas
from webapp.domain.remarks import Remark
from webapp.errors import PermanentFailure, UserError
from webapp.form_fields import text_field
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.models import Camera
from webapp.versions import FIELD as VERSION
from webapp.versions import ChangedMeanwhile, locked, require, version_of_row

FIELDS = ("engine", "level")


async def mode_page(request: Request) -> Response:
    """Show the modes; whoever may not change them may look."""
    camera = await camera_of(request)
    return _page(request, camera, camera.engine, camera.level)


async def save_mode(request: Request) -> Response:
    """Keep the mode and the level, unless somebody else changed them meanwhile."""
    camera = await camera_of(request)
    form = await form_of(request)
    engine, level = text_field(form, "engine"), text_field(form, "level") or str(camera.level)
    if error := _error(request, engine, level):
        return _page(request, camera, engine, camera.level, error=error, form=form, status=422)
    try:
        async with transaction():
            row = await locked(Camera.filter(id=camera.id))
            require(version_of_row(row, FIELDS), form, row)
            before = values_of(row, FIELDS)
            row.engine, row.level = engine, int(level)
            await row.save(update_fields=FIELDS)
            if differs := changed(before, values_of(row, FIELDS)):
                if "engine" in differs:
                    await builds.source_changes(row, datetime.now(UTC))
                await record(
                    request,
                    Action.CAMERA_CHANGED,
                    target=row.public_id,
                    target_name=row.name,
                    changed=differs,
                )
    except ChangedMeanwhile as meanwhile:
        now = meanwhile.row
        return _page(request, now, engine, int(level), theirs=_theirs(request, now), status=409)
    return redirect(f"/cameras/{camera.public_id}/mode", done="mode_saved")


async def try_modes(request: Request) -> Response:
    """Show the current frame through every mode that is on; nothing is kept."""
    camera = await camera_of(request)
    form = await form_of(request)
    engine, level = text_field(form, "engine"), text_field(form, "level") or str(camera.level)
    seen: list[Seen] = []
    problem = ""
    if error := _error(request, engine, level):
        problem = error.message
        engine, level = camera.engine, str(camera.level)
    else:
        seen, problem = await _look(request, camera, int(level))
    status = 422 if problem else 200
    modes = {"seen": seen, "problem": problem, "chosen": engine}
    if request.headers.get("hx-request"):
        return page(request, "cameras/_modes.html", status, modes=modes)
    return _page(request, camera, engine, int(level), modes=modes, form=form, status=status)


async def _look(request: Request, camera: Camera, level: int) -> tuple[list[Seen], str]:
    """What the modes make of the frame, or a message id that says why they cannot."""
    services = services_of(request)
    try:
        source = services.sealer.unseal(camera.source)
    except PermanentFailure:
        return [], words.REMARKS[Remark.SEALED]
    if camera.connector not in services.connectors:
        return [], words.REMARKS[Remark.NO_CONNECTOR]
    tried = Tried(camera.connector, source, camera.engine, level, camera.rotation)
    background = await background_frame(services, camera)
    question = Question(tried, services.engines.infos, background, _areas_of(camera))
    try:
        return await look(services, question, datetime.now(UTC)), ""
    except Busy:
        return [], BUSY
    except TRIAL_FAILURES as error:
        return [], problem_of(error)


def _areas_of(camera: Camera) -> tuple[Area, ...]:
    try:
        return read_areas(camera.areas)
    except AreaRefused:
        return ()


def _error(request: Request, engine: str, level: str) -> UserError | None:
    if engine not in services_of(request).engines.names or level not in LEVELS:
        return UserError(CHOOSE_AGAIN, field="engine")
    return None


def _modes(request: Request) -> list[Mode]:
    locale = locale_of(request)
    return [mode_of(info, locale) for info in services_of(request).engines.infos]


def _theirs(request: Request, camera: Camera) -> dict[str, str]:
    """What is kept now, in words."""
    titles = {mode.name: mode.title for mode in _modes(request)}
    return {
        FIELD_WORDS["engine"]: titles.get(camera.engine, camera.engine),
        FIELD_WORDS["level"]: str(camera.level),
    }


def _page(
    request: Request,
    camera: Camera,
    engine: str,
    level: int,
    *,
    error: UserError | None = None,
    theirs: dict[str, str] | None = None,
    modes: dict[str, Any] | None = None,
    form: FormData | None = None,
    status: int = 200,
) -> Response:
    """The page; with ``form``, what it holds is not saved and keeps its version."""
    every = _modes(request)
    return page(
        request,
        "cameras/mode.html",
        status,
        camera=camera,
        version=text_field(form, VERSION) if form else version_of_row(camera, FIELDS),
        every=every,
        chosen=engine,
        level=level,
        hints={mode.name: hints_of(mode.name) for mode in every},
        error=error,
        theirs=theirs,
        modes=modes,
        is_saved=form is None and theirs is None,
    )
