"""The screens of one camera: looking at it, adding, changing and removing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nigiwai_engine_api import EngineInfo
from starlette.requests import Request
from starlette.responses import Response

from webapp import outbox
from webapp.access import camera_of, organisation_of
from webapp.audit.actions import FIELDS as FIELD_WORDS
from webapp.audit.actions import Action
from webapp.audit.log import changed, record, values_of
from webapp.backgrounds import builds
from webapp.backgrounds.in_force import is_awaited, is_expected
from webapp.cameras import queries
from webapp.cameras.chart import draw_hour
from webapp.cameras.forms import (
    EDIT_FIELDS,
    CameraForm,
    Purpose,
    empty_form,
    form_of_camera,
    form_of_replacement,
    info_of,
    read_form,
)
from webapp.cameras.guide import Guide, follow, guide_of
from webapp.cameras.replacing import NewSource, replace_source
from webapp.cameras.sight import refresh_seconds, sight_of, soon_seconds
from webapp.cameras.source_form import Kept
from webapp.cameras.trial import Trial, Tried, try_camera
from webapp.cameras.ways import ways_to
from webapp.connectors import ConnectorInfo, OpenConnectors
from webapp.connectors.sources import describe
from webapp.database import transaction
from webapp.embeds.codes import first_address
from webapp.errors import PermanentFailure, UserError
from webapp.form_fields import name_field, text_field
from webapp.groups.succession import camera_goes
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.licences.standing import settle
from webapp.models import Camera, EmbedKey, Latest
from webapp.versions import ChangedMeanwhile, locked, require, version_of_row

RENAMED_MEANWHILE = N_(
    "ほかの管理ユーザが、名前を「%(name)s」に変更しました。それでも変更する場合は、もう一度確定してください。"
)


async def camera_page(request: Request) -> Response:
    """Show one camera: picture, count, the last hour, and what belongs to it."""
    camera = await camera_of(request)
    services = services_of(request)
    source = source_of(request, camera)
    return page(
        request,
        "cameras/page.html",
        embed_address=await first_address(camera, services.settings.origin),
        source=describe(source) if source else "",
        engine=_engine_info(request, camera.engine),
        connector=info_of(services.connectors, camera.connector),
        builds=await builds.of_camera(services, camera, datetime.now(UTC)),
        **await _live(request, camera),
    )


async def live(request: Request) -> Response:
    """Answer the part of the camera page that changes each minute."""
    return page(request, "cameras/_live.html", **await _live(request, await camera_of(request)))


async def new(request: Request) -> Response:
    """Ask first where the camera is: in the camera cloud, or on the network (S9)."""
    return page(request, "cameras/new.html", ways=ways_to("/cameras/new"))


async def new_network(request: Request) -> Response:
    """Ask for a new network camera."""
    services = services_of(request)
    return _form_page(request, empty_form(services.engines.names, services.connectors))


async def create(request: Request) -> Response:
    """Add a camera and the row for what will be seen of it."""
    entered = await _read(request, None)
    if entered.errors:
        return _form_page(request, entered, status=422)
    organisation = organisation_of(request)
    async with transaction() as connection:
        camera = Camera(
            organisation_id=organisation.id,
            name=entered.values["name"],
            engine=entered.values["engine"],
            level=entered.level,
        )
        fill_source(request, camera, entered)
        await camera.save(using_db=connection)
        await Latest.create(
            organisation_id=organisation.id, camera_id=camera.id, using_db=connection
        )
        await record(request, Action.CAMERA_ADDED, **_target(camera))
    await settle(datetime.now(UTC))
    return redirect(f"/cameras/{camera.public_id}", done="camera_added")


async def edit(request: Request) -> Response:
    """Show a camera's settings."""
    camera = await camera_of(request)
    return _form_page(request, _kept_form(request, camera), camera)


