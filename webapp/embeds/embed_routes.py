"""An embed in all its forms (E2, B7): page, the part that changes, ``<img>``, JSON.

Each of them is one view, counted before it is answered (E3). No cookie is read or set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from webapp.cameras.sight import placeholder_of, refresh_seconds
from webapp.domain.embeds import Language, frame_ancestors
from webapp.embeds.shown import AWAY, Display, Seen, load
from webapp.embeds.visitors import is_crawler, is_prefetch
from webapp.http import services_of
from webapp.i18n import Locale, accepted_language
from webapp.middleware import CONTENT_SECURITY_POLICY
from webapp.templating import asset, environment_for

# Other sites read the part and the JSON, and show the pictures: all of it is public.
_FOR_EVERYBODY = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to one view: the display, whether it may show its picture, the locale."""

    display: Display
    seen: Seen
    locale: Locale

    @property
    def address(self) -> str:
        """Where the variant is, on this site."""
        return f"/e/{self.display.key}/{self.display.name}"


async def show(request: Request) -> Response:
    """The page in somebody's iframe."""
    return html_of(request, await _viewed(request), "embeds/embed.html")


async def part(request: Request) -> Response:
    """The part of it that changes, for the refresh of each minute and the button."""
    return html_of(request, await _viewed(request), "embeds/_shown.html")


async def picture(request: Request) -> Response:
    """The picture alone: leads to where it is, and every look is a view again."""
    answer = await _viewed(request)
    seen = answer.seen
    place = seen.url or _placeholder(seen, answer.locale.language)
    return RedirectResponse(place, 302, headers=_headers(answer))


async def data(request: Request) -> Response:
    """State, count and time for programs."""
    answer = await _viewed(request, by_program=True)
    seen = answer.seen
    body: dict[str, Any] = {
        "name": seen.name,
        "state": seen.kind,
        "text": answer.locale.gettext(seen.word),
        "analysed_at": seen.at.isoformat() if seen.at else None,
        "picture": f"{services_of(request).settings.origin}{seen.url}" if seen.url else None,
    }
    if answer.display.options.counts:
        body |= {"count": seen.count, "is_at_least": seen.at_least}
    return JSONResponse(body, headers=_headers(answer))


def html_of(
    request: Request, answer: Answer, template: str, values: Mapping[str, Any] | None = None
) -> Response:
    """The page or the part of it; ``values`` say where else it is fetched from (a preview)."""
    settings = services_of(request).settings
    html = (
        environment_for(answer.locale.language)
        .get_template(template)
        .render(
            {
                "answer": answer,
                "seen": answer.seen,
                "options": answer.display.options,
                "locale": answer.locale,
                "address": answer.address,
                "refresh": refresh_seconds(settings),
                "picture_of": _placeholder,
                "now": datetime.now(UTC),
                **(values or {}),
            }
        )
    )
    return HTMLResponse(html, headers=_headers(answer))


async def _viewed(request: Request, *, by_program: bool = False) -> Answer:
    """The answer to one view, which is counted if it is one; 404 without such a variant.

    ``by_program``: that is how it is meant to be read, so no program goes free.
    """
    services = services_of(request)
    if is_prefetch(request):
        raise HTTPException(503)  # browsers ask again when somebody really looks
    key, name = request.path_params["key"], request.path_params["variant"]
    desk = services.embeds
    display = await desk.displays.get(key, name, lambda: load(services, key, name))
    if display is None:
        raise HTTPException(404)
    seen = display.seen
    is_view = request.method != "HEAD" and (by_program or not is_crawler(request))
    if seen.is_metered and is_view:
        if not desk.shares.take(request.state.address):
            raise HTTPException(429)
        try:
            is_granted = await desk.meter.grant(display.organisation, display.key)
        except AWAY:
            seen = seen.of_then()
        else:
            seen = seen if is_granted else seen.without_picture()
    return Answer(display, seen, locale_of(request, display))


def locale_of(request: Request, display: Display) -> Locale:
    """By the embed's setting, or else by the browser."""
    chosen = display.options.language
    accepted = accepted_language(request.headers.get("accept-language", ""))
    language = accepted if chosen is Language.BROWSER else chosen.value
    return Locale(language, display.organisation.time_zone)


def _headers(answer: Answer) -> dict[str, str]:
    policy = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {frame_ancestors(answer.display.sites)}"
    )
    return {"Content-Security-Policy": policy, "Cache-Control": "no-store", **_FOR_EVERYBODY}


def _placeholder(seen: Seen, language: str) -> str:
    return asset(placeholder_of(seen.shown, language))
