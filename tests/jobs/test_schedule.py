"""Slots in, missed minutes written down: on both databases."""

import asyncio
from datetime import timedelta

from jobs import ledger, schedule
from tests.jobs.conftest import NOON, World, make_cameras
from webapp.domain.health import CameraState
from webapp.models import Camera, Latest, Observation, Slot
from webapp.models.job import SlotState

MINUTE = timedelta(minutes=1)


async def test_open_cameras_get_one_slot_and_closed_ones_none(world: World) -> None:
    opened, closed = await make_cameras(world.services, 2)
    await Camera.filter(id=closed.id).update(is_open=False)
    assert await schedule.tick(world.settings, NOON) == 1
    assert await schedule.tick(world.settings, NOON + timedelta(seconds=1)) == 0
    assert [slot.camera_id for slot in await Slot.all()] == [opened.id]
    latest = await Latest.get(camera_id=closed.id)
    assert (latest.state, latest.count) == (CameraState.CLOSED, None)


async def test_a_camera_that_closes_loses_the_turn_it_has_not_had(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await schedule.tick(world.settings, NOON)
    await Camera.filter(id=camera.id).update(is_open=False)
    await schedule.tick(world.settings, NOON + timedelta(seconds=5))
    await schedule.tick(world.settings, NOON + 3 * MINUTE)
    assert await Slot.all().count() == 0
    assert await Observation.all().count() == 0
    assert (await Latest.get(camera_id=camera.id)).since == NOON + timedelta(seconds=5)


async def test_eight_schedulers_at_once_with_clocks_apart_make_no_duplicate(world: World) -> None:
    await make_cameras(world.services, 40)
    for minute in range(3):
        at = NOON + minute * MINUTE
        offsets = [30, 0, 0, 0, 0, 0, 0, 1]
        await asyncio.gather(
            *(schedule.tick(world.settings, at + timedelta(seconds=off)) for off in offsets)
        )
    rows = await Slot.all().values_list("camera_id", "minute")
    assert len(rows) == len(set(rows)) == 3 * 40
    seen = await Observation.all().values_list("camera_id", "minute")
    assert len(seen) == len(set(seen)) == 2 * 40


async def test_a_camera_nobody_asked_is_missed_not_nought(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await Latest.filter(camera_id=camera.id).update(good_at=NOON - MINUTE, good_count=7, count=7)
    await schedule.tick(world.settings, NOON)
    await schedule.tick(world.settings, NOON + MINUTE)
    row = await Observation.get()
    assert (row.minute, row.state, row.count, row.captured_at) == (
        NOON,
        CameraState.MISSED,
        None,
        None,
    )
    latest = await Latest.get(camera_id=camera.id)
    assert (latest.state, latest.count, latest.since) == (CameraState.MISSED, None, NOON)
    assert (latest.good_count, latest.good_at) == (7, NOON - MINUTE)
    await schedule.tick(world.settings, NOON + 2 * MINUTE)
    assert (await Latest.get(camera_id=camera.id)).since == NOON


async def test_ten_minutes_without_workers_are_ten_missed_rows(world: World) -> None:
    cameras = await make_cameras(world.services, 3)
    await schedule.tick(world.settings, NOON)
    for held in await ledger.claim(world.settings, NOON + timedelta(seconds=50), 10):
        answer = ledger.Answer(CameraState.OK, count=4, captured_at=NOON)
        assert await ledger.finish(world.settings, held, answer, NOON + timedelta(seconds=51))
    back = NOON + 11 * MINUTE
    assert await schedule.tick(world.settings, back) == 3
    for camera in cameras:
        rows = await Observation.filter(camera_id=camera.id).order_by("minute")
        assert [row.state for row in rows] == [CameraState.OK] + 10 * [CameraState.MISSED]
        assert [row.minute for row in rows] == [NOON + n * MINUTE for n in range(11)]
    # Normal within the minute: those that wait are due soon, not at their usual second.
    assert len(await ledger.claim(world.settings, back + timedelta(seconds=1), 10)) == 3


async def test_a_camera_made_meanwhile_has_no_minutes_before_it_was_there(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await schedule.tick(world.settings, NOON)
    await Camera.filter(id=camera.id).update(created_at=NOON + 5.5 * MINUTE)
    await Slot.all().delete()
    await schedule.tick(world.settings, NOON + 8 * MINUTE)
    rows = await Observation.filter(minute__gt=NOON).order_by("minute")
    assert [row.minute for row in rows] == [NOON + 6 * MINUTE, NOON + 7 * MINUTE]


async def test_the_catch_up_is_bounded(world: World) -> None:
    await make_cameras(world.services)
    settings = world.settings.model_copy(update={"capture_interval": 3600})
    await Camera.all().update(created_at=NOON - timedelta(days=400))
    await schedule.tick(settings, NOON - timedelta(days=300))
    await Slot.all().delete()
    await schedule.tick(settings, NOON)
    assert await Observation.all().count() == 24


async def test_a_newer_answer_is_not_overwritten_by_an_older_missed_minute(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await schedule.tick(world.settings, NOON)
    await Latest.filter(camera_id=camera.id).update(
        minute=NOON + MINUTE, state=CameraState.OK, count=3
    )
    await schedule.mark_missed(world.settings, NOON + 2 * MINUTE, NOON + MINUTE)
    latest = await Latest.get(camera_id=camera.id)
    assert (latest.state, latest.count) == (CameraState.OK, 3)
    assert (await Observation.get()).state is CameraState.MISSED


async def test_what_is_being_worked_on_is_not_missed_yet(world: World) -> None:
    await make_cameras(world.services)
    await schedule.tick(world.settings, NOON)
    at = NOON + timedelta(seconds=55)
    [held] = await ledger.claim(world.settings, at, 1)
    await schedule.tick(world.settings, NOON + timedelta(seconds=62))
    assert await Observation.all().count() == 0
    answer = ledger.Answer(CameraState.OK, count=1, captured_at=at)
    assert await ledger.finish(world.settings, held, answer, NOON + timedelta(seconds=63))
    assert (await Slot.get(minute=NOON)).state is SlotState.DONE


async def test_every_camera_gets_its_latest_row(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await Latest.all().delete()
    await schedule.tick(world.settings, NOON)
    assert (await Latest.get(camera_id=camera.id)).state is CameraState.WAITING