async def save(request: Request) -> Response:
    """Change how a camera is reached; what leads to it stays encrypted."""
    camera = await camera_of(request)
    entered = await _read(request, camera)
    if entered.errors:
        return _form_page(request, entered, camera, status=422)
    form = await form_of(request)
    try:
        async with transaction():
            row = await locked(Camera.filter(id=camera.id))
            require(version_of_row(row, EDIT_FIELDS), form, row)
            before = {**values_of(row, EDIT_FIELDS), "source": source_of(request, row)}
            row.name = entered.values["name"]
            fill_source(request, row, entered)
            # Only what this form holds: areas or an AI mode saved meanwhile stay.
            await row.save(update_fields=EDIT_FIELDS)
            after = {**values_of(row, EDIT_FIELDS), "source": entered.source}
            if differs := changed(before, after, hidden=("source",)):
                is_another = bool(differs.keys() & {"connector", "source"})
                if is_another or "rotation" in differs:
                    await builds.source_changes(row, datetime.now(UTC))
                if is_another or (row.rotation - before["rotation"]) % 180:  # its shape: not known
                    await Latest.filter(camera_id=row.id).update(picture_width=0, picture_height=0)
                await record(request, Action.CAMERA_CHANGED, **_target(row), changed=differs)
    except ChangedMeanwhile as meanwhile:
        return _told(request, entered, meanwhile.row)
    return redirect(f"/cameras/{camera.public_id}/edit", done="camera_saved")


async def replace(request: Request) -> Response:
    """差し替え: ask for another camera in this one's place."""
    camera = await camera_of(request)
    form = form_of_replacement(camera, services_of(request).connectors)
    return _form_page(request, form, camera)


async def save_replacement(request: Request) -> Response:
    """Put another camera in this one's place: keys, history and settings stay (S9)."""
    camera = await camera_of(request)
    entered = await _read(request, camera, Purpose.REPLACE)
    if entered.errors:
        return _form_page(request, entered, camera, status=422)
    form = await form_of(request)
    sealed = services_of(request).sealer.seal(entered.source)
    source = NewSource(entered.values["connector"], sealed, entered.rotation)
    try:
        await replace_source(request, camera, source, form)
    except ChangedMeanwhile as meanwhile:
        return _told(request, entered, meanwhile.row)
    return redirect(f"/cameras/{camera.public_id}/background", done="camera_replaced")


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


async def rename(request: Request) -> Response:
    """Give a camera another name, in place when HTMX asks."""
    camera = await camera_of(request)
    form = await form_of(request)
    is_htmx = bool(request.headers.get("hx-request"))
    try:
        name = name_field(form)
        await _rename(request, camera, name, text_field(form, "was"))
    except UserError as error:
        status = 409 if error.message is RENAMED_MEANWHILE else 422
        entered = text_field(form, "name")
        if is_htmx:
            return page(
                request, "cameras/_name.html", status, camera=camera, error=error, entered=entered
            )
        values = _kept_form(request, camera)
        values.values["name"], values.errors["name"] = entered, error
        return _form_page(request, values, camera, status=status)
    if is_htmx:
        return page(request, "cameras/_name.html", camera=camera, error=None, entered="")
    return redirect("/cameras", done="camera_renamed")


async def _rename(request: Request, camera: Camera, name: str, was: str) -> None:
    """Give it the name, unless somebody else gave it another than ``was`` meanwhile."""
    async with transaction():
        row = await locked(Camera.filter(id=camera.id))
        camera.name = row.name
        if was and row.name not in {was, name}:
            raise UserError(RENAMED_MEANWHILE, field="name", name=row.name)
        row.name = name
        await row.save(update_fields=["name"])
        if differs := changed({"name": camera.name}, {"name": name}):
            await record(request, Action.CAMERA_RENAMED, **_target(row), changed=differs)
    camera.name = name


async def confirm_delete(request: Request) -> Response:
    """Ask first, with the name and what goes with it."""
    camera = await camera_of(request)
    return page(
        request,
        "cameras/delete.html",
        camera=camera,
        embed=await EmbedKey.exists(camera_id=camera.id),
        background=await queries.background_of(camera),
    )


async def delete(request: Request) -> Response:
    """Remove a camera: its key dies with the row, its pictures go by the outbox."""
    camera = await camera_of(request)
    await form_of(request)
    kinds = ("masked", "backgrounds", "drafts", "live", "closed", "building")
    prefixes = [f"{kind}/{camera.public_id}/" for kind in kinds]
    async with transaction() as connection:
        await outbox.write(
            camera.organisation_id,
            outbox.PICTURES_DELETE,
            {"keys": [], "prefixes": prefixes},
            f"camera-gone:{camera.public_id}",
            datetime.now(UTC),
            using_db=connection,
        )
        await camera_goes(services_of(request), camera, datetime.now(UTC), connection)
        # Of two who remove it at once, one did.
        if await Camera.filter(id=camera.id).using_db(connection).delete():
            await record(request, Action.CAMERA_REMOVED, **_target(camera))
    await settle(datetime.now(UTC))
    return redirect("/cameras", done="camera_removed")


