"""A generated site as the public sees it (E4): page, the part that changes, signage, pictures.

A look costs one view for each camera that shows a picture or a graph, counted before it is answered
(E3); weekdays and times of the forecast are looked at for nothing, with the pass that a look gave
to an address that was counted in full. No cookie is read or set; all works without script.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from webapp.cameras.sight import placeholder_of, refresh_seconds
from webapp.domain.colours import clear_ink, read_colour
from webapp.domain.embeds import View
from webapp.domain.sites import LONGEST_SLEEP, sleep_seconds
from webapp.embeds.embed_routes import Answer, absence_of, answer_of, is_reloaded
from webapp.embeds.forecasts import REFRESH, Links, is_chosen
from webapp.embeds.shown import AWAY, Seen
from webapp.embeds.signing import give_pass, is_pass
from webapp.embeds.visitors import is_crawler, is_prefetch
from webapp.errors import TemporaryFailure
from webapp.http import services_of
from webapp.i18n import Locale, accepted_language
from webapp.middleware import CONTENT_SECURITY_POLICY
from webapp.sites.card import draw_card
from webapp.sites.codes import code_svg
from webapp.sites.forecasts import Chosen, chosen_of
from webapp.sites.shown import SiteDisplay, load, site_of
from webapp.templating import STATIC, TEMPLATES, asset, environment_for
from webapp.verification.links import verify_link

# What stands for the variant of an embed in the passes of a site.
_VARIANT = "site"
# A screen whose forecast rests is not asked for before it opens: a graph is paid for at any time.
_NIGHT = 86400
# What may be kept on the way: as long as the address of a picture (E5).
_KEPT = {"Cache-Control": "public, max-age=300"}
# What a screen that stands for months is made of: it starts anew when any of it changes.
_PARTS = (
    TEMPLATES / "sites" / "signage.html",
    TEMPLATES / "sites" / "_cameras.html",
    TEMPLATES / "sites" / "_camera.html",
    TEMPLATES / "sites" / "_forecast.html",
    TEMPLATES / "sites" / "_link.html",
    TEMPLATES / "embeds" / "_picture.html",
    STATIC / "css" / "embed.css",
    STATIC / "css" / "site.css",
    STATIC / "css" / "signage.css",
    STATIC / "js" / "signage.js",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site is answered from: its page, and its part (to which a query is added)."""

    page: str
    part: str
    frame_ancestors: str = "'none'"
    is_preview: bool = False
    is_signage: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a site shows: each camera as its own embed would answer.

    ``links`` lead to the other side, and to other weekdays and times.
    """

    display: SiteDisplay
    cameras: tuple[Answer, ...]
    links: Links
    locale: Locale
    chosen: Chosen | None = None

    @property
    def views(self) -> int:
        """How many views it is (E3): one for each camera that shows a picture or a graph."""
        return sum(one.is_metered for one in self.cameras)

    @property
    def is_tapped(self) -> bool:
        """Whether somebody chose a weekday or a time."""
        return any(one.forecast and one.forecast.is_tapped for one in self.cameras)

    def granted(self, views: int) -> Look:
        """The same with the first ``views`` alone: the quota had no more."""
        cameras = []
        for one in self.cameras:
            if one.is_metered:
                views -= 1
            is_paid = not one.is_metered or views >= 0
            unpaid = replace(one, seen=one.seen.without_picture(), forecast=None)
            cameras.append(one if is_paid else unpaid)
        return replace(self, cameras=tuple(cameras))

    def of_then(self) -> Look:
        """What is left of it when nobody can say any more whether it is still so."""
        cameras = [replace(one, seen=one.seen.of_then(), forecast=None) for one in self.cameras]
        return replace(self, cameras=tuple(cameras), chosen=None)


async def show(request: Request) -> Response:
    """The site."""
    is_tap = not is_reloaded(request)
    return html_of(
        request, "sites/site.html", await _viewed(request, is_tap=is_tap), _place(request)
    )


async def part(request: Request) -> Response:
    """Its cameras alone, for the refresh of each minute, the button, weekdays and times."""
    look = await _viewed(request, is_tap=True)
    return html_of(request, "sites/_cameras.html", look, _place(request))


async def signage(request: Request) -> Response:
    """The site on a screen: large, without controls, renewed by itself."""
    return html_of(request, "sites/signage.html", await _viewed(request), _screen(request))


async def signage_part(request: Request) -> Response:
    """The cameras of the screen, for its refresh."""
    return html_of(request, "sites/_cameras.html", await _viewed(request), _screen(request))


async def card(request: Request) -> Response:
    """The picture that stands for the site where somebody shares its address: no camera's."""
    site = await _site(request)
    logo = await _logo(request, site)
    png = await draw_card(site.name, site.organisation_name, site.colour, logo, site.language)
    return Response(png, media_type="image/png", headers=_KEPT)


async def logo(request: Request) -> Response:
    """The organisation's logo."""
    data = await _logo(request, await _site(request))
    if data is None:
        raise HTTPException(404)
    policy = {"Content-Security-Policy": "default-src 'none'"}
    return Response(data, media_type="image/png", headers={**_KEPT, **policy})


async def colour_css(request: Request) -> Response:
    """The two colours of a site as a style sheet: pages hold no style of their own."""
    try:
        colour = read_colour(f"#{request.path_params['colour']}")
    except ValueError:
        raise HTTPException(404) from None
    css = f":root{{--brand:{colour};--on-brand:{clear_ink(colour)}}}\n"
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(css, media_type="text/css", headers=headers)


