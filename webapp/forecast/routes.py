"""混雑予測 of a camera and of a group: by weekday (F1), and for the days to come (B5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import camera_of, group_of, organisation_of
from webapp.domain.forecast.knowledge import LEAST_DATES
from webapp.domain.forecast.scores import Method
from webapp.domain.forecast.slots import WEEKDAYS
from webapp.domain.hours import business_day, plan_of
from webapp.forecast import queries
from webapp.forecast.graph import draw_graph, next_ordinary, open_slots
from webapp.hours.holidays import japanese_holidays, names_of_holidays
from webapp.hours.opening import hours_of
from webapp.http import locale_of, page
from webapp.models import Alert, Camera, CameraForecast, CameraGroup, CameraGroupMember

DAYS_AHEAD = 7
# Today is corrected each quarter hour; whoever looks sees it a little later at most.
REFRESH = 300
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """The camera or group of a request; ``members`` are the cameras that it is the sum of."""

    thing: Camera | CameraGroup
    default: Camera | None
    members: tuple[int, ...]
    alert: Alert | None

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return isinstance(self.thing, CameraGroup)

    @property
    def path(self) -> str:
        """Where its pages are."""
        return f"/{'groups' if self.is_group else 'cameras'}/{self.thing.public_id}"


@dataclass(frozen=True, slots=True)
class Tab:
    """One day to choose: its address, whether it is shown, a holiday's name, closed or not."""

    day: date
    query: str
    is_shown: bool
    holiday: str = ""
    is_closed: bool = False


async def forecast_page(request: Request) -> Response:
    """Show one day; a day that makes no sense is today."""
    subject = await _subject(request)
    rows = await queries.rows_of(subject.members)
    usual = queries.usual_of(rows, len(subject.members))
    is_dated = request.query_params.get("view") == "dates"
    values: dict[str, Any] = {"graph": None, "tabs": ()}
    if usual.is_enough:
        if is_dated:
            values = await _dated(request, subject, rows)
        else:
            values = _weekly(request, subject, usual)
    return page(
        request,
        "forecast/page.html",
        subject=subject,
        usual=usual,
        is_dated=is_dated,
        rows=rows,
        knowing=sum(row.published is Method.CALENDAR for row in rows),
        least_dates=LEAST_DATES,
        refresh=REFRESH,
        **values,
    )


def _weekly(request: Request, subject: Subject, usual: queries.Usual) -> dict[str, Any]:
    today = _today(request)
    entered = request.query_params.get("weekday", "")
    weekday = int(entered) if entered in _WEEKDAYS else today.weekday()
    graph = draw_graph(
        usual.means[weekday],
        locale_of(request),
        alert=subject.alert,
        is_open=open_slots(subject.default, next_ordinary(today, weekday)),
    )
    tabs = tuple(
        Tab(next_ordinary(today, number), f"weekday={number}", number == weekday)
        for number in range(WEEKDAYS)
    )
    return {"graph": graph, "tabs": tabs, "shown": next(tab for tab in tabs if tab.is_shown)}


async def _dated(request: Request, subject: Subject, rows: list[CameraForecast]) -> dict[str, Any]:
    locale, at, today = locale_of(request), datetime.now(UTC), _today(request)
    zone = ZoneInfo(organisation_of(request).time_zone)
    days = [today + number * _DAY for number in range(DAYS_AHEAD)]
    entered = request.query_params.get("day", "")
    shown = next((day for day in days if day.isoformat() == entered), today)
    tabs = tuple(_tab(day, shown, subject, locale.language) for day in days)
    if shown == today:
        expected = await queries.expect_today(rows, at, zone)
    else:
        expected = queries.expect_day(rows, shown)
    graph = draw_graph(
        expected.mean,
        locale,
        alert=subject.alert,
        is_open=open_slots(subject.default, shown),
        band=(expected.low, expected.high),
        now=queries.slot_of(at, zone) if shown == today else None,
    )
    return {
        "graph": graph,
        "tabs": tabs,
        "shown": next(tab for tab in tabs if tab.is_shown),
        "today": today,
    }


def _tab(day: date, shown: date, subject: Subject, language: str) -> Tab:
    hours = hours_of(subject.default) if subject.default else None
    return Tab(
        day,
        f"view=dates&day={day.isoformat()}",
        day == shown,
        names_of_holidays(language).get(day, ""),
        is_closed=hours is not None and not plan_of(hours, day, japanese_holidays()).spans,
    )


def _today(request: Request) -> date:
    return business_day(datetime.now(UTC), ZoneInfo(organisation_of(request).time_zone))


async def _subject(request: Request) -> Subject:
    if "group" not in request.path_params:
        camera = await camera_of(request)
        alert = await Alert.get_or_none(camera_id=camera.id)
        return Subject(camera, camera, (camera.id,), alert)
    group = await group_of(request)
    members = await CameraGroupMember.filter(group_id=group.id).order_by("position", "id")
    default = await Camera.get_or_none(id=group.default_camera_id)
    return Subject(
        group,
        default,
        tuple(member.camera_id for member in members),
        await Alert.get_or_none(group_id=group.id),
    )


_WEEKDAYS = {str(number) for number in range(WEEKDAYS)}
