"""WEBサイト生成 of a group (E4, 2-3-2): the editor with its preview, and the codes to download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from tortoise.exceptions import DoesNotExist

from webapp.access import group_of, organisation_of
from webapp.audit.actions import FIELDS, Action
from webapp.audit.log import changed, record
from webapp.audit.words import value_in_words
from webapp.cameras.sight import refresh_seconds
from webapp.database import transaction
from webapp.domain.embeds import View
from webapp.domain.hours import business_day
from webapp.domain.sites import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    LONGEST_URL,
    Placement,
    SiteOptions,
    minutes_any_open,
    minutes_open,
    read_options,
    views_a_month,
)
from webapp.embeds.code_routes import SHOWS_WORDS, VIEW_WORDS
from webapp.embeds.forecasts import REFRESH, Links
from webapp.groups.queries import members_of
from webapp.hours.holidays import japanese_holidays
from webapp.hours.opening import hours_of
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.models import Camera, CameraGroup, Organisation, Site
from webapp.sites.codes import code_file
from webapp.sites.forms import SiteForm, form_of_site, read_form, version_of_site
from webapp.sites.shown import display_of
from webapp.sites.site_routes import Place, html_of, look_of
from webapp.versions import ChangedMeanwhile, locked, require

PLACEMENT_WORDS = {
    Placement.ABOVE: (N_("QRコードの上部表示"), N_("サイトの上のほうに、QRコードで表示します。")),
    Placement.BELOW: (N_("QRコードの下部表示"), N_("サイトの下のほうに、QRコードで表示します。")),
    Placement.BUTTON: (N_("リンクボタンの表示"), N_("サイトの上のほうに、ボタンで表示します。")),
    Placement.NONE: (N_("表示なし"), N_("外部リンクを表示しません。")),
}
# What the log tells of a site beside its name.
_TOLD = (
    "placement",
    "link_title",
    "link_text",
    "link_url",
    "shows",
    "first",
    "refreshes",
    "counts",
)


async def editor(request: Request) -> Response:
    """Show what is kept of the group's site, and how it looks."""
    group = await group_of(request)
    site = await Site.get_or_none(group_id=group.id)
    return await _page(request, group, site, form_of_site(site, group))


async def save(request: Request) -> Response:
    """保存: make the site, change it, or delete it and its address (on → off).

    Of two admins at once the second is told: a key is never made or ended twice unseen.
    """
    group = await group_of(request)
    form = await form_of(request)
    entered = read_form(form)
    if entered.errors:
        site = await Site.get_or_none(group_id=group.id)
        return await _page(request, group, site, entered, 422)
    try:
        async with transaction():
            group = await _held(group)
            site = await Site.get_or_none(group_id=group.id)
            require(version_of_site(site, group), form, site)
            done = await _keep(request, group, site, entered)
    except ChangedMeanwhile as told:
        return await _told(request, group, told.row, entered)
    return redirect(f"/groups/{group.public_id}/site", done=done)


async def preview(request: Request) -> Response:
    """The site as the form makes it: not counted, and for the page of its settings alone."""
    group, organisation = await group_of(request), organisation_of(request)
    entered = read_form(request.query_params)
    name = (entered.values["name"] or group.name)[:LONGEST_NAME]
    asked = request.query_params.get("view", "")
    services = services_of(request)
    display = await display_of(services, organisation, group, name, entered.options, asked)
    here = f"/groups/{group.public_id}/site/preview"
    place = Place(here, f"{here}?part=1&", frame_ancestors="'self'", is_preview=True)
    look = look_of(request, display, Links(entered.entered()))
    is_part = "part" in request.query_params
    return html_of(request, "sites/_cameras.html" if is_part else "sites/site.html", look, place)


