"""The lists of cameras: cards for looking, and the table of カメラ管理 (S1, C4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.access import organisation_of
from webapp.cameras import queries
from webapp.cameras.selection import KINDS, ORDERS, read_selection, select, tally
from webapp.cameras.sight import refresh_seconds, soon_seconds
from webapp.cameras.views import load_view, read_view, views
from webapp.http import locale_of, page, services_of


async def home(request: Request) -> Response:  # noqa: ARG001 - every view takes it
    """The list is the first screen."""
    return RedirectResponse("/cameras", 303)


async def camera_list(request: Request) -> Response:
    """Show the cameras of the organisation as cards."""
    return page(request, "cameras/list.html", **await _list(request, "/cameras"))


async def cards(request: Request) -> Response:
    """Answer the cards alone, for the refresh of each minute and for another selection."""
    return page(request, "cameras/_cards.html", **await _list(request, "/cameras"))


async def manage(request: Request) -> Response:
    """カメラ管理: the cameras as a table, with identifier, kind, state and last error."""
    return page(request, "cameras/manage.html", **await _list(request, "/cameras/manage"))


async def rows(request: Request) -> Response:
    """Answer the table alone."""
    return page(request, "cameras/_rows.html", **await _list(request, "/cameras/manage"))


async def _list(request: Request, path: str) -> dict[str, Any]:
    services = services_of(request)
    settings = services.settings
    language = locale_of(request).language
    selection = read_selection(request.query_params)
    every = await queries.cards_of(organisation_of(request).id, settings, datetime.now(UTC))
    view = read_view(request)
    cards = select(every, selection)
    return {
        "path": path,
        "view": view,
        "offered": views(request),
        "cards": cards,
        "total": len(every),
        "tally": tally(every),
        "selection": selection,
        "kinds": KINDS,
        "orders": ORDERS,
        "connectors": {i.name: i.titles[language] for i in services.connectors.infos},
        "refresh": refresh_seconds(settings),
        "soon": soon_seconds(settings) if any(card.is_expected for card in cards) else 0,
        **(await load_view(request, view, cards)),
    }
