"""Turns and signs of life."""

import asyncio
from datetime import timedelta

from tests.jobs.conftest import NOON
from webapp import heartbeat
from webapp.settings import Settings

HOUR = timedelta(hours=1)


async def test_a_turn_is_taken_once_in_its_time(any_database: Settings) -> None:
    first = await asyncio.gather(*(heartbeat.take_turn("x", NOON, HOUR) for _ in range(8)))
    assert sum(first) == 1
    soon = NOON + timedelta(minutes=59)
    assert not await heartbeat.take_turn("x", soon, HOUR)
    again = await asyncio.gather(*(heartbeat.take_turn("x", NOON + HOUR, HOUR) for _ in range(8)))
    assert sum(again) == 1


async def test_a_turn_taken_by_a_wrong_clock_does_not_block_for_years(
    any_database: Settings,
) -> None:
    assert await heartbeat.take_turn("x", NOON + 1000 * HOUR, HOUR)
    assert await heartbeat.take_turn("x", NOON, HOUR)


async def test_a_worker_that_is_silent_reads_dead_within_30_seconds(
    any_database: Settings,
) -> None:
    await heartbeat.beat("a", NOON)
    await heartbeat.beat("b", NOON + timedelta(seconds=20))
    assert await heartbeat.live_workers(NOON + timedelta(seconds=29)) == ["a", "b"]
    assert await heartbeat.live_workers(NOON + timedelta(seconds=30)) == ["b"]
    await heartbeat.forget("b")
    assert await heartbeat.live_workers(NOON + timedelta(seconds=30)) == []


async def test_the_mark_of_the_schedule_never_goes_back(any_database: Settings) -> None:
    assert await heartbeat.mark("schedule") is None
    await heartbeat.advance_mark("schedule", NOON)
    await heartbeat.advance_mark("schedule", NOON - HOUR)
    assert await heartbeat.mark("schedule") == NOON
