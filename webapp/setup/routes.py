"""The pages of 初回設定: each shows what is kept, and what it saves it saves at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.access import organisation_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.camera_cloud import adding
from webapp.camera_cloud import queries as cloud_queries
from webapp.cameras import queries
from webapp.database import transaction
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.setup.steps import PAGES, PATH, TITLES, Kind, Step, next_of, progress_of, put, reach

CHOOSE_KIND = N_("カメラの接続方法を選んでください。")
NO_CAMERA_YET = N_(
    "カメラを1台以上追加してください。あとで追加する場合は「あとで設定する」を押してください。"
)


async def start(request: Request) -> Response:
    """Go on where it was left."""
    return RedirectResponse(f"{PATH}/{progress_of(organisation_of(request)).reached}", 303)


async def show(request: Request) -> Response:
    """Show a step; one that was not reached yet leads to the one that was."""
    step = _step_in(request)
    if not progress_of(organisation_of(request)).may_open(step):
        return await start(request)
    return await _page(request, step)


async def save(request: Request) -> Response:
    """Save a step and go on to the next."""
    step = _step_in(request)
    form = await form_of(request)
    organisation = organisation_of(request)
    if not progress_of(organisation).may_open(step):
        return await start(request)
    try:
        if step is Step.SOURCE:
            await _save_kind(request, text_field(form, "kind"))
        elif step is Step.CAMERAS:
            keys = [key for key in form.getlist("cameras") if isinstance(key, str)]
            await _save_cameras(request, keys)
        elif step is Step.DONE:
            return await _finish(request)
    except UserError as error:
        return await _page(request, step, error=error, keys=form.getlist("cameras"))
    following = next_of(step)
    await reach(organisation, following)
    return redirect(f"{PATH}/{following}")


async def later(request: Request) -> Response:
    """Put it off; the list of cameras says how to go on."""
    await form_of(request)
    await put(organisation_of(request), Step.LATER)
    return redirect("/cameras", done="setup_later")


async def _finish(request: Request) -> Response:
    organisation = organisation_of(request)
    async with transaction():
        if organisation.setup_step != Step.FINISHED:
            await put(organisation, Step.FINISHED)
            await record(request, Action.SETUP_FINISHED)
    return redirect("/cameras", done="setup_finished")


async def _save_kind(request: Request, kind: str) -> None:
    if kind not in _kinds(request):
        raise UserError(CHOOSE_KIND, field="kind")
    organisation = organisation_of(request)
    organisation.setup_kind = kind
    await organisation.save(update_fields=["setup_kind"])


async def _save_cameras(request: Request, keys: list[str]) -> None:
    """Add what was chosen. With cameras there already, nothing need be chosen."""
    services, organisation = services_of(request), organisation_of(request)
    if keys and services.camera_cloud is not None:
        cloud = services.camera_cloud
        offers = await cloud_queries.offers_of(cloud, services.sealer, organisation.id)
        await adding.add(request, adding.chosen_of(keys, offers))
    elif not await _cards(request):
        is_cloud = organisation.setup_kind == Kind.CLOUD
        raise UserError(adding.NOTHING_CHOSEN if is_cloud else NO_CAMERA_YET, field="cameras")


def _kinds(request: Request) -> tuple[Kind, ...]:
    has_cloud = services_of(request).camera_cloud is not None
    return tuple(Kind) if has_cloud else (Kind.NETWORK,)


def _step_in(request: Request) -> Step:
    name = request.path_params["step"]
    if name not in PAGES:
        raise HTTPException(404)
    return Step(name)


async def _cards(request: Request) -> list[queries.Card]:
    settings = services_of(request).settings
    return await queries.cards_of(organisation_of(request).id, settings, datetime.now(UTC))


async def _page(
    request: Request, step: Step, *, error: UserError | None = None, keys: Any = ()
) -> Response:
    services, organisation = services_of(request), organisation_of(request)
    kinds = _kinds(request)
    kind = organisation.setup_kind if organisation.setup_kind in kinds else ""
    language = locale_of(request).language
    offers = None
    if step is Step.CAMERAS and kind == Kind.CLOUD and services.camera_cloud is not None:
        cloud = services.camera_cloud
        offers = await cloud_queries.offers_of(cloud, services.sealer, organisation.id)
    return page(
        request,
        "setup/page.html",
        422 if error else 200,
        step=step,
        pages=PAGES,
        titles=TITLES,
        progress=progress_of(organisation),
        kinds=kinds,
        kind=kind or kinds[0],
        error=error,
        chosen=frozenset(keys),
        offers=offers,
        key_of=cloud_queries.key_of,
        cards=[] if step is Step.SOURCE else await _cards(request),
        engines={info.name: info.titles[language] for info in services.engines.infos},
    )
