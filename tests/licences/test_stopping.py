"""Cameras in excess stand still in the tick, and run again: nothing is stored of them (L2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobs import ledger, schedule
from jobs.observe import observe
from tests.jobs.conftest import NOON, World, make_cameras, make_world
from webapp.domain.health import CameraState
from webapp.domain.licences import Stop
from webapp.models import Camera, Latest, Observation, Organisation, Slot
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.settings import Settings

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(any_database: Settings) -> World:
    return make_world(any_database)


async def licence(world: World, at: datetime = NOON, **terms: str) -> None:
    [organisation] = await Organisation.all()
    office = open_office(world.settings)
    await set_licence(office, at, organisation=organisation.public_id, **terms)


async def stops() -> list[str]:
    return [camera.stopped for camera in await Camera.all().order_by("id")]


async def test_the_newest_in_excess_have_no_turn_and_miss_none(world: World) -> None:
    cameras = await make_cameras(world.services, 3)
    await schedule.tick(world.settings, NOON)
    assert await Slot.all().count() == 3
    await licence(world, cameras="2")
    assert await stops() == [Stop.NONE, Stop.NONE, Stop.EXCESS]
    await schedule.tick(world.settings, NOON + timedelta(seconds=1))
    assert await Slot.filter(camera_id=cameras[2].id).count() == 0
    for minute in range(1, 3):
        await schedule.tick(world.settings, NOON + minute * MINUTE)
    # Nobody ticked for some minutes: that gap is none of its either.
    await schedule.tick(world.settings, NOON + 8 * MINUTE)
    observed = set(await Observation.all().values_list("camera_id", flat=True))
    assert observed == {cameras[0].id, cameras[1].id}
    assert (await Latest.get(camera_id=cameras[2].id)).state is CameraState.WAITING
    await licence(world, NOON + 8 * MINUTE, cameras="3")
    assert await stops() == [Stop.NONE] * 3
    await schedule.tick(world.settings, NOON + 9 * MINUTE)
    assert await Slot.filter(camera_id=cameras[2].id).exists()


async def test_a_turn_under_way_is_given_up_before_the_camera_is_asked(world: World) -> None:
    await make_cameras(world.services, 1)
    await schedule.tick(world.settings, NOON)
    [held] = await ledger.claim(world.settings, NOON + timedelta(seconds=59), 5)
    await licence(world, cameras="0")
    assert not await observe(world.shop, held)
    assert world.camera.asked == 0
    assert not await Observation.exists()


async def test_it_ends_at_midnight_of_their_own_calendar(world: World) -> None:
    await make_cameras(world.services, 2)
    await Organisation.all().update(time_zone="Pacific/Honolulu")
    before = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
    await licence(world, before, cameras="2", cameras_until="2026-03-31")
    midnight = datetime(2026, 4, 1, 10, 0, tzinfo=UTC)  # in Honolulu; in Tokyo it is evening
    await schedule.tick(world.settings, midnight - timedelta(seconds=1))
    assert await stops() == [Stop.NONE] * 2
    await schedule.tick(world.settings, midnight)
    assert await stops() == [Stop.ENDED] * 2
    assert not await Slot.filter(minute__gte=midnight).exists()


async def test_a_clock_that_jumps_is_put_right_by_the_next_tick(world: World) -> None:
    await make_cameras(world.services, 2)
    await licence(world, cameras="2", cameras_until="2026-03-31")
    await schedule.tick(world.settings, NOON + timedelta(days=400))
    assert await stops() == [Stop.ENDED] * 2
    await schedule.tick(world.settings, NOON)
    assert await stops() == [Stop.NONE] * 2


async def test_a_change_begins_by_itself_on_its_day(world: World) -> None:
    await make_cameras(world.services, 3)
    await licence(world, cameras="3")
    await licence(world, cameras="1", effective_on="2026-04-01")
    assert await stops() == [Stop.NONE] * 3
    first = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)  # midnight in Tokyo
    await schedule.tick(world.settings, first - timedelta(seconds=1))
    assert await stops() == [Stop.NONE] * 3
    await schedule.tick(world.settings, first)
    assert await stops() == [Stop.NONE, Stop.EXCESS, Stop.EXCESS]


async def test_a_deleted_camera_makes_room_for_the_next(world: World) -> None:
    cameras = await make_cameras(world.services, 3)
    await licence(world, cameras="2")
    await cameras[0].delete()
    await schedule.tick(world.settings, NOON)
    assert await stops() == [Stop.NONE] * 2


async def test_others_go_on_and_an_organisation_without_figures_is_unlimited(world: World) -> None:
    [camera] = await make_cameras(world.services, 1)
    await licence(world, cameras="0")
    other = await Organisation.create(name="やまて図書館")
    theirs = await Camera.create(organisation=other, name="x", connector="fake", source="")
    await schedule.tick(world.settings, NOON)
    assert [slot.camera_id for slot in await Slot.all()] == [theirs.id]
    assert (await Camera.get(id=camera.id)).stopped == Stop.EXCESS
