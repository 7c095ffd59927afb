"""Admins are told by mail of cameras that went bad and are well again: once each (M7)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from jobs import outages
from tests.jobs.conftest import NOON, World, make_cameras
from webapp.domain.health import CameraState
from webapp.mail.letters import Letter, unseal
from webapp.models import Camera, Latest, Member, Organisation, Outage, Outbox, Role


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def street(world: World, count: int = 3) -> list[Camera]:
    cameras = await make_cameras(world.services, count)
    organisation = await Organisation.get()
    for name, role in (("花子", Role.ADMIN), ("次郎", Role.ADMIN), ("三郎", Role.GENERAL)):
        await Member.create(
            organisation=organisation, name=name, mail=f"{name}@example.jp", role=role
        )
    for camera in cameras:
        await show(camera, CameraState.OK, NOON, good_at=NOON)
    return cameras


async def show(camera: Camera, state: CameraState, since: datetime, **values: Any) -> None:
    failures = 2 if state in {CameraState.UNREACHABLE, CameraState.BAD_PICTURE} else 0
    await Latest.filter(camera_id=camera.id).update(
        state=state, since=since, **{"failures": failures, **values}
    )


async def letters(world: World) -> list[Letter]:
    rows = await Outbox.all().order_by("id")
    return [unseal(row.payload, world.services.sealer) for row in rows]


async def test_what_goes_within_minutes_is_one_mail_and_so_is_what_comes_back(
    world: World,
) -> None:
    first, second, third = await street(world)
    await Organisation.all().update(time_zone="America/New_York")
    await show(first, CameraState.UNREACHABLE, at(1), detail="connect")
    assert await outages.tell(world.services, at(2)) == 0
    await show(second, CameraState.BAD_PICTURE, at(2), detail="moved")
    assert await outages.tell(world.services, at(4)) == 0
    assert await outages.tell(world.services, at(5)) == 2
    sent = await letters(world)
    assert {letter.to for letter in sent} == {"花子@example.jp", "次郎@example.jp"}
    assert {letter.time_zone for letter in sent} == {"America/New_York"}
    assert {letter.event for letter in sent} == {"cameras_bad"}
    told = sent[0].values["cameras"]
    assert [camera["name"] for camera in told] == [first.name, second.name]
    assert "カメラの向き" in told[1]["reason"]
    for minute in range(6, 30):
        assert await outages.tell(world.services, at(minute)) == 0
    await show(first, CameraState.OK, at(30))
    await show(second, CameraState.OK, at(32))
    assert await outages.tell(world.services, at(33)) == 0
    assert await outages.tell(world.services, at(36)) == 2
    assert await outages.tell(world.services, at(60)) == 0
    well = (await letters(world))[2:]
    assert {letter.event for letter in well} == {"cameras_well"}
    assert [camera["ended_at"] for camera in well[0].values["cameras"]] == [
        at(30).isoformat(),
        at(32).isoformat(),
    ]
    assert third.name not in str(sent + well)


async def test_what_is_over_before_anybody_is_told_is_told_to_nobody(world: World) -> None:
    [camera] = await street(world, 1)
    await show(camera, CameraState.UNREACHABLE, at(1))
    await outages.tell(world.services, at(1))
    await show(camera, CameraState.OK, at(2))
    for minute in range(6, 20):  # the housekeeping was late
        assert await outages.tell(world.services, at(minute)) == 0
    assert await Outbox.all().count() == 0
    assert (await Outage.get()).ended_at == at(2)


async def test_a_camera_that_is_well_for_a_moment_is_not_well(world: World) -> None:
    [camera] = await street(world, 1)
    await show(camera, CameraState.UNREACHABLE, at(1))
    await outages.tell(world.services, at(1))
    assert await outages.tell(world.services, at(5)) == 2
    for minute in range(6, 40, 4):
        await show(camera, CameraState.OK, at(minute))
        assert await outages.tell(world.services, at(minute + 1)) == 0
        await show(camera, CameraState.UNREACHABLE, at(minute + 2))
        assert await outages.tell(world.services, at(minute + 3)) == 0
    assert await Outage.all().count() == 1


async def test_nobody_is_told_of_what_is_no_trouble_of_a_camera(world: World) -> None:
    verified, new, closed, stopped, missed = await street(world, 5)
    await show(verified, CameraState.VERIFYING, at(1), failures=1)
    await show(new, CameraState.UNREACHABLE, at(1), good_at=None)
    await show(closed, CameraState.UNREACHABLE, at(1))
    await Camera.filter(id=closed.id).update(is_open=False)
    await show(stopped, CameraState.UNREACHABLE, at(1))
    await Camera.filter(id=stopped.id).update(stopped="excess")
    await show(missed, CameraState.MISSED, at(1))
    for minute in (1, 5, 9):
        assert await outages.tell(world.services, at(minute)) == 0
    assert await Outage.all().count() == 0


async def test_an_outage_goes_on_over_the_hours_in_which_a_camera_is_closed(world: World) -> None:
    [camera] = await street(world, 1)
    await show(camera, CameraState.UNREACHABLE, at(1))
    await outages.tell(world.services, at(1))
    assert await outages.tell(world.services, at(5)) == 2
    await show(camera, CameraState.CLOSED, at(60))
    assert await outages.tell(world.services, at(70)) == 0
    await show(camera, CameraState.UNREACHABLE, at(600))
    assert await outages.tell(world.services, at(610)) == 0
    await show(camera, CameraState.OK, at(620))
    assert await outages.tell(world.services, at(620)) == 0
    assert await outages.tell(world.services, at(627)) == 2


async def test_many_who_tell_at_once_tell_once(world: World) -> None:
    [camera] = await street(world, 1)
    await show(camera, CameraState.UNREACHABLE, at(1))
    await outages.tell(world.services, at(1))
    told = await asyncio.gather(*(outages.tell(world.services, at(5)) for _ in range(8)))
    assert sum(told) == 2
    assert await Outbox.all().count() == 2


async def test_a_suspended_organisation_and_a_removed_camera_are_told_nothing(
    world: World,
) -> None:
    first, second = await street(world, 2)
    for camera in (first, second):
        await show(camera, CameraState.UNREACHABLE, at(1))
    await outages.tell(world.services, at(1))
    await Organisation.all().update(suspended_at=at(2))
    assert await outages.tell(world.services, at(9)) == 0
    await first.delete()
    await Organisation.all().update(suspended_at=None)
    assert await outages.tell(world.services, at(10)) == 2
    assert [camera["name"] for camera in (await letters(world))[0].values["cameras"]] == [
        second.name
    ]


async def test_old_outages_are_forgotten(world: World) -> None:
    [camera] = await street(world, 1)
    await show(camera, CameraState.UNREACHABLE, at(1))
    await outages.tell(world.services, at(1))
    await show(camera, CameraState.OK, at(2))
    await outages.tell(world.services, at(9))
    await outages.forget(at(10))
    assert await Outage.all().count() == 1
    await outages.forget(at(10) + timedelta(days=91))
    assert await Outage.all().count() == 0
