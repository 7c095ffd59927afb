"""検知人数履歴 for programs: the steps that charts, tables and reports are drawn from (F2)."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.api.operation import Call
from webapp.api.parameters import refuse
from webapp.api.schemas import Counted, History, Kind, Step
from webapp.domain.history import STEPS, Point, floor_quarter
from webapp.history import rollup
from webapp.history.queries import Whose, series
from webapp.history.span import LONGEST, QUARTER
from webapp.i18n import N_
from webapp.models import Camera

MOST_STEPS = 1000
REVERSED = N_("to には from より後の日時を指定してください。")
TOO_LONG = N_("一度に読み取れるのは%(days)s日分までです。期間を分けてください。")
TOO_MANY = N_("一度に読み取れるのは%(most)s個までです。期間を短くするか、step を長くしてください。")

_SECONDS = dict(zip(Step, STEPS, strict=True))


async def history(call: Call) -> History:
    """What was counted of a camera or of a group, in steps; steps without analysis are absent."""
    thing = await call.thing()
    table = rollup.CAMERAS if isinstance(thing, Camera) else rollup.GROUPS
    step: Step = call.query.step
    start, end = _range(call)
    points: list[Point] = []
    if start < end:
        whose = Whose(table, thing.id)
        points = await series(whose, start, end, _SECONDS[step], call.zone)
    return History(
        id=thing.public_id,
        name=thing.name,
        kind=Kind.CAMERA if isinstance(thing, Camera) else Kind.GROUP,
        time_zone=call.organisation.time_zone,
        step=step,
        items=[item for point in points if (item := _counted(point, call))],
    )


def _range(call: Call) -> tuple[datetime, datetime]:
    """The quarter hours that were asked for, as far as they are kept and have begun."""
    start, end = call.query.start, call.query.end
    length = end - start
    if length <= timedelta():
        raise refuse("to", REVERSED, "range_reversed")
    if length > LONGEST:
        raise refuse("to", TOO_LONG, "range_too_long", days=LONGEST.days)
    if length.total_seconds() / _SECONDS[call.query.step] > MOST_STEPS:
        raise refuse("step", TOO_MANY, "too_many_steps", most=MOST_STEPS)
    kept = timedelta(days=call.services.settings.counts_kept_days)
    start = max(start, call.at - kept)
    end = min(end, call.at + QUARTER)
    if start >= end:
        return end, end
    return floor_quarter(start), floor_quarter(end - timedelta(seconds=1)) + QUARTER


def _counted(point: Point, call: Call) -> Counted | None:
    sums = point.sums
    if sums is None:
        return None
    at_quarters = sums.at_quarters
    return Counted(
        starts_at=point.at.astimezone(call.zone),
        mean=round(sums.mean, 2),
        max=sums.high,
        min=sums.low,
        count=None if at_quarters is None else round(at_quarters, 2),
        minutes=sums.n,
    )
