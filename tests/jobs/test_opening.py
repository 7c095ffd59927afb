"""Cameras open and close by their hours, through the ticks of the schedule (S4, M5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs import opening, schedule
from webapp.domain.health import CameraState
from webapp.hours.opening import settle
from webapp.models import Camera, Latest, Observation, Organisation, Slot
from webapp.settings import Settings

# Monday 1 June 2026, 9:00 in Tokyo.
NINE = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
WORKDAYS = {"basic": [{"days": [0, 1, 2, 3, 4], "span": [540, 1080]}]}


async def make(at: datetime, time_zone: str = "Asia/Tokyo", **fields: Any) -> Camera:
    organisation = await Organisation.create(name="みなと商店街", time_zone=time_zone)
    camera = Camera(
        organisation=organisation, name="入口", connector="file", source="", created_at=at, **fields
    )
    settle(camera, time_zone, at)
    await camera.save()
    return camera


async def tick_through(settings: Settings, first: datetime, minutes: int) -> None:
    for minute in range(minutes):
        await schedule.tick(settings, first + timedelta(minutes=minute))


async def slots() -> list[datetime]:
    return list(await Slot.all().order_by("minute").values_list("minute", flat=True))


async def test_the_first_and_the_last_minute(any_database: Settings) -> None:
    camera = await make(NINE - timedelta(minutes=3), has_hours=True, hours=WORKDAYS)
    assert (camera.is_open, camera.opening_changes_at) == (False, NINE)
    await tick_through(any_database, NINE - timedelta(minutes=3), 3)
    assert await slots() == []
    assert (await Latest.get(camera_id=camera.id)).state is CameraState.CLOSED
    await schedule.tick(any_database, NINE)
    assert await slots() == [NINE]
    camera = await Camera.get(id=camera.id)
    assert (camera.is_open, camera.opening_changes_at) == (True, NINE + timedelta(hours=9))
    await Slot.all().delete()
    evening = NINE + timedelta(hours=9)
    await schedule.tick(any_database, evening - timedelta(seconds=1))
    assert await slots() == [evening - timedelta(minutes=1)]
    await schedule.tick(any_database, evening)
    assert evening not in await slots()
    assert not (await Camera.get(id=camera.id)).is_open


async def test_a_time_without_workers_owes_only_the_open_minutes(any_database: Settings) -> None:
    """From 8:55 to 9:05 nobody was there: five minutes are missed, not ten."""
    camera = await make(NINE - timedelta(minutes=30), has_hours=True, hours=WORKDAYS)
    always = await Camera.create(
        organisation_id=camera.organisation_id,
        name="出口",
        connector="file",
        source="",
        created_at=NINE - timedelta(hours=1),
    )
    await schedule.tick(any_database, NINE - timedelta(minutes=6))
    await schedule.tick(any_database, NINE + timedelta(minutes=5))
    missed = await Observation.filter(camera_id=camera.id).order_by("minute")
    assert [row.minute for row in missed] == [NINE + timedelta(minutes=n) for n in range(5)]
    assert {row.state for row in missed} == {CameraState.MISSED}
    # One without hours owes them all; its slot of 8:54 is still under way.
    assert await Observation.filter(camera_id=always.id, minute__lt=NINE).count() >= 5


async def test_a_camera_that_is_closed_now_owes_what_it_was_open_for(database: Settings) -> None:
    evening = NINE + timedelta(hours=9)
    camera = await make(evening - timedelta(hours=1), has_hours=True, hours=WORKDAYS)
    await schedule.tick(database, evening - timedelta(minutes=4))
    await Slot.all().delete()
    await schedule.tick(database, evening + timedelta(minutes=4))
    missed = await Observation.filter(camera_id=camera.id)
    assert {row.minute for row in missed} == {evening - timedelta(minutes=n) for n in (1, 2, 3)}
    assert (await Latest.get(camera_id=camera.id)).state is CameraState.CLOSED


async def test_each_hour_everything_is_looked_over(database: Settings) -> None:
    """A zone that was changed, or a newer library of holidays, moves what was written down."""
    camera = await make(NINE, has_hours=True, hours=WORKDAYS)
    await Organisation.all().update(time_zone="Europe/Berlin")
    await opening.open_and_close(NINE)
    camera = await Camera.get(id=camera.id)
    assert not camera.is_open, "in Berlin it is two in the morning"
    assert camera.opening_changes_at == NINE + timedelta(hours=7)
    await Camera.all().update(is_open=True)
    await opening.open_and_close(NINE + timedelta(minutes=30))
    assert (await Camera.get(id=camera.id)).is_open, "not again within the hour"
    await opening.open_and_close(NINE + timedelta(minutes=61))
    assert not (await Camera.get(id=camera.id)).is_open


async def test_what_cannot_be_read_stays_open(database: Settings) -> None:
    camera = await make(NINE, has_hours=True, hours={"basic": "?"})
    assert (camera.is_open, camera.opening_changes_at) == (True, None)
    await opening.open_and_close(NINE)
    assert (await Camera.get(id=camera.id)).is_open


async def test_a_camera_without_hours_keeps_what_is_written(database: Settings) -> None:
    camera = await make(NINE)
    await Camera.all().update(is_open=False)
    await opening.open_and_close(NINE)
    assert not (await Camera.get(id=camera.id)).is_open


@pytest.mark.parametrize("count", [501])
async def test_many_at_once(database: Settings, count: int) -> None:
    first = await make(NINE - timedelta(minutes=1), has_hours=True, hours=WORKDAYS)
    await Camera.bulk_create(
        [
            Camera(
                organisation_id=first.organisation_id,
                name=str(number),
                connector="file",
                source="",
                has_hours=True,
                hours=WORKDAYS,
                is_open=False,
                opening_changes_at=NINE,
            )
            for number in range(count)
        ],
        batch_size=100,
    )
    assert await opening.open_and_close(NINE) == count + 1
    assert await Camera.filter(is_open=True).count() == count + 1
