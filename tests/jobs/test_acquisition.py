"""Many cameras at once, some of them dead: short forms of `nigiwai bench`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

import pytest

from jobs import ledger, memory, schedule
from jobs.benchmarks import acquisition, minutes
from jobs.benchmarks.memory import resident_mb
from jobs.observe import observe
from jobs.worker import Worker
from tests.jobs.conftest import NOON, World, jpeg, make_cameras, make_world
from webapp.connectors import CameraUnreachable, Phase, Still
from webapp.domain.breaker import is_open
from webapp.domain.health import CameraState
from webapp.domain.schedule import due_at, slot_of
from webapp.models import Camera, Latest, Observation, Slot
from webapp.settings import Settings


async def test_living_cameras_have_their_minutes_though_others_are_dead() -> None:
    figures = await acquisition.run(cameras=60, minutes=2, interval=10)
    assert figures["dead"] == 18
    assert figures["recorded_share_of_living"] == 1
    assert figures["tried_share_of_all"] == 1
    assert figures["start_delay_p99_s"] <= 5


async def test_minutes_of_many_cameras_are_all_recorded_and_begin_evenly() -> None:
    """TRUST 3 in short form; 5,000 cameras and 30 minutes: `nigiwai bench minutes`."""
    figures = await minutes.run(cameras=400, minutes=3)
    assert figures["recorded_share"] >= 0.999
    assert (figures["missed"], figures["skipped"]) == (0, 0)


def test_the_busiest_second_of_5000_cameras_starts_at_most_twice_the_mean() -> None:
    seconds: dict[int, int] = {}
    for number in range(5000):
        at = due_at(f"camera{number:06}", NOON, 60)
        second = int((at - NOON).total_seconds())
        seconds[second] = seconds.get(second, 0) + 1
    assert max(seconds.values()) <= 2 * 5000 / 60


@dataclass
class Numbered:
    """Cameras that answer by their number: those in ``hanging`` take the connection and wait."""

    hanging: frozenset[int] = frozenset()
    dead: frozenset[int] = frozenset()
    starts: list[tuple[int, datetime]] = field(default_factory=list)
    data: bytes = field(default_factory=jpeg)

    async def fetch(  # the connector's interface
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109
    ) -> Still:
        self.starts.append((source["number"], datetime.now(UTC)))
        if source["number"] in self.hanging:
            await asyncio.sleep(timeout)
            raise CameraUnreachable(Phase.TIMEOUT, "nothing")
        if source["number"] in self.dead:
            raise CameraUnreachable(Phase.CONNECT, "nothing")
        return Still(self.data, at)


async def numbered(world: World, cameras: Numbered, count: int) -> list[int]:
    """Make ``count`` cameras that ask ``cameras``; their ids by number."""
    world.services = replace(world.services, connectors={"fake": cameras})  # type: ignore[arg-type]
    world.shop = replace(world.shop, services=world.services)
    made = await make_cameras(world.services, count)
    for number, camera in enumerate(made):
        source = world.services.sealer.seal({"number": number})
        await Camera.filter(id=camera.id).update(source=source)
    return [camera.id for camera in made]


INTERVAL, CAMERAS = 8, 200


@pytest.mark.parametrize("hands", [16, 256])
async def test_one_hanging_camera_delays_the_others_by_no_second(
    database: Settings, hands: int
) -> None:
    """TRUST 8: 200 cameras, of which one hangs for as long as it may."""
    world = make_world(database)
    settings = world.settings.model_copy(
        update={
            "capture_interval": INTERVAL,
            "capture_timeout": 6.0,
            "acquisition_concurrency": hands,
        }
    )
    world.services = replace(world.services, settings=settings)
    cameras = Numbered(hanging=frozenset({7}))
    ids = await numbered(world, cameras, CAMERAS)
    begun = slot_of(datetime.now(UTC), INTERVAL) + timedelta(seconds=INTERVAL)
    await asyncio.sleep((begun - datetime.now(UTC)).total_seconds())
    worker = Worker(world.services, "")
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(2 * INTERVAL - 0.5)
    worker.stop.set()
    await task
    delays = await _delays(cameras, ids, [begun, begun + timedelta(seconds=INTERVAL)])
    assert len(delays) == 2 * (CAMERAS - 1)
    # A worker looks into the ledger twice a second: without any hanging camera it is 0.5 s.
    assert quantiles(delays, n=100)[98] <= 0.5 + 1


async def _delays(cameras: Numbered, ids: list[int], slots: list[datetime]) -> list[float]:
    rows = await Slot.filter(minute__in=slots).values_list("camera_id", "minute", "due_at")
    due = {(camera, minute): at for camera, minute, at in rows}
    return [
        (at - due[ids[number], slot_of(at, INTERVAL)]).total_seconds()
        for number, at in cameras.starts
        if number not in cameras.hanging and (ids[number], slot_of(at, INTERVAL)) in due
    ]


async def test_memory_is_flat_over_an_hour_of_dead_cameras(database: Settings) -> None:
    world = make_world(database)
    cameras = Numbered(dead=frozenset(range(6)))
    ids = await numbered(world, cameras, 20)
    at_first = 0.0
    for minute in range(60):
        world.clock.at = at = NOON + timedelta(minutes=minute)
        cameras.data = jpeg(shade=60 + minute)
        await schedule.tick(world.settings, at)
        for held in await ledger.claim(world.settings, world.clock.move(seconds=50), 20):
            await observe(world.shop, held)
        if minute == 20:
            gc.collect()
            memory.give_back()
            at_first = resident_mb()
    world.shop.analysis.close()
    gc.collect()
    memory.give_back()
    assert resident_mb() - at_first < 4
    assert await Observation.filter(state=CameraState.OK).count() == 14 * 60
    dead = await Latest.filter(camera_id__in=ids[:6]).values_list("silences", flat=True)
    assert dead == 6 * [60]
    assert is_open(60)
