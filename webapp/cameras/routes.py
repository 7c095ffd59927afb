"""The screens of one camera: looking at it, adding, changing and removing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nigiwai_engine_api import EngineInfo
from starlette.requests import Request
from starlette.responses import Response
from tortoise.transactions import in_transaction

from webapp import outbox
from webapp.access import camera_of, organisation_of
from webapp.cameras import queries
from webapp.cameras.chart import draw_hour
from webapp.cameras.forms import CameraForm, empty_form, form_of_camera, info_of, read_form
from webapp.cameras.guide import Guide, follow, guide_of
from webapp.cameras.look import BUSY, Busy, Question, Seen, background_frame, look
from webapp.cameras.sight import refresh_seconds, sight_of
from webapp.cameras.source_form import Kept
from webapp.cameras.trial import TRIAL_FAILURES, Trial, Tried, problem_of, try_camera
from webapp.connectors.sources import describe
from webapp.domain.areas import Area, AreaRefused, read_areas
from webapp.errors import PermanentFailure, UserError
from webapp.http import form_of, locale_of, name_field, page, redirect, services_of, text_field
from webapp.models import Camera, Latest


async def camera_page(request: Request) -> Response:
    """Show one camera: picture, count, the last hour, and what belongs to it."""
    camera = await camera_of(request)
    services = services_of(request)
    source = source_of(request, camera)
    return page(
        request,
        "cameras/page.html",
        public=await queries.public_page_of(camera),
        public_origin=services.settings.origin,
        source=describe(source) if source else "",
        engine=_engine_info(request, camera.engine),
        connector=info_of(services.connectors, camera.connector),
        **await _live(request, camera),
    )


async def live(request: Request) -> Response:
    """Answer the part of the camera page that changes each minute."""
    return page(request, "cameras/_live.html", **await _live(request, await camera_of(request)))


async def new(request: Request) -> Response:
    """Ask for a new camera."""
    services = services_of(request)
    return _form_page(request, empty_form(services.engines.names, services.connectors))


async def create(request: Request) -> Response:
    """Add a camera and the row for what will be seen of it."""
    services = services_of(request)
    entered = await _read(request, None)
    if entered.errors:
        return _form_page(request, entered, status=422)
    organisation = organisation_of(request)
    async with in_transaction() as connection:
        camera = Camera(organisation_id=organisation.id)
        _fill(camera, entered, services.sealer.seal(entered.source))
        await camera.save(using_db=connection)
        await Latest.create(
            organisation_id=organisation.id, camera_id=camera.id, using_db=connection
        )
    return redirect(f"/cameras/{camera.public_id}", done="camera_added")


async def edit(request: Request) -> Response:
    """Show a camera's settings."""
    camera = await camera_of(request)
    return _form_page(request, _kept_form(request, camera), camera)


async def save(request: Request) -> Response:
    """Change a camera's settings; what leads to it stays encrypted."""
    camera = await camera_of(request)
    entered = await _read(request, camera)
    if entered.errors:
        return _form_page(request, entered, camera, status=422)
    _fill(camera, entered, services_of(request).sealer.seal(entered.source))
    # Only what this form holds: areas saved meanwhile stay.
    await camera.save(update_fields=FORM_FIELDS)
    return redirect(f"/cameras/{camera.public_id}", done="camera_saved")


async def test_new(request: Request) -> Response:
    """Try what was entered for a new camera."""
    return await _test(request, None)


async def test_existing(request: Request) -> Response:
    """Try what was entered for a camera that is there already."""
    return await _test(request, await camera_of(request))


async def fields_new(request: Request) -> Response:
    """Answer the fields of the kind of source that was chosen for a new camera."""
    return await _fields(request, None)


async def fields_existing(request: Request) -> Response:
    """Answer the fields of the kind that was chosen for a camera that is there already."""
    return await _fields(request, await camera_of(request))


async def preview(request: Request) -> Response:
    """Show the current frame through every AI mode that is on, side by side."""
    camera = await camera_of(request)
    entered = await _read(request, camera)
    services = services_of(request)
    seen: list[Seen] = []
    problem = _problems(request, {n: e for n, e in entered.errors.items() if n != "name"})
    if not problem:
        background = await background_frame(services, camera)
        question = Question(_tried(entered), services.engines.infos, background, _areas_of(camera))
        try:
            seen = await look(services, question, datetime.now(UTC))
        except Busy:
            problem = BUSY
        except TRIAL_FAILURES as error:
            problem = problem_of(error)
    modes = {"seen": seen, "problem": problem, "chosen": entered.values["engine"]}
    status = 422 if problem else 200
    if request.headers.get("hx-request"):
        return page(request, "cameras/_modes.html", status, modes=modes)
    entered.errors = {}
    return _form_page(request, entered, camera, modes=modes, status=status)


async def rename(request: Request) -> Response:
    """Give a camera another name, in place when HTMX asks."""
    camera = await camera_of(request)
    form = await form_of(request)
    is_htmx = bool(request.headers.get("hx-request"))
    try:
        camera.name = name_field(form)
    except UserError as error:
        entered = text_field(form, "name")
        if is_htmx:
            return page(
                request, "cameras/_name.html", 422, camera=camera, error=error, entered=entered
            )
        values = _kept_form(request, camera)
        values.values["name"], values.errors["name"] = entered, error
        return _form_page(request, values, camera, status=422)
    await camera.save(update_fields=["name"])
    if is_htmx:
        return page(request, "cameras/_name.html", camera=camera, error=None, entered="")
    return redirect("/cameras", done="camera_renamed")


