"""A worker's step keeps nothing: memory is flat (the real engine: `nigiwai bench memory`)."""

import gc
from datetime import timedelta

from jobs import ledger, schedule
from jobs.benchmarks.memory import resident_mb
from jobs.observe import observe
from tests.jobs.conftest import NOON, jpeg, make_background, make_cameras, make_world
from webapp.models import Observation
from webapp.settings import Settings

FRAMES, SETTLED, MOST_MB = 400, 150, 12


async def test_memory_stays_flat_over_many_frames(database: Settings) -> None:
    world = make_world(database)
    cameras = await make_cameras(world.services, 5)
    for camera in cameras:
        await make_background(world.services, camera, 640, 480)
    world.camera.data = jpeg(640, 480)
    world.engine.contexts = Forgetful()
    minute, done, settled = NOON, 0, 0.0
    while done < FRAMES:
        world.clock.at = minute
        await schedule.tick(world.settings, minute)
        for held in await ledger.claim(world.settings, minute + timedelta(seconds=50), 10):
            await observe(world.shop, held)
            done += 1
            for key, _ in list(world.services.storage.list_sync("masked")):
                world.services.storage.delete_sync([key])
            if done == SETTLED:
                gc.collect()
                settled = resident_mb()
        world.camera.data = jpeg(640, 480, 60 + done % 100)
        minute += timedelta(minutes=1)
    world.shop.analysis.close()
    assert await Observation.filter(count=2).count() == FRAMES
    assert resident_mb() - settled < MOST_MB


class Forgetful(list):  # type: ignore[type-arg]
    """A list that keeps nothing: the fake engine notes what it was given."""

    def append(self, item: object) -> None:
        return None
