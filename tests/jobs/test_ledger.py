"""Claims, leases and the one winner: on both databases."""

import asyncio
from datetime import timedelta

import pytest

from jobs import ledger, schedule
from jobs.ledger import Answer
from tests.jobs.conftest import NOON, World, make_cameras
from webapp.domain.health import CameraState
from webapp.models import Camera, Latest, Observation, Slot
from webapp.models.job import SlotState

LATER = NOON + timedelta(seconds=50)


def counted(count: int = 3) -> Answer:
    return Answer(
        CameraState.OK, count=count, engine="standard", captured_at=NOON, picture="masked/a/1.jpg"
    )


@pytest.fixture
async def due(world: World) -> World:
    await make_cameras(world.services, 10)
    await schedule.tick(world.settings, NOON)
    return world


async def test_a_slot_is_claimed_once_and_oldest_first(due: World) -> None:
    batches = await asyncio.gather(*(ledger.claim(due.settings, LATER, 3) for _ in range(6)))
    held = [claim.slot_id for batch in batches for claim in batch]
    assert len(held) == len(set(held)) == 10
    assert await ledger.claim(due.settings, LATER, 3) == []


async def test_nothing_is_claimed_before_its_turn(due: World) -> None:
    assert await ledger.claim(due.settings, NOON - timedelta(seconds=1), 10) == []


async def test_an_answer_is_one_observation_one_latest_and_a_done_slot(due: World) -> None:
    [held] = await ledger.claim(due.settings, LATER, 1)
    assert await ledger.finish(due.settings, held, counted(), LATER)
    row = await Observation.get()
    assert (row.minute, row.count, row.state) == (NOON, 3, CameraState.OK)
    latest = await Latest.get(camera_id=held.camera_id)
    assert (latest.count, latest.good_count, latest.good_at, latest.since) == (3, 3, NOON, LATER)
    assert (await Slot.get(id=held.slot_id)).state is SlotState.DONE
    assert not await ledger.finish(due.settings, held, counted(), LATER)
    assert await Observation.all().count() == 1


async def test_a_lease_that_ends_lets_another_take_over_and_the_first_loses(due: World) -> None:
    first = await ledger.claim(due.settings, LATER, 10)
    over = LATER + timedelta(seconds=due.settings.lease)
    assert await ledger.claim(due.settings, over - timedelta(seconds=1), 10) == []
    second = await ledger.claim(due.settings, over, 10)
    assert {claim.slot_id for claim in second} == {claim.slot_id for claim in first}
    assert {claim.attempt for claim in second} == {2}
    answers = await asyncio.gather(
        *(ledger.finish(due.settings, claim, counted(9), over) for claim in first),
        *(ledger.finish(due.settings, claim, counted(1), over) for claim in second),
    )
    assert answers == [False] * 10 + [True] * 10
    assert await Observation.all().values_list("count", flat=True) == [1] * 10


async def test_a_renewed_lease_holds(due: World) -> None:
    held = await ledger.claim(due.settings, LATER, 10)
    await ledger.renew(held, LATER + timedelta(seconds=15), due.settings.lease)
    assert await ledger.claim(due.settings, LATER + timedelta(seconds=25), 10) == []


async def test_what_is_given_back_can_be_taken_at_once(due: World) -> None:
    held = await ledger.claim(due.settings, LATER, 10)
    await ledger.release(held)
    assert len(await ledger.claim(due.settings, LATER, 10)) == 10
    await ledger.release(held)  # the old token no longer fits
    assert await ledger.claim(due.settings, LATER, 10) == []


async def test_a_slot_that_is_past_is_not_begun(due: World) -> None:
    assert await ledger.claim(due.settings, NOON + timedelta(seconds=60), 10) == []


async def test_a_lost_slot_is_tried_for_one_lease_more_and_then_missed(due: World) -> None:
    await ledger.claim(due.settings, NOON + timedelta(seconds=48), 9)
    assert len(await ledger.claim(due.settings, NOON + timedelta(seconds=70), 20)) == 9
    assert await ledger.claim(due.settings, NOON + timedelta(seconds=95), 20) == []
    await schedule.mark_missed(due.settings, NOON + timedelta(seconds=95), LATER)
    assert await Observation.filter(state=CameraState.MISSED).count() == 10


async def test_a_failure_keeps_the_last_good_and_says_unknown(due: World) -> None:
    [held] = await ledger.claim(due.settings, LATER, 1)
    await ledger.finish(due.settings, held, counted(5), LATER)
    next_minute = NOON + timedelta(minutes=1)
    await schedule.tick(due.settings, next_minute)
    at = next_minute + timedelta(seconds=50)
    held = next(
        c for c in await ledger.claim(due.settings, at, 10) if c.camera_id == held.camera_id
    )
    await ledger.finish(due.settings, held, Answer(CameraState.UNREACHABLE, "timeout"), at)
    latest = await Latest.get(camera_id=held.camera_id)
    assert (latest.state, latest.detail, latest.count) == (CameraState.VERIFYING, "timeout", None)
    assert (latest.good_count, latest.good_at, latest.picture) == (5, NOON, "masked/a/1.jpg")
    assert latest.since == at


async def test_the_camera_may_go_while_it_is_observed(due: World) -> None:
    [held] = await ledger.claim(due.settings, LATER, 1)
    await Camera.filter(id=held.camera_id).delete()
    assert not await ledger.finish(due.settings, held, counted(), LATER)
    assert await Observation.all().count() == 0
