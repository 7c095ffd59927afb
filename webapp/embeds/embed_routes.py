"""An embed in all its forms (E2, B7): page, the part that changes, ``<img>``, JSON.

Each of them is one view, counted before it is answered (E3); weekdays and times of a forecast
are looked at for nothing, with the pass that a counted view gave to an address. No cookie is read
or set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from webapp.cameras.sight import placeholder_of, refresh_seconds
from webapp.domain.embeds import Language, View, frame_ancestors
from webapp.domain.schema_org import place_of
from webapp.domain.viewing import Shown
from webapp.embeds.forecasts import REFRESH, Forecast, Links, is_chosen, look_at, time_of
from webapp.embeds.shown import AWAY, Display, Seen, load
from webapp.embeds.signing import give_pass, is_pass
from webapp.embeds.visitors import is_crawler, is_prefetch
from webapp.http import services_of
from webapp.i18n import N_, Locale, accepted_language
from webapp.middleware import CONTENT_SECURITY_POLICY
from webapp.models import EmbedVariant
from webapp.templating import asset, environment_for
from webapp.verification.links import verify_link

# Whatever else somebody writes into an address never reaches the database.
_PAGE_KEY = re.compile(r"[A-Za-z0-9_-]{16,43}")
STATE = N_("混雑状況")
# Other sites read the part and the JSON, and show the pictures: all of it is public.
_FOR_EVERYBODY = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to one view: the display, what it may show, and to whom.

    ``forecast`` is None on the side of the picture, and where no graph is shown.
    """

    display: Display
    seen: Seen
    locale: Locale
    links: Links
    forecast: Forecast | None = None

    @property
    def address(self) -> str:
        """Where the variant is, on this site."""
        return f"/e/{self.display.key}/{self.display.name}"

    @property
    def here(self) -> str:
        """The query of the side that is shown; empty for the one that comes first."""
        is_first = self.display.view is self.display.options.first
        return "" if is_first else self.links.to(self.display.view)

    @property
    def absence(self) -> str:
        """Why no graph is shown where one was asked for: what stands in its place."""
        if self.seen.shown in {Shown.OVER_QUOTA, Shown.SUSPENDED}:
            return self.seen.shown.value
        prospect = self.display.prospect
        return "unknown" if prospect and prospect.is_drawn else "not_enough"

    @property
    def place(self) -> dict[str, Any]:
        """Business hours and state for machines; never a number of people."""
        state = self.locale.gettext(STATE), self.locale.gettext(self.seen.word)
        return place_of(self.seen.name, self.locale.language, dict(self.display.opening), state)

    @property
    def is_metered(self) -> bool:
        """Whether it counts as a view, of what is shown at once: one weekday of a forecast."""
        if self.display.view is View.PICTURE:
            return self.seen.is_metered
        return self.forecast is not None and self.forecast.quarter is not None


async def show(request: Request) -> Response:
    """The page in somebody's iframe."""
    is_tap = not is_reloaded(request)
    return html_of(request, await _viewed(request, is_tap=is_tap), "embeds/embed.html")


async def part(request: Request) -> Response:
    """The part of it that changes, for the refresh of each minute, the buttons and the tabs."""
    return html_of(request, await _viewed(request, is_tap=True), "embeds/_shown.html")


async def picture(request: Request) -> Response:
    """The picture alone: leads to where it is, and every look is a view again."""
    answer = await _viewed(request)
    headers, language = _headers(answer), answer.locale.language
    if answer.display.view is View.FORECAST:
        if answer.forecast:
            return Response(answer.forecast.picture, 200, headers, "image/svg+xml")
        return RedirectResponse(absence_of(answer), 302, headers=headers)
    place = answer.seen.url or _placeholder(answer.seen, language)
    return RedirectResponse(place, 302, headers=headers)


async def data(request: Request) -> Response:
    """State, count and time for programs; on the other side, shares and states of a week."""
    answer = await _viewed(request, by_program=True)
    seen = answer.seen
    body: dict[str, Any] = {"name": seen.name}
    if answer.display.view is View.FORECAST:
        return JSONResponse(body | {"weekdays": _week(answer)}, headers=_headers(answer))
    body |= {
        "state": seen.kind,
        "text": answer.locale.gettext(seen.word),
        "analysed_at": seen.at.isoformat() if seen.at else None,
        "picture": f"{services_of(request).settings.origin}{seen.url}" if seen.url else None,
    }
    if answer.display.options.counts:
        body |= {"count": seen.count, "is_at_least": seen.at_least}
    return JSONResponse(body, headers=_headers(answer))


async def former_page(request: Request) -> Response:
    """Lead on from where a public page was once: the address may be printed somewhere."""
    key = request.path_params["key"]
    variant = None
    if _PAGE_KEY.fullmatch(key):
        variant = await EmbedVariant.get_or_none(page_key=key).select_related("embed_key")
    if variant is None:
        raise HTTPException(404)
    return RedirectResponse(f"/e/{variant.embed_key.key}/{variant.name}", 302)


def html_of(
    request: Request, answer: Answer, template: str, values: Mapping[str, Any] | None = None
) -> Response:
    """The page or the part of it; ``values`` say where else it is fetched from (a preview).

    What was rendered is kept as long as the display, by all that it depends on beside it.
    """
    headers = _headers(answer)
    if values is not None:
        return HTMLResponse(_render(request, answer, template, values), headers=headers)
    # Passes are each viewer's own; a picture leads to no weekday and holds none.
    taps = answer.links.taps if answer.forecast else ""
    what = (template, answer.seen, answer.locale, taps, _place(answer.forecast))
    rendered = answer.display.renderings.get(what, lambda: _render(request, answer, template, {}))
    return rendered.response(request, headers)