def source_of(request: Request, camera: Camera) -> dict[str, Any]:
    """What leads to the camera's pictures; empty when it cannot be decrypted any more."""
    try:
        return services_of(request).sealer.unseal(camera.source)
    except PermanentFailure:
        return {}


def _target(camera: Camera) -> dict[str, Any]:
    return {"target": camera.public_id, "target_name": camera.name}


def _engine_info(request: Request, name: str) -> EngineInfo | None:
    try:
        return services_of(request).engines.info(name)
    except KeyError:  # it was switched off in plugins.toml
        return None


def fill_source(request: Request, camera: Camera, entered: CameraForm) -> None:
    """Put what leads to the pictures into the row."""
    camera.connector = entered.values["connector"]
    camera.rotation = entered.rotation
    # Sealed anew only when it is new: a version is a name for what is kept.
    if not camera.source or source_of(request, camera) != entered.source:
        camera.source = services_of(request).sealer.seal(entered.source)


async def _read(
    request: Request, camera: Camera | None, purpose: Purpose | None = None
) -> CameraForm:
    services = services_of(request)
    form = await form_of(request)
    if camera is None:
        purpose = Purpose.NEW
    elif purpose is None:
        is_replacement = text_field(form, "purpose") == Purpose.REPLACE
        purpose = Purpose.REPLACE if is_replacement else Purpose.EDIT
    kept, fixed = None, {}
    if camera is not None:
        fixed = {"engine": camera.engine, "level": str(camera.level)}
        if purpose is Purpose.REPLACE:
            fixed["name"] = camera.name
        else:
            kept = Kept(camera.connector, source_of(request, camera))
    entered = read_form(
        form,
        services.engines.names,
        services.connectors,
        locale_of(request).language,
        kept,
        fixed,
    )
    entered.purpose = purpose
    return entered


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


_PAGES = {Purpose.NEW: "new_network", Purpose.EDIT: "edit", Purpose.REPLACE: "replace"}


def _told(request: Request, entered: CameraForm, now: Camera) -> Response:
    """The form as it was entered, and what somebody else saved meanwhile: told, not lost."""
    entered.version, entered.has_news = version_of_row(now, EDIT_FIELDS), True
    return _form_page(request, entered, now, theirs=kept_in_words(request, now), status=409)


def kept_in_words(request: Request, now: Camera) -> dict[str, str]:
    """What is kept of a camera's connection: message id of the field → words for people."""
    source = source_of(request, now)
    connector = info_of(services_of(request).connectors, now.connector)
    return {
        FIELD_WORDS["name"]: now.name,
        FIELD_WORDS["connector"]: connector.titles[locale_of(request).language]
        if connector
        else now.connector,
        FIELD_WORDS["source"]: describe(source) if source else "",
        FIELD_WORDS["rotation"]: f"{now.rotation}°",
    }


def _form_page(
    request: Request,
    form: CameraForm,
    camera: Camera | None = None,
    *,
    trial: Trial | None = None,
    guide: Guide | None = None,
    theirs: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    services = services_of(request)
    return page(
        request,
        f"cameras/{_PAGES[form.purpose]}.html",
        status,
        trial=trial,
        theirs=theirs,
        engines=services.engines.infos,
        connectors=_offered(services.connectors, camera, form.purpose),
        **_form_values(request, form, camera, guide),
    )


def _offered(
    connectors: OpenConnectors, camera: Camera | None, purpose: Purpose
) -> list[ConnectorInfo]:
    """The kinds that a form can ask for; one that is chosen elsewhere only where it stays."""
    kept = camera.connector if camera and purpose is Purpose.EDIT else ""
    return [info for info in connectors.infos if not info.is_chosen or info.name == kept]


def _form_values(
    request: Request, form: CameraForm, camera: Camera | None, guide: Guide | None
) -> dict[str, Any]:
    source = source_of(request, camera) if camera and form.purpose is Purpose.EDIT else {}
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
    waits = background is not None and is_expected(camera, now)
    return {
        "camera": camera,
        "background": background,
        "has_background": background is not None,
        "background_awaited": background is not None and is_awaited(camera),
        "sight": sight_of(camera, settings, now),
        "chart": draw_hour(hour, now, settings.capture_interval),
        "refresh": refresh_seconds(settings),
        "soon": soon_seconds(settings) if waits else 0,
    }