def html_of(request: Request, template: str, look: Look, place: Place) -> Response:
    """A page of a site, or its part."""
    settings, display = services_of(request).settings, look.display
    now, options, seconds = datetime.now(UTC), display.options, refresh_seconds(settings)
    html = (
        environment_for(look.locale.language)
        .get_template(template)
        .render(
            {
                "site": display,
                "look": look,
                "view": display.view,
                "options": options,
                "links": look.links,
                "place": place,
                "locale": look.locale,
                "origin": settings.origin,
                "address": f"/s/{display.key}",
                "refresh": _refresh(look, place, seconds),
                "sleep": _sleep(look, now, seconds),
                "code": code_svg(options.link_url) if options.has_code else "",
                "is_signage": place.is_signage,
                "signage_version": signage_version(),
                "picture_of": _placeholder,
                "absence_of": absence_of,
                "verify_of": partial(verify_link, settings),
                "now": now,
            }
        )
    )
    policy = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {place.frame_ancestors}"
    )
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    )


def look_of(request: Request, display: SiteDisplay, links: Links) -> Look:
    """What a look at a display shows, before anything is counted."""
    language = accepted_language(request.headers.get("accept-language", ""))
    locale = Locale(language, display.organisation.time_zone)
    cameras = tuple(answer_of(request, one, links) for one in display.cameras)
    return _with_links(request, Look(display, cameras, links, locale), links)


def _with_links(request: Request, look: Look, links: Links) -> Look:
    forecasts = [one.forecast for one in look.cameras if one.forecast]
    now = datetime.now(UTC)
    chosen = chosen_of(forecasts, request.query_params, now, links, look.locale)
    return replace(look, links=links, chosen=chosen)


def _refresh(look: Look, place: Place, seconds: int) -> int:
    """After how many seconds it is renewed by itself; 0 for never."""
    if place.is_preview or not (look.display.options.refreshes or place.is_signage):
        return 0
    if look.display.view is View.PICTURE:
        return seconds
    return 0 if look.is_tapped else REFRESH


def _sleep(look: Look, now: datetime, seconds: int) -> int:
    """For how many seconds nothing new can be seen; 0 while any camera is open."""
    if not look.display.rests:
        return 0
    # To ask again costs nothing where no graph is shown, as in a place that is stopped.
    most = _NIGHT if look.display.view is View.FORECAST and look.views else LONGEST_SLEEP
    return sleep_seconds(look.display.openings, now, seconds, most)


@cache
def signage_version() -> str:
    """A name for what a screen was made from; it differs after an update that touches it."""
    digest = hashlib.sha256()
    for path in _PARTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


async def _viewed(request: Request, *, is_tap: bool = False) -> Look:
    """What one look shows, after its views were counted; 404 without such a site.

    ``is_tap``: it may be a weekday or a time of a look that was counted before, as its pass says.
    """
    services = services_of(request)
    if is_prefetch(request):
        raise HTTPException(503)  # browsers ask again when somebody really looks
    key, query = request.path_params["key"], request.query_params
    asked, taps = query.get("view", ""), query.get("pass", "")
    asked = asked if asked in set(View) else ""
    desk, settings, now = services.embeds, services.settings, datetime.now(UTC)
    display = await desk.sites.get(key, asked, lambda: load(services, key, asked))
    if display is None:
        raise HTTPException(404)
    address = request.state.address
    is_free = display.view is View.FORECAST and is_tap and is_chosen(query)
    is_free = is_free and is_pass(settings, key, _VARIANT, address, taps, now)
    given = Links({}, give_pass(settings, key, _VARIANT, address, now))
    look = look_of(request, display, given if is_free else Links({}))
    is_view = request.method != "HEAD" and not is_crawler(request)
    if not is_view or not (look.views or is_free):
        return look
    # A tap is one request of one person, however many cameras it is for.
    if not desk.shares.take(address, 1 if is_free else look.views):
        raise HTTPException(429)
    if is_free:
        return look
    try:
        granted = await desk.meter.grant(display.organisation, display.key, look.views)
    except AWAY:
        return look.of_then()
    # With a pass every camera would be shown: who was refused some gets none.
    links = given if granted == look.views else look.links
    return _with_links(request, look.granted(granted), links)


@dataclass(frozen=True, slots=True)
class _Bare:
    """A site without its cameras, for what shows none of them."""

    name: str
    organisation_name: str
    colour: str
    logo: str
    language: str


async def _logo(request: Request, site: _Bare) -> bytes | None:
    """The organisation's logo, if it has one; 503 while the store is away."""
    try:
        return await services_of(request).storage.get(site.logo) if site.logo else None
    except TemporaryFailure:
        raise HTTPException(503) from None


async def _site(request: Request) -> _Bare:
    site = await site_of(request.path_params["key"])
    if site is None:
        raise HTTPException(404)
    owner = site.organisation
    return _Bare(site.name, owner.name, owner.colour, owner.logo, owner.language)


def _place(request: Request) -> Place:
    address = f"/s/{request.path_params['key']}"
    return Place(page=address, part=f"{address}/part?")


def _screen(request: Request) -> Place:
    address = f"/s/{request.path_params['key']}/signage"
    return Place(page=address, part=f"{address}/part?", is_signage=True)


def _placeholder(seen: Seen, language: str) -> str:
    return asset(placeholder_of(seen.shown, language))
