"""検知人数履歴 of a camera and of a group: the page, the data of its chart, its table (F2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.access import camera_of, group_of, organisation_of
from webapp.domain.history import DAY, HOUR, STEPS, WIDTHS, step_for
from webapp.history import rollup
from webapp.history.csv_form import offered_months
from webapp.history.overlays import alert_marks, closed_spans, counted_by
from webapp.history.queries import Whose, series
from webapp.history.span import WIDTH_WORDS, Span, read_instants, read_span
from webapp.http import page, services_of
from webapp.i18n import N_
from webapp.models import Camera, CameraGroup

# A table is read line by line: a day of quarter hours is as long as it gets.
TABLE_PIXELS = 200
# The chart asks again within a minute while its range is still growing.
FRESH, SETTLED = 30, 300

STEP_WORDS = {
    STEPS[0]: N_("15分"),
    STEPS[1]: N_("30分"),
    HOUR: N_("1時間"),
    2 * HOUR: N_("2時間"),
    3 * HOUR: N_("3時間"),
    6 * HOUR: N_("6時間"),
    12 * HOUR: N_("12時間"),
    DAY: N_("1日"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """The camera or group of a request, with the path of its pages and whose counts it has."""

    thing: Camera | CameraGroup
    whose: Whose

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return isinstance(self.thing, CameraGroup)

    @property
    def path(self) -> str:
        """Where its pages are."""
        return f"/{'groups' if self.is_group else 'cameras'}/{self.thing.public_id}"


async def history_page(request: Request) -> Response:
    """Show the chart with its form; a range that makes no sense is told at its field."""
    subject = await _subject(request)
    span = _span(request)
    values = await _table(request, subject, span)
    return page(
        request,
        "history/page.html",
        422 if span.errors else 200,
        widths=WIDTH_WORDS,
        earlier=_moved(request, span, -1),
        later=_moved(request, span, 1),
        months=offered_months(request),
        simulated=await counted_by(subject.thing),
        **values,
    )


async def data(request: Request) -> Response:
    """Answer the steps from ``from`` to ``to`` that ``pixels`` can show, as columns for uPlot."""
    subject = await _subject(request)
    now = datetime.now(UTC)
    span = read_instants(request.query_params, now, _kept(request))
    if span is None:
        raise HTTPException(422)
    pixels = request.query_params.get("pixels", "")
    step = step_for(span.length, int(pixels) if pixels.isdecimal() and len(pixels) < 6 else 800)
    zone = ZoneInfo(organisation_of(request).time_zone)
    points = await series(subject.whose, span.start, span.end, step, zone)
    sums = [point.sums for point in points]
    is_settled = span.end < now - timedelta(hours=1)
    return JSONResponse(
        {
            "from": int(span.start.timestamp()),
            "to": int(span.end.timestamp()),
            "step": step,
            "x": [int(point.at.timestamp()) for point in points],
            "count": [None if one is None else _rounded(one.at_quarters) for one in sums],
            "mean": [None if one is None else _rounded(one.mean) for one in sums],
            "max": [None if one is None else one.high for one in sums],
            "closed": await closed_spans(subject.thing, span.start, span.end, zone),
            "alerts": await alert_marks(subject.thing, span.start, span.end),
            "min": [None if one is None else one.low for one in sums],
        },
        headers={"Cache-Control": f"private, max-age={SETTLED if is_settled else FRESH}"},
    )


async def table(request: Request) -> Response:
    """Answer the table alone, for a range that was zoomed into."""
    subject = await _subject(request)
    span = read_instants(request.query_params, datetime.now(UTC), _kept(request))
    if span is None:
        raise HTTPException(422)
    return page(request, "history/_table.html", **await _table(request, subject, span))


async def _subject(request: Request) -> Subject:
    if "group" in request.path_params:
        group = await group_of(request)
        return Subject(group, Whose(rollup.GROUPS, group.id))
    camera = await camera_of(request)
    return Subject(camera, Whose(rollup.CAMERAS, camera.id))


def _span(request: Request) -> Span:
    zone = ZoneInfo(organisation_of(request).time_zone)
    return read_span(request.query_params, datetime.now(UTC), zone, _kept(request))


def _kept(request: Request) -> timedelta:
    return timedelta(days=services_of(request).settings.counts_kept_days)


async def _table(request: Request, subject: Subject, span: Span) -> dict[str, Any]:
    step = step_for(span.length, TABLE_PIXELS)
    zone = ZoneInfo(organisation_of(request).time_zone)
    end = min(span.end, datetime.now(UTC) + timedelta(minutes=15))
    points = await series(subject.whose, span.start, end, step, zone)
    return {
        "subject": subject,
        "span": span,
        "points": points,
        "counted": [point for point in points if point.sums],
        "step_word": STEP_WORDS[step],
        "is_quarter": step == STEPS[0],
        "is_day": step == DAY,
    }


def _moved(request: Request, span: Span, widths: int) -> str:
    """The start of the range before or after this one; empty where nothing is kept."""
    now = datetime.now(UTC)
    start = span.start + widths * WIDTHS[span.width]
    if start >= now or start + WIDTHS[span.width] <= now - _kept(request):
        return ""
    start = max(start, now - _kept(request))
    return start.astimezone(ZoneInfo(organisation_of(request).time_zone)).strftime("%Y-%m-%dT%H:%M")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
