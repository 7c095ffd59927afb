"""The view 混雑予測 of the lists: today's weekday of every camera or group at a glance (S1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from webapp.access import organisation_of
from webapp.domain.forecast.knowledge import LEAST_DATES
from webapp.domain.hours import business_day
from webapp.forecast.graph import Graph, draw_graph, next_ordinary, open_slots
from webapp.forecast.queries import NOTHING_KNOWN, Usual, usual_of_cameras, usual_of_groups
from webapp.http import locale_of
from webapp.models import Alert, Camera


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a card shows: a graph, or how many dates are lacking for one."""

    graph: Graph | None
    lacking: int


async def of_cameras(request: Request, cards: Sequence[Any]) -> Mapping[str, Any]:
    """Each camera's usual weekday, by its id."""
    cameras = {card.camera.id: card.camera for card in cards}
    alerts = await Alert.filter(camera_id__in=list(cameras))
    by_camera = {alert.camera_id: alert for alert in alerts if alert.camera_id}
    return _outlooks(request, await usual_of_cameras(cameras), cameras, by_camera)


async def of_groups(request: Request, cards: Sequence[Any]) -> Mapping[str, Any]:
    """Each group's usual weekday, by its id; its hours are its default camera's."""
    cameras = {card.group.id: card.default for card in cards}
    alerts = await Alert.filter(group_id__in=list(cameras))
    by_group = {alert.group_id: alert for alert in alerts if alert.group_id}
    return _outlooks(request, await usual_of_groups(cameras), cameras, by_group)


def _outlooks(
    request: Request,
    usual: Mapping[int, Usual],
    cameras: Mapping[int, Camera | None],
    alerts: Mapping[int, Alert],
) -> Mapping[str, Any]:
    locale = locale_of(request)
    today = business_day(datetime.now(UTC), ZoneInfo(organisation_of(request).time_zone))
    weekday = today.weekday()
    day = next_ordinary(today, weekday)
    outlooks = {}
    for whose, camera in cameras.items():
        known = usual.get(whose, NOTHING_KNOWN)
        graph = None
        if known.is_enough:
            graph = draw_graph(
                known.means[weekday],
                locale,
                alert=alerts.get(whose),
                is_open=open_slots(camera, day),
            )
        outlooks[whose] = Outlook(graph, known.lacking)
    return {"outlooks": outlooks, "weekday": weekday, "least_dates": LEAST_DATES}
