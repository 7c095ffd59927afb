"""The trial of a group's alert does what the alert did, also where answers came late (B4, S7)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from jobs import schedule
from jobs.group_sample import CURSOR, sample
from tests.builders import make_camera, make_group
from tests.jobs.conftest import NOON
from webapp import heartbeat
from webapp.alerts.rules import policy_of_alert
from webapp.alerts.trial import trial_of
from webapp.domain.alerts import Sample, replay
from webapp.domain.health import CameraState
from webapp.models import (
    Alert,
    AlertEvent,
    AlertState,
    Camera,
    EventKind,
    GroupObservation,
    Observation,
    Organisation,
    Slot,
)
from webapp.settings import Settings

MINUTE = timedelta(minutes=1)


async def answer(camera: Camera, minute: datetime, count: int) -> None:
    await Observation.create(
        organisation_id=camera.organisation_id,
        camera=camera,
        minute=minute,
        state=CameraState.OK,
        count=count,
    )


async def owe(camera: Camera, minute: datetime) -> None:
    await Slot.create(
        organisation_id=camera.organisation_id, camera=camera, minute=minute, due_at=minute
    )


async def test_the_trial_of_a_group_is_its_live_run_with_late_answers(
    any_database: Settings,
) -> None:
    house = await Organisation.create(name="駅前商店街")
    cameras = [await make_camera(house, f"カメラ{n}") for n in range(2)]
    group = await make_group(house, cameras=cameras)
    alert = await Alert.create(organisation=house, group=group, thresholds=[8, 14])
    await AlertState.create(organisation=house, alert=alert)
    dice = random.Random(3)
    for number in range(40):
        minute = NOON + number * MINUTE
        await heartbeat.set_mark(schedule.CURSOR, minute)
        late = [camera for camera in cameras if dice.random() < 0.4]
        for camera in cameras:
            if camera in late:
                await owe(camera, minute)
            else:
                await answer(camera, minute, dice.randrange(10))
        await sample(any_database, minute + timedelta(seconds=75))
        for camera in late:
            await answer(camera, minute, dice.randrange(10))
        await sample(any_database, minute + timedelta(seconds=80))
    await sample(any_database, NOON + 45 * MINUTE)

    policy = policy_of_alert(alert, 60)
    events = await AlertEvent.filter(kind=EventKind.RISE).order_by("-minute")
    live = [(event.minute, event.before, event.stage, event.count) for event in events]
    trial = await trial_of(group, policy, MINUTE, NOON + timedelta(hours=1))
    tried = [(one.minute, one.before, one.stage, one.count) for one in trial.newest]
    assert live[: len(tried)] == tried
    assert trial.entered == len(live)
    # The sums as they stand in the end would have done something else.
    rows = await GroupObservation.all().order_by("minute")
    assert all(row.known == row.members for row in rows)
    ended = replay(policy, [Sample(row.minute, row.count) for row in rows], MINUTE)
    rises = [change.minute for _, change in ended if change is not None and change.is_rise]
    assert rises != [event.minute for event in reversed(events)]


async def test_a_minute_waits_for_the_one_before_it(any_database: Settings) -> None:
    house = await Organisation.create(name="駅前商店街")
    cameras = [await make_camera(house, f"カメラ{n}") for n in range(2)]
    await make_group(house, cameras=cameras)
    await heartbeat.set_mark(CURSOR, NOON - MINUTE)
    await heartbeat.set_mark(schedule.CURSOR, NOON + MINUTE)
    await answer(cameras[0], NOON, 4)
    await owe(cameras[1], NOON)
    for camera in cameras:
        await answer(camera, NOON + MINUTE, 3)
    assert await sample(any_database, NOON + MINUTE + timedelta(seconds=5)) == []
    written = await sample(any_database, NOON + MINUTE + timedelta(seconds=11))
    assert [(one.minute, one.count) for one in written] == [(NOON, 4), (NOON + MINUTE, 6)]


@pytest.mark.parametrize("rest", [0, 15])
async def test_a_day_without_workers_is_a_closing_for_the_live_run_too(
    any_database: Settings, rest: int
) -> None:
    house = await Organisation.create(name="駅前商店街")
    camera = await make_camera(house)
    group = await make_group(house, cameras=[camera])
    alert = await Alert.create(organisation=house, group=group, thresholds=[8])
    await AlertState.create(organisation=house, alert=alert)
    later = NOON + timedelta(hours=30)
    for minute, count in [(NOON, 9), (NOON + MINUTE, 9), (later, rest), (later + MINUTE, rest)]:
        await answer(camera, minute, count)
        await heartbeat.set_mark(schedule.CURSOR, minute)
        await sample(any_database, minute + timedelta(seconds=70))
    events = await AlertEvent.all().order_by("id")
    kinds = [event.kind for event in events]
    assert kinds == [EventKind.RISE, EventKind.CLOSED, EventKind.RISE][: 3 if rest else 2]
    trial = await trial_of(group, policy_of_alert(alert, 60), MINUTE, later + timedelta(hours=1))
    assert trial.entered == kinds.count(EventKind.RISE)
