"""The lists of groups: cards for looking, グループ管理, and the cameras of one group (S1, 2-6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import group_of, organisation_of
from webapp.cameras.sight import refresh_seconds
from webapp.cameras.views import VIEWS, load_view, read_view, views
from webapp.domain.groups import MOST_GROUPS
from webapp.groups import queries
from webapp.http import page, services_of
from webapp.models import Camera, CameraGroup


async def group_list(request: Request) -> Response:
    """Show the groups of the organisation as cards."""
    return page(request, "groups/list.html", **await _list(request))


async def cards(request: Request) -> Response:
    """Answer the cards alone, for the refresh of each minute."""
    return page(request, "groups/_cards.html", **await _list(request))


async def manage(request: Request) -> Response:
    """グループ管理: name, number of cameras and embed key of every group."""
    settings, organisation = services_of(request).settings, organisation_of(request)
    return page(
        request,
        "groups/manage.html",
        cards=await queries.cards_of(organisation.id, settings, datetime.now(UTC)),
        keys=await queries.keys_of(organisation.id),
        most=MOST_GROUPS,
    )


async def members(request: Request) -> Response:
    """Show one group and the cameras in it."""
    group = await group_of(request)
    return page(request, "groups/page.html", **await _members(request, group))


async def live(request: Request) -> Response:
    """Answer the part of the group's page that changes each minute."""
    return page(request, "groups/_live.html", **await _members(request, await group_of(request)))


async def _list(request: Request) -> dict[str, Any]:
    settings = services_of(request).settings
    cards = await queries.cards_of(organisation_of(request).id, settings, datetime.now(UTC))
    view = read_view(request, of_groups=True)
    offered = views(request, of_groups=True)
    return {
        "path": "/groups",
        "view": view,
        "offered": offered,
        "query": "" if view is offered[0] else f"?view={view.name}",
        "cards": cards,
        "most": MOST_GROUPS,
        "has_cameras": bool(cards) or await Camera.exists(organisation=organisation_of(request)),
        "refresh": refresh_seconds(settings),
        **(await load_view(request, view, cards, of_groups=True)),
    }


async def _members(request: Request, group: CameraGroup) -> dict[str, Any]:
    settings, now = services_of(request).settings, datetime.now(UTC)
    cameras = await queries.members_of(group)
    return {
        "group": group,
        "card": await queries.card_of(group, settings, now),
        "cards": await queries.camera_cards(cameras, settings, now),
        "hours_differ": queries.have_different_hours(cameras),
        "view": VIEWS[0],
        "refresh": refresh_seconds(settings),
    }