async def confirm_delete(request: Request) -> Response:
    """Ask first, with the name and what goes with it."""
    camera = await camera_of(request)
    return page(
        request,
        "cameras/delete.html",
        camera=camera,
        public=await queries.public_page_of(camera),
        background=await queries.background_of(camera),
    )


async def delete(request: Request) -> Response:
    """Remove a camera: its key dies with the row, its pictures go by the outbox."""
    camera = await camera_of(request)
    await form_of(request)
    prefixes = [f"{kind}/{camera.public_id}/" for kind in ("masked", "backgrounds", "drafts")]
    async with in_transaction() as connection:
        await outbox.write(
            camera.organisation_id,
            outbox.PICTURES_DELETE,
            {"keys": [], "prefixes": prefixes},
            f"camera-gone:{camera.public_id}",
            datetime.now(UTC),
            using_db=connection,
        )
        await camera.delete(using_db=connection)
    return redirect("/cameras", done="camera_removed")


def source_of(request: Request, camera: Camera) -> dict[str, Any]:
    """What leads to the camera's pictures; empty when it cannot be decrypted any more."""
    try:
        return services_of(request).sealer.unseal(camera.source)
    except PermanentFailure:
        return {}


def _engine_info(request: Request, name: str) -> EngineInfo | None:
    try:
        return services_of(request).engines.info(name)
    except KeyError:  # it was switched off in plugins.toml
        return None


FORM_FIELDS = ("name", "connector", "engine", "level", "rotation", "is_open", "source")


def _fill(camera: Camera, entered: CameraForm, sealed: str) -> None:
    camera.name = entered.values["name"]
    camera.connector = entered.values["connector"]
    camera.engine = entered.values["engine"]
    camera.level = entered.level
    camera.rotation = entered.rotation
    camera.is_open = entered.is_open
    camera.source = sealed


async def _read(request: Request, camera: Camera | None) -> CameraForm:
    services = services_of(request)
    return read_form(
        await form_of(request),
        services.engines.names,
        services.connectors,
        locale_of(request).language,
        Kept(camera.connector, source_of(request, camera)) if camera else None,
    )


def _kept_form(request: Request, camera: Camera) -> CameraForm:
    kept = Kept(camera.connector, source_of(request, camera))
    return form_of_camera(camera, kept, services_of(request).connectors)


async def _test(request: Request, camera: Camera | None) -> Response:
    entered = await _read(request, camera)
    # A name is not needed to try.
    errors = {name: error for name, error in entered.errors.items() if name != "name"}
    if errors:
        trial = Trial(problem=_problems(request, errors))
    else:
        trial = await try_camera(services_of(request), _tried(entered), datetime.now(UTC))
    if request.headers.get("hx-request"):
        return page(request, "cameras/_trial.html", 422 if trial.problem else 200, trial=trial)
    entered.errors = errors
    return _form_page(request, entered, camera, trial=trial, status=422 if trial.problem else 200)


def _tried(entered: CameraForm) -> Tried:
    return Tried(
        entered.values["connector"],
        entered.source,
        entered.values["engine"],
        entered.level,
        entered.rotation,
    )


def _problems(request: Request, errors: Mapping[str, UserError]) -> str:
    locale = locale_of(request)
    return " ".join(locale.text(error.message, error.values) for error in errors.values())


def _areas_of(camera: Camera) -> tuple[Area, ...]:
    try:
        return read_areas(camera.areas)
    except AreaRefused:
        return ()


async def _fields(request: Request, camera: Camera | None) -> Response:
    """The form as it was, with the fields of the chosen kind, and the address if help is wanted.

    Nothing is wrong yet with what is still being entered.
    """
    entered = await _read(request, camera)
    entered.errors = {}
    form = await form_of(request)
    guide = follow(entered) if text_field(form, "guide") else None
    if request.headers.get("hx-request"):
        return page(
            request, "cameras/_source.html", **_form_values(request, entered, camera, guide)
        )
    return _form_page(request, entered, camera, guide=guide)


def _form_page(
    request: Request,
    form: CameraForm,
    camera: Camera | None = None,
    *,
    trial: Trial | None = None,
    guide: Guide | None = None,
    modes: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    services = services_of(request)
    return page(
        request,
        "cameras/form.html",
        status,
        trial=trial,
        modes=modes,
        engines=services.engines.infos,
        connectors=services.connectors.infos,
        **_form_values(request, form, camera, guide),
    )


def _form_values(
    request: Request, form: CameraForm, camera: Camera | None, guide: Guide | None
) -> dict[str, Any]:
    source = source_of(request, camera) if camera else {}
    return {
        "form": form,
        "camera": camera,
        "base_path": f"/cameras/{camera.public_id}" if camera else "/cameras",
        "kept_source": describe(source) if source else "",
        "guide": guide or guide_of(form),
    }


async def _live(request: Request, camera: Camera) -> dict[str, Any]:
    settings = services_of(request).settings
    now = datetime.now(UTC)
    hour = await queries.last_hour(camera, now)
    background = await queries.background_of(camera)
    return {
        "camera": camera,
        "background": background,
        "has_background": background is not None,
        "sight": sight_of(camera, settings, now),
        "chart": draw_hour(hour, now, settings.capture_interval),
        "refresh": refresh_seconds(settings),
    }
