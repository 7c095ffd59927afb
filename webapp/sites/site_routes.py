"""A generated site as the public sees it (E4): page, the part that changes, signage, pictures.

A look costs one view for each camera that shows a picture, counted before it is answered (E3).
No cookie is read or set, and everything works without script.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from webapp.cameras.sight import placeholder_of, refresh_seconds
from webapp.domain.colours import clear_ink, read_colour
from webapp.domain.sites import sleep_seconds
from webapp.embeds.shown import AWAY, Seen
from webapp.embeds.visitors import is_crawler, is_prefetch
from webapp.http import services_of
from webapp.i18n import Locale, accepted_language
from webapp.middleware import CONTENT_SECURITY_POLICY
from webapp.sites.card import draw_card
from webapp.sites.codes import code_svg
from webapp.sites.shown import SiteDisplay, load, site_of
from webapp.templating import STATIC, TEMPLATES, asset, environment_for

# What may be kept on the way: as long as the address of a picture (E5).
_KEPT = {"Cache-Control": "public, max-age=300"}
# What a screen that stands for months is made of: it starts anew when any of it changes.
_PARTS = (
    TEMPLATES / "sites" / "signage.html",
    TEMPLATES / "sites" / "_cameras.html",
    TEMPLATES / "sites" / "_camera.html",
    TEMPLATES / "sites" / "_link.html",
    STATIC / "css" / "embed.css",
    STATIC / "css" / "site.css",
    STATIC / "css" / "signage.css",
    STATIC / "js" / "signage.js",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site is answered from: its page, the part of it, and who may frame it."""

    page: str
    part: str
    frame_ancestors: str = "'none'"
    is_preview: bool = False
    is_signage: bool = False


async def show(request: Request) -> Response:
    """The site."""
    return html_of(request, "sites/site.html", await _viewed(request), _place(request))


async def part(request: Request) -> Response:
    """Its cameras alone, for the refresh of each minute and the button."""
    return html_of(request, "sites/_cameras.html", await _viewed(request), _place(request))


async def signage(request: Request) -> Response:
    """The site on a screen: large, without controls, renewed by itself."""
    return html_of(request, "sites/signage.html", await _viewed(request), _screen(request))


async def signage_part(request: Request) -> Response:
    """The cameras of the screen, for its refresh."""
    return html_of(request, "sites/_cameras.html", await _viewed(request), _screen(request))


async def card(request: Request) -> Response:
    """The picture that stands for the site where somebody shares its address: no camera's."""
    site = await _site(request)
    logo = await services_of(request).storage.get(site.logo) if site.logo else None
    png = await draw_card(site.name, site.organisation_name, site.colour, logo, site.language)
    return Response(png, media_type="image/png", headers=_KEPT)


async def logo(request: Request) -> Response:
    """The organisation's logo."""
    site = await _site(request)
    data = await services_of(request).storage.get(site.logo) if site.logo else None
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


def html_of(
    request: Request,
    template: str,
    display: SiteDisplay,
    place: Place,
    values: Mapping[str, Any] | None = None,
) -> Response:
    """A page of a site, or its part."""
    settings = services_of(request).settings
    locale = locale_of(request, display)
    now, refresh = datetime.now(UTC), refresh_seconds(settings)
    options = display.options
    html = (
        environment_for(locale.language)
        .get_template(template)
        .render(
            {
                "site": display,
                "options": options,
                "place": place,
                "locale": locale,
                "origin": settings.origin,
                "address": f"/s/{display.key}",
                "refresh": refresh,
                "sleep": sleep_seconds(display.openings, now, refresh) if display.rests else 0,
                "code": code_svg(options.link_url) if options.has_code else "",
                "is_signage": place.is_signage,
                "signage_version": signage_version(),
                "picture_of": _placeholder,
                "now": now,
                **(values or {}),
            }
        )
    )
    policy = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {place.frame_ancestors}"
    )
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    )


def locale_of(request: Request, display: SiteDisplay) -> Locale:
    """By the browser of whoever looks, signed in or not."""
    language = accepted_language(request.headers.get("accept-language", ""))
    return Locale(language, display.organisation.time_zone)


@cache
def signage_version() -> str:
    """A name for what a screen was made from; it differs after an update that touches it."""
    digest = hashlib.sha256()
    for path in _PARTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


async def _viewed(request: Request) -> SiteDisplay:
    """What one look shows, after its views were counted; 404 without such a site."""
    services = services_of(request)
    if is_prefetch(request):
        raise HTTPException(503)  # browsers ask again when somebody really looks
    key = request.path_params["key"]
    desk = services.embeds
    display = await desk.sites.get(key, "", lambda: load(services, key))
    if display is None:
        raise HTTPException(404)
    is_view = request.method != "HEAD" and not is_crawler(request)
    if not display.views or not is_view:
        return display
    if not desk.shares.take(request.state.address, display.views):
        raise HTTPException(429)
    try:
        granted = await desk.meter.grant(display.organisation, display.key, display.views)
    except AWAY:
        return display.of_then()
    return display.granted(granted)


@dataclass(frozen=True, slots=True)
class _Bare:
    """A site without its cameras, for what shows none of them."""

    name: str
    organisation_name: str
    colour: str
    logo: str
    language: str


async def _site(request: Request) -> _Bare:
    site = await site_of(request.path_params["key"])
    if site is None:
        raise HTTPException(404)
    owner = site.organisation
    return _Bare(site.name, owner.name, owner.colour, owner.logo, owner.language)


def _place(request: Request) -> Place:
    address = f"/s/{request.path_params['key']}"
    return Place(page=address, part=f"{address}/part")


def _screen(request: Request) -> Place:
    address = f"/s/{request.path_params['key']}/signage"
    return Place(page=address, part=f"{address}/part", is_signage=True)


def _placeholder(seen: Seen, language: str) -> str:
    return asset(placeholder_of(seen.shown, language))
