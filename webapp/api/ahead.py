"""混雑予測 for programs: what is published by weekday (F1), and of the days to come (B5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from webapp.api.operation import Call
from webapp.api.parameters import refuse
from webapp.api.schemas import Dated, DatedSlot, Kind, UsualSlot, Weekday, Weekly
from webapp.domain.forecast.expected import Expected
from webapp.domain.forecast.slots import SLOTS, clock_of
from webapp.domain.hours import business_day, instant_of, plan_of
from webapp.forecast import queries
from webapp.forecast.routes import DAYS_AHEAD
from webapp.hours.holidays import japanese_holidays, names_of_holidays
from webapp.hours.opening import hours_of
from webapp.i18n import N_
from webapp.models import Camera, CameraForecast, CameraGroup, CameraGroupMember

NOT_AHEAD = N_("%(first)sから%(last)sまでの日付を指定してください。")

# A forecast changes at night, and today's each quarter hour.
FRESH = 300


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a camera or group: whose hours it keeps, rows, whether they are enough."""

    thing: Camera | CameraGroup
    default: Camera | None
    rows: list[CameraForecast]
    usual: queries.Usual

    @property
    def kind(self) -> Kind:
        return Kind.CAMERA if isinstance(self.thing, Camera) else Kind.GROUP


async def weekly(call: Call) -> Weekly:
    """The published mean of each weekday and quarter hour."""
    known = await _known(call)
    weekdays = []
    if known.usual.is_enough:
        for number, means in enumerate(known.usual.means, 1):
            slots = [
                UsualSlot(starts="{:02}:{:02}".format(*clock_of(slot)), mean=_rounded(means[slot]))
                for slot in range(SLOTS)
                if not np.isnan(means[slot])
            ]
            weekdays.append(Weekday(weekday=number, slots=slots))
    return Weekly(
        id=known.thing.public_id,
        name=known.thing.name,
        kind=known.kind,
        time_zone=call.organisation.time_zone,
        lacking_dates=known.usual.lacking,
        weekdays=weekdays,
    )


async def dated(call: Call) -> Dated:
    """One of the next seven business days, with the band that holds four of five."""
    today = business_day(call.at, call.zone)
    last = today + timedelta(days=DAYS_AHEAD - 1)
    day: date = call.query.date or today
    known = await _known(call)
    if not today <= day <= last:
        raise refuse("date", NOT_AHEAD, "date_not_ahead", first=today, last=last)
    slots: list[DatedSlot] = []
    if known.usual.is_enough:
        if day == today:
            expected = await queries.expect_today(known.rows, call.at, call.zone)
        else:
            expected = queries.expect_day(known.rows, day)
        slots = _slots(expected, day, call)
    hours = hours_of(known.default) if known.default else None
    return Dated(
        id=known.thing.public_id,
        name=known.thing.name,
        kind=known.kind,
        time_zone=call.organisation.time_zone,
        lacking_dates=known.usual.lacking,
        date=day,
        holiday=names_of_holidays(call.locale.language).get(day),
        is_closed=hours is not None and not plan_of(hours, day, japanese_holidays()).spans,
        slots=slots,
    )


async def _known(call: Call) -> _Known:
    thing = await call.thing()
    if isinstance(thing, Camera):
        default: Camera | None = thing
        members = [thing.id]
    else:
        rows = CameraGroupMember.filter(group_id=thing.id).order_by("position", "id")
        members = [row.camera_id for row in await rows]
        default = await Camera.get_or_none(id=thing.default_camera_id)
    forecasts = await queries.rows_of(members)
    return _Known(thing, default, forecasts, queries.usual_of(forecasts, len(members)))


def _slots(expected: Expected, day: date, call: Call) -> list[DatedSlot]:
    return [
        DatedSlot(
            starts_at=instant_of(day, 360 + slot * 15, call.zone).astimezone(call.zone),
            mean=_rounded(expected.mean[slot]),
            low=_rounded(expected.low[slot]),
            high=_rounded(expected.high[slot]),
        )
        for slot in range(SLOTS)
        if not np.isnan(expected.mean[slot])
    ]


def _rounded(value: float) -> float:
    return round(float(value), 2)
