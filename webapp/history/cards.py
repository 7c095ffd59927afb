"""The view 検知人数履歴 of the lists: the last day of every camera or group at a glance (S1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup
from starlette.requests import Request

from webapp.domain.charts import bars
from webapp.domain.history import HOUR
from webapp.history.queries import means_of_hours
from webapp.history.rollup import CAMERAS, GROUPS, Rollup
from webapp.http import locale_of

HOURS = 24


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours: a drawing, and the busiest of them in words (None: nothing counted)."""

    drawing: Markup
    busiest_at: datetime | None
    busiest: float


async def of_cameras(request: Request, cards: Sequence[Any]) -> Mapping[str, Any]:
    """The last day of each camera, by its id."""
    return {"days": await _days(request, CAMERAS, [card.camera.id for card in cards])}


async def of_groups(request: Request, cards: Sequence[Any]) -> Mapping[str, Any]:
    """The last day of each group, by its id."""
    return {"days": await _days(request, GROUPS, [card.group.id for card in cards])}


async def _days(request: Request, rollup: Rollup, owners: Sequence[int]) -> dict[int, Day]:
    last = int(datetime.now(UTC).timestamp()) // HOUR
    hours = range(last - HOURS + 1, last + 1)
    end = _instant(last + 1)
    found = await means_of_hours(rollup, owners, end - timedelta(hours=HOURS), end)
    locale = locale_of(request)
    names = [locale.time(_instant(hour)) for hour in hours]
    return {owner: _draw(found.get(owner, {}), hours, names) for owner in owners}


def _draw(means: dict[int, float], hours: range, names: Sequence[str]) -> Day:
    values = [means.get(hour) for hour in hours]
    titles = [
        f"{name} {value:.1f}" if value is not None else name
        for name, value in zip(names, values, strict=True)
    ]
    busiest = max(means, key=lambda hour: means[hour], default=None)
    drawing = Markup(bars(values, titles=titles))  # noqa: S704 - our own drawing, escaped
    if busiest is None:
        return Day(drawing, None, 0)
    return Day(drawing, _instant(busiest), means[busiest])


def _instant(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR, UTC)
