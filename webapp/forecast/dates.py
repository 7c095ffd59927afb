"""Quarter hours of cameras as dates: what the forecast learns from, by the organisation's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np

from webapp.domain.forecast.slots import SLOTS, Floats
from webapp.history.queries import quarters_of

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Dates:
    """``total`` and ``n`` (dates, 96) of one camera from ``first`` on, slots from 0:00."""

    first: date
    total: Floats
    n: Floats


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant (UTC) at which a date begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


async def read_dates(
    cameras: Sequence[int], first: date, last: date, zone: tzinfo
) -> dict[int, Dates]:
    """The dates from ``first`` to ``last`` of each camera, in one statement.

    An hour that comes twice adds up; one that is left out is not there.
    """
    number = max(0, (last - first).days + 1)
    read = {
        camera: Dates(first, np.zeros((number, SLOTS)), np.zeros((number, SLOTS)))
        for camera in cameras
    }
    if not number:
        return read
    places: dict[int, tuple[int, int]] = {}
    rows = await quarters_of(cameras, midnight(first, zone), midnight(last + _DAY, zone))
    for camera, instant, total, n in rows:
        place = places.get(instant)
        if place is None:
            local = datetime.fromtimestamp(instant, zone)
            place = ((local.date() - first).days, local.hour * 4 + local.minute // 15)
            places[instant] = place
        if 0 <= place[0] < number:
            read[camera].total[place] += total
            read[camera].n[place] += n
    return read