def answer_of(request: Request, display: Display, links: Links) -> Answer:
    """The answer to whoever asks for a display, before anything is counted."""
    locale, now = locale_of(request, display), datetime.now(UTC)
    forecast = None
    if display.seen.shown is not Shown.SUSPENDED:
        forecast = look_at(display.prospect, request.query_params, now, links, locale)
    return Answer(display, display.seen, locale, links, forecast)


async def _viewed(request: Request, *, by_program: bool = False, is_tap: bool = False) -> Answer:
    """The answer to one view, which is counted if it is one; 404 without such a variant.

    ``by_program``: that is how it is meant to be read, so no program goes free; it reads the whole
    week, whichever day it asks for. ``is_tap``: it may be a weekday or a time of a view that was
    counted before, and says so by its pass.
    """
    services = services_of(request)
    if is_prefetch(request):
        raise HTTPException(503)  # browsers ask again when somebody really looks
    key, name = request.path_params["key"], request.path_params["variant"]
    asked, taps = request.query_params.get("view", ""), request.query_params.get("pass", "")
    asked = asked if asked in set(View) else ""
    desk, settings, now = services.embeds, services.settings, datetime.now(UTC)
    display = await desk.displays.get(
        key, f"{name}?{asked}", lambda: load(services, key, name, asked)
    )
    if display is None:
        raise HTTPException(404)
    address, is_graph = request.state.address, display.view is View.FORECAST
    is_free = is_graph and is_tap and is_chosen(request.query_params)
    is_free = is_free and is_pass(settings, key, name, address, taps, now)
    given = Links({}, give_pass(settings, key, name, address, now))
    answer = answer_of(request, display, given if is_free else Links({}))
    is_metered = answer.forecast is not None if by_program and is_graph else answer.is_metered
    is_view = request.method != "HEAD" and (by_program or not is_crawler(request))
    if not is_view or not (is_metered or is_free):
        return answer
    if not desk.shares.take(address):
        raise HTTPException(429)
    if is_free:
        return answer
    try:
        is_granted = await desk.meter.grant(display.organisation, display.key)
    except AWAY:
        return replace(answer, seen=answer.seen.of_then(), forecast=None)
    if not is_granted:
        return replace(answer, seen=answer.seen.without_picture(), forecast=None)
    forecast = answer.forecast and replace(answer.forecast, links=given)
    return replace(answer, forecast=forecast, links=given)


def _render(request: Request, answer: Answer, template: str, values: Mapping[str, Any]) -> str:
    settings = services_of(request).settings
    environment = environment_for(answer.locale.language)
    part = f"{answer.address}/part"
    return environment.get_template(template).render(
        {
            "answer": answer,
            "seen": answer.seen,
            "forecast": answer.forecast,
            "view": answer.display.view,
            "options": answer.display.options,
            "links": answer.links,
            "locale": answer.locale,
            "address": f"{answer.address}{answer.here}",
            "part_address": f"{part}{answer.here}",
            "part_of": f"{part}?",
            "refresh": _refresh(answer, refresh_seconds(settings)),
            "picture_of": _placeholder,
            "absence_of": absence_of,
            "verify_of": partial(verify_link, settings),
            "now": datetime.now(UTC),
            **values,
        }
    )


def _place(forecast: Forecast | None) -> tuple[int, int, bool] | None:
    """Where somebody looks in a forecast, which its display holds."""
    if forecast is None:
        return None
    slot = forecast.quarter.slot if forecast.quarter else -1
    return forecast.weekday, slot, forecast.is_tapped


def locale_of(request: Request, display: Display) -> Locale:
    """By the embed's setting, or else by the browser."""
    chosen = display.options.language
    accepted = accepted_language(request.headers.get("accept-language", ""))
    language = accepted if chosen is Language.BROWSER else chosen.value
    return Locale(language, display.organisation.time_zone)


def absence_of(answer: Answer) -> str:
    """The address of what stands in the place of a graph."""
    return asset(f"img/{answer.absence.replace('_', '-')}.svg")


def is_reloaded(request: Request) -> bool:
    """Whether somebody reloads the very page; a reload counts, wherever they had tapped to."""
    how = request.headers.get("cache-control", "")
    return "max-age=0" in how or "no-cache" in how


def _refresh(answer: Answer, seconds: int) -> int:
    """After how many seconds it is renewed by itself; 0 for never.

    Whoever chose a time goes on looking at it.
    """
    if not answer.display.options.refreshes:
        return 0
    if answer.display.view is View.PICTURE:
        return seconds
    return REFRESH if answer.forecast and not answer.forecast.is_tapped else 0


def _week(answer: Answer) -> list[list[dict[str, Any]]]:
    days = answer.forecast.week.days if answer.forecast else ()
    return [
        [
            {"time": time_of(one.slot), "share": one.share, "state": one.level and one.level.value}
            for one in day
        ]
        for day in days
    ]


def _headers(answer: Answer) -> dict[str, str]:
    policy = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {frame_ancestors(answer.display.sites)}"
    )
    return {"Content-Security-Policy": policy, "Cache-Control": "no-store", **_FOR_EVERYBODY}


def _placeholder(seen: Seen, language: str) -> str:
    return asset(placeholder_of(seen.shown, language))
