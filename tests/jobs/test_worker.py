"""A whole worker in this process: loops, wake-ups, outbox, the end."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from jobs.crew import Crew
from jobs.valkey import EmbeddedValkey
from jobs.worker import PATIENCE, Worker
from tests.jobs.conftest import FEW, World, jpeg, make_background, make_cameras, make_world
from webapp import heartbeat, outbox
from webapp.domain.health import CameraState
from webapp.domain.schedule import slot_of
from webapp.models import Latest, Observation, Outbox, Slot
from webapp.models.job import SlotState
from webapp.queue import Queue
from webapp.settings import Settings


async def until(true: Callable[[], Awaitable[object]], within: float = 30) -> None:
    async with asyncio.timeout(within):
        while not await true():  # noqa: ASYNC110 - what is waited for lies in the database
            await asyncio.sleep(0.05)


@asynccontextmanager
async def at_work(world: World, redis_url: str = "") -> AsyncIterator[Worker]:
    one = Worker(world.services, redis_url)
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        one.stop.set()
        async with asyncio.timeout(30):
            await task


def quick(settings: Settings, interval: int = 6) -> World:
    return make_world(settings.model_copy(update={"capture_interval": interval}))


async def test_without_redis_it_works_all_the_same(any_database: Settings) -> None:
    world = quick(any_database)
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    async with at_work(world) as one:
        await until(lambda: Observation.filter(state=CameraState.OK).exists())
        await until(lambda: _minutes(3), within=60)
        assert await heartbeat.live_workers(datetime.now(UTC)) == [one.name]
    assert await heartbeat.live_workers(datetime.now(UTC)) == []
    rows = await Observation.all().values_list("minute", "state")
    assert {state for _, state in rows} == {CameraState.OK}
    assert len({minute for minute, _ in rows}) == len(rows)
    assert await Slot.filter(state=SlotState.CLAIMED).count() == 0
    assert (await Latest.get(camera_id=camera.id)).picture


async def _minutes(count: int) -> bool:
    return await Observation.all().count() >= count


async def test_wake_ups_come_through_valkey(
    database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken, wake = asyncio.Event(), Crew.wake

    def tell_and_wake(crew: Crew) -> None:
        woken.set()
        wake(crew)

    monkeypatch.setattr(Crew, "wake", tell_and_wake)
    valkey = EmbeddedValkey(database)
    valkey.start()
    world = quick(database, interval=3600)
    queue = Queue(valkey.url)
    try:
        [camera] = await make_cameras(world.services)
        async with at_work(world, valkey.url):
            await until(lambda: Observation.all().exists())
            await world.services.storage.put("masked/a/1.jpg", jpeg())
            at = datetime.now(UTC)
            payload = {"prefixes": ["masked/a"]}
            kind = outbox.PICTURES_DELETE
            await outbox.write(camera.organisation_id, kind, payload, "x", at)
            woken.clear()
            await queue.enqueue_observe("of another process")
            await asyncio.wait_for(woken.wait(), 30)
            await until(lambda: Outbox.filter(done_at__isnull=False).exists())
    finally:
        await queue.close()
        valkey.close()
    assert await world.services.storage.get("masked/a/1.jpg") is None


async def test_one_hanging_camera_holds_up_nobody(database: Settings) -> None:
    world = make_world(
        database.model_copy(update={"capture_interval": 3600, "acquisition_concurrency": 2})
    )
    settings = world.settings.model_copy(update={"capture_timeout": FEW})
    world.services = replace(world.services, settings=settings)

    async def hang_once() -> None:
        if world.camera.asked == 1:
            await asyncio.sleep(60)

    world.camera.fault = hang_once
    await make_cameras(world.services, 20)
    await _well_before_the_next_slot(3600, seconds=60)
    async with at_work(world):
        await until(lambda: _minutes(20), within=50)
    states = Counter(await Observation.all().values_list("state", flat=True))
    assert states == {CameraState.OK: 19, CameraState.UNREACHABLE: 1}


async def _well_before_the_next_slot(interval: int, seconds: float) -> None:
    """Begin where all that follows falls into one slot: the next one begins turns anew."""
    now = datetime.now(UTC)
    left = (slot_of(now, interval) - now).total_seconds() + interval
    if left < seconds:
        await asyncio.sleep(left + 0.1)


async def test_what_is_under_way_is_given_back_at_the_end(database: Settings) -> None:
    world = make_world(database.model_copy(update={"capture_interval": 3600}), deadline=FEW)
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.sleep(60)

    world.camera.fault = hang
    await make_cameras(world.services)
    async with at_work(world):
        async with asyncio.timeout(30):
            await started.wait()
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < PATIENCE + 5
    # The camera's own deadline (0.5 s here) ended it first, or the slot was given back.
    assert await Slot.filter(state=SlotState.CLAIMED).count() == 0


async def test_a_worker_whose_engine_hangs_for_good_stops_beating(database: Settings) -> None:
    world = make_world(database.model_copy(update={"capture_interval": 2}), deadline=FEW)
    let_go = threading.Event()
    world.engine.fault = lambda: let_go.wait(120) and None
    await make_cameras(world.services, 6)
    one = Worker(world.services, "", ends_when_wedged=True)
    try:
        async with asyncio.timeout(90):
            await one.run()  # it ends by itself
        assert one.is_wedged
    finally:
        let_go.set()