async def code(request: Request) -> Response:
    """The code of the site, or of its external link, as a file."""
    group = await group_of(request)
    site = await Site.get_or_none(group_id=group.id)
    kind, what = request.path_params["kind"], request.query_params.get("of", "site")
    link = _link(services_of(request).settings.origin, site, what)
    if not link or kind not in {"svg", "png"}:
        raise HTTPException(404)
    media = "image/svg+xml" if kind == "svg" else "image/png"
    headers = {
        "Content-Disposition": f'attachment; filename="qr-{what}.{kind}"',
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    return Response(code_file(link, kind), media_type=media, headers=headers)


def _link(origin: str, site: Site | None, what: str) -> str:
    if site is None:
        return ""
    if what == "site":
        return f"{origin}/s/{site.key}"
    return read_options(site.options).link_url if what == "link" else ""


async def _held(group: CameraGroup) -> CameraGroup:
    """The group's row, held until the transaction ends; 404 when somebody removed it."""
    try:
        return await locked(CameraGroup.filter(id=group.id))
    except DoesNotExist:
        raise HTTPException(404) from None


async def _keep(request: Request, group: CameraGroup, site: Site | None, entered: SiteForm) -> str:
    """Write what was entered, and what changed into the log; what to say of it."""
    whose: dict[str, Any] = {"target": group.public_id, "target_name": group.name}
    name, options = entered.values["name"], entered.options.stored()
    if not entered.is_on:
        return await _keep_off(
            request, group, site, {"name": name[:LONGEST_NAME], "options": options}
        )
    if site is None:
        await Site.create(
            organisation_id=group.organisation_id, group_id=group.id, name=name, options=options
        )
        await record(request, Action.SITE_PUBLISHED, **whose)
        return "site_published"
    before = _told_values(site)
    site.name, site.options = name, options
    if differs := changed(before, _told_values(site)):
        await site.save(update_fields=["name", "options"])
        await record(request, Action.SITE_CHANGED, **whose, changed=differs)
    return "site_saved"


async def _keep_off(
    request: Request, group: CameraGroup, site: Site | None, settings: dict[str, Any]
) -> str:
    """Delete the site, and keep what was entered for another one."""
    whose: dict[str, Any] = {"target": group.public_id, "target_name": group.name}
    first = {"name": group.name, "options": SiteOptions().stored()}
    before = _told_settings(group.site_settings or first)
    await CameraGroup.filter(id=group.id).update(site_settings=settings)
    if site is not None:
        await site.delete()
        await record(request, Action.SITE_REMOVED, **whose)
        return "site_removed"
    differs = changed(before, _told_settings(settings))
    if differs:
        await record(request, Action.SITE_CHANGED, **whose, changed=differs)
    return "site_saved" if differs else ""


def _told_values(site: Site) -> dict[str, Any]:
    """What the log says of a site."""
    return _told_settings({"name": site.name, "options": site.options})


def _told_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    stored = read_options(settings["options"]).stored()
    return {"site_name": settings["name"], **{name: stored[name] for name in _TOLD}}


async def _told(
    request: Request, group: CameraGroup, site: Site | None, entered: SiteForm
) -> Response:
    """Somebody else saved meanwhile: what is kept now, and what was entered."""
    locale = locale_of(request)
    kept: dict[str, Any] = {"site_on": site is not None, **(_told_values(site) if site else {})}
    theirs = {FIELDS[field]: value_in_words(field, value, locale) for field, value in kept.items()}
    entered.values["version"] = version_of_site(site, group)
    return await _page(request, group, site, entered, 409, theirs=theirs)


async def _page(
    request: Request,
    group: CameraGroup,
    site: Site | None,
    form: SiteForm,
    status: int = 200,
    *,
    theirs: Mapping[str, str] | None = None,
) -> Response:
    settings = services_of(request).settings
    cameras = await members_of(group)
    answer = page(
        request,
        "sites/settings.html",
        status,
        group=group,
        site=site,
        form=form,
        theirs=theirs,
        is_unsaved=status != 200,
        preview_query=urlencode(form.entered()),
        address=f"{settings.origin}/s/{site.key}" if site else "",
        cameras=len(cameras),
        views=_views(cameras, organisation_of(request), form.options, refresh_seconds(settings)),
        link_kept=bool(site and read_options(site.options).link_url),
        placement_words=PLACEMENT_WORDS,
        shows_words=SHOWS_WORDS,
        view_words=VIEW_WORDS,
        longest_name=LONGEST_NAME,
        longest_title=LONGEST_TITLE,
        longest_text=LONGEST_TEXT,
        longest_url=LONGEST_URL,
    )
    policy = answer.headers["Content-Security-Policy"]
    answer.headers["Content-Security-Policy"] = f"{policy}; frame-src 'self'"
    return answer


def _views(
    cameras: Sequence[Camera], organisation: Organisation, options: SiteOptions, refresh: int
) -> int:
    """How many views a month a screen of these cameras uses, by their business hours.

    Pictures are shown of whichever cameras are open, each ``refresh`` seconds; graphs of all of
    them while any is.
    """
    zone = ZoneInfo(organisation.time_zone)
    first = business_day(datetime.now(UTC), zone)
    hours = [hours_of(camera) for camera in cameras]
    if options.first is View.FORECAST:
        any_open = minutes_any_open(hours, first, zone, japanese_holidays())
        return views_a_month(len(hours) * any_open, REFRESH)
    return views_a_month(minutes_open(hours, first, zone, japanese_holidays()), refresh)
