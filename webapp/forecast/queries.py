"""What the screens of 混雑予測 read: the forecasts of cameras, and of groups as their sums (F1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

import numpy as np

from webapp.domain.forecast.correction import correct
from webapp.domain.forecast.expected import Expected, expect, together
from webapp.domain.forecast.knowledge import LEAST_DATES, Knowledge
from webapp.domain.forecast.slots import NIGHT, SLOTS, WEEKDAYS, Floats, add_up
from webapp.domain.history import floor_quarter
from webapp.domain.hours import business_day
from webapp.forecast.dates import read_dates
from webapp.hours.holidays import japanese_holidays
from webapp.models import CameraForecast, CameraGroupMember

_DAY = timedelta(days=1)
_NOTHING: Floats = np.full((WEEKDAYS, SLOTS), np.nan)


@dataclass(frozen=True, slots=True)
class Usual:
    """The means of each weekday, (7, 96); not enough of them while ``lacking`` dates are missing.

    ``lacking`` is 0 when a forecast may be shown; a group lacks what its poorest camera does.
    """

    means: Floats
    lacking: int

    @property
    def is_enough(self) -> bool:
        """Whether it may be shown."""
        return self.lacking == 0


NOTHING_KNOWN = Usual(_NOTHING, LEAST_DATES)


def usual_of(rows: Sequence[CameraForecast], members: int) -> Usual:
    """The sum of so many members' means; a member without a row lacks everything."""
    if not rows or len(rows) < members:
        return NOTHING_KNOWN
    lacking = max(max(0, LEAST_DATES - row.dates) for row in rows)
    if lacking:
        return Usual(_NOTHING, lacking)
    return Usual(add_up([_means(row) for row in rows]), 0)


async def usual_of_cameras(cameras: Collection[int]) -> dict[int, Usual]:
    """Those of many cameras, by id, in one statement."""
    return {camera: usual_of([row], 1) for camera, row in (await _rows(cameras)).items()}


async def usual_of_groups(groups: Collection[int]) -> dict[int, Usual]:
    """Those of many groups, by id, in two statements."""
    members: dict[int, list[int]] = defaultdict(list)
    for group, camera in await CameraGroupMember.filter(group_id__in=list(groups)).values_list(
        "group_id", "camera_id"
    ):
        members[group].append(camera)
    rows = await _rows({camera for some in members.values() for camera in some})
    return {
        group: usual_of([rows[camera] for camera in some if camera in rows], len(some))
        for group, some in members.items()
    }


async def rows_of(cameras: Collection[int]) -> list[CameraForecast]:
    """Everything that is known of these cameras, in their order."""
    rows = {row.camera_id: row for row in await CameraForecast.filter(camera_id__in=list(cameras))}
    return [rows[camera] for camera in cameras if camera in rows]


def expect_day(rows: Sequence[CameraForecast], day: date) -> Expected:
    """A business day as it is published: the sum over the cameras."""
    holidays = japanese_holidays()
    return together([expect(Knowledge.unpack(row.knowledge), day, holidays) for row in rows])


async def expect_today(rows: Sequence[CameraForecast], at: datetime, zone: tzinfo) -> Expected:
    """Today's, each camera's corrected by its quarter hours that are over."""
    today, holidays = business_day(at, zone), japanese_holidays()
    read = await read_dates([row.camera_id for row in rows], today, today + _DAY, zone)
    upto = slot_of(floor_quarter(at), zone)
    parts = []
    for row in rows:
        dates = read[row.camera_id]
        known = dates.n > 0
        mean = np.divide(dates.total, dates.n, out=np.full(dates.n.shape, np.nan), where=known)
        seen = np.concatenate((mean[0, NIGHT:], mean[1, :NIGHT]))
        knowledge = Knowledge.unpack(row.knowledge)
        expected = expect(knowledge, today, holidays)
        parts.append(correct(knowledge, expected, seen, upto))
    return together(parts)


def slot_of(at: datetime, zone: tzinfo) -> int:
    """The slot of its business day that an instant lies in."""
    local = at.astimezone(UTC).astimezone(zone)
    return (local.hour * 4 + local.minute // 15 - NIGHT) % SLOTS


async def _rows(cameras: Collection[int]) -> dict[int, CameraForecast]:
    """Without what is only needed for dates: a list may have hundreds."""
    rows = await CameraForecast.filter(camera_id__in=list(cameras)).only(
        "id", "camera_id", "dates", "means"
    )
    return {row.camera_id: row for row in rows}


def _means(row: CameraForecast) -> Floats:
    values = np.frombuffer(row.means, "<f4")
    if values.size != WEEKDAYS * SLOTS:
        return _NOTHING
    return values.reshape(WEEKDAYS, SLOTS).astype(np.float64)
