"""The people, and quarter hours to learn from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo

from tests.people import *  # noqa: F403 - fixtures
from webapp.forecast.dates import midnight
from webapp.models import Camera, CameraQuarter

QUARTER = timedelta(minutes=15)


async def make_quarters(
    camera: Camera,
    first: date,
    days: int,
    zone: tzinfo,
    count: Callable[[datetime], int | None] = lambda at: at.hour,
) -> None:
    """Quarter hours of ``days`` dates; ``count`` says, by the local time, how many were there."""
    at = midnight(first, zone)
    end = midnight(first + timedelta(days=days), zone)
    rows = []
    while at < end:
        people = count(at.astimezone(zone))
        if people is not None:
            rows.append(
                CameraQuarter(
                    organisation_id=camera.organisation_id,
                    camera_id=camera.id,
                    quarter=at.astimezone(UTC),
                    total=people * 15,
                    n=15,
                    low=people,
                    high=people,
                    at_quarter=people,
                )
            )
        at += QUARTER
    await CameraQuarter.bulk_create(rows, batch_size=2000)
