"""Organisations take turns, and minutes with too much to do are told from missed ones."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from jobs import ledger, schedule
from tests.jobs.conftest import NOON, World, make_cameras
from webapp.domain.health import OUTCOMES, CameraState, Health, next_health
from webapp.models import Camera, Latest, Observation

LATER = NOON + timedelta(seconds=55)
MINUTE = timedelta(minutes=1)


async def test_an_organisation_with_many_cameras_does_not_hold_up_another(world: World) -> None:
    many = await make_cameras(world.services, 40)
    few = await make_cameras(world.services, 4)
    await schedule.tick(world.settings, NOON)
    first = await ledger.claim(world.settings, LATER, 10)
    by = Counter(held.organisation_id for held in first)
    assert by == {many[0].organisation_id: 6, few[0].organisation_id: 4}


async def test_what_is_under_way_counts_as_turns_that_were_had(world: World) -> None:
    many = await make_cameras(world.services, 40)
    await schedule.tick(world.settings, NOON)
    hanging = await ledger.claim(world.settings, LATER, 20)
    assert len(hanging) == 20
    few = await make_cameras(world.services, 5)
    await schedule.insert_slots(world.settings, NOON, NOON)
    freed = await ledger.claim(world.settings, LATER, 5)
    assert {held.organisation_id for held in freed} == {few[0].organisation_id}
    assert {held.organisation_id for held in await ledger.claim(world.settings, LATER, 5)} == {
        many[0].organisation_id
    }


async def test_eight_workers_that_claim_at_once_get_each_slot_once(world: World) -> None:
    for cameras in (30, 20, 10):
        await make_cameras(world.services, cameras)
    await schedule.tick(world.settings, NOON)
    batches = await asyncio.gather(*(ledger.claim(world.settings, LATER, 10) for _ in range(8)))
    batches.append(await ledger.claim(world.settings, LATER, 60))
    held = [claim.slot_id for batch in batches for claim in batch]
    assert len(held) == len(set(held)) == 60


async def _tick_through(world: World, seconds: int) -> None:
    for second in range(0, seconds, 15):
        await schedule.tick(world.settings, NOON + timedelta(seconds=second))


async def test_a_minute_that_workers_had_no_time_for_is_skipped_and_not_missed(
    world: World,
) -> None:
    [camera, *_] = await make_cameras(world.services, 3)
    await _tick_through(world, 121)
    states = await Observation.all().values_list("minute", "state", "count")
    assert set(states) == {(NOON, CameraState.SKIPPED, None), (NOON + MINUTE, *_skipped())}
    latest = await Latest.get(camera_id=camera.id)
    assert (latest.state, latest.count, latest.since) == (CameraState.SKIPPED, None, NOON)


def _skipped() -> tuple[CameraState, None]:
    return CameraState.SKIPPED, None


async def test_without_workers_it_is_missed(world: World) -> None:
    await make_cameras(world.services, 2)
    await schedule.tick(world.settings, NOON)
    await schedule.tick(world.settings, NOON + 2 * MINUTE)
    assert set(await Observation.all().values_list("state", flat=True)) == {CameraState.MISSED}


async def test_a_slot_whose_worker_was_lost_is_missed(world: World) -> None:
    await make_cameras(world.services, 1)
    await schedule.tick(world.settings, NOON)
    assert await ledger.claim(world.settings, LATER, 1)
    for second in range(15, 241, 15):
        await schedule.tick(world.settings, NOON + timedelta(seconds=second))
    assert (await Observation.get(minute=NOON)).state is CameraState.MISSED


@pytest.mark.parametrize("state", sorted(OUTCOMES | {CameraState.WAITING, CameraState.VERIFYING}))
@pytest.mark.parametrize("outcome", ["missed", "skipped", "closed"])
async def test_sql_and_the_table_of_states_agree(world: World, state: str, outcome: str) -> None:
    """``schedule`` changes many rows at once, by the rules of ``next_health``."""
    [camera] = await make_cameras(world.services)
    counts = (0, 0) if state == CameraState.CLOSED else (3, 2)
    before = Health(CameraState(state), NOON - MINUTE, *counts)
    await Latest.filter(camera_id=camera.id).update(
        state=before.state,
        since=before.since,
        failures=before.failures,
        silences=before.silences,
        minute=NOON - MINUTE,
    )
    if outcome == "closed":
        await Camera.filter(id=camera.id).update(is_open=False)
        await schedule.tick(world.settings, NOON)
    elif outcome == "skipped":
        await _tick_through(world, 61)
    else:
        await schedule.tick(world.settings, NOON)
        await schedule.tick(world.settings, NOON + MINUTE)
    latest = await Latest.get(camera_id=camera.id)
    after = Health(latest.state, latest.since, latest.failures, latest.silences)
    assert after == next_health(before, CameraState(outcome), NOON)
