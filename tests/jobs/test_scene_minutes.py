"""A camera that moved, is covered or in the dark: what its minutes bring (M7)."""

from __future__ import annotations

from datetime import timedelta

import cv2
import numpy as np
from nigiwai_engine_api.types import UInt8

from jobs import ledger, schedule
from jobs.benchmarks.scene import (
    all_black,
    at_night,
    background,
    behind_pattern,
    crowded,
    moved,
)
from jobs.observe import observe
from tests.jobs.conftest import NOON, World, make_background, make_cameras
from webapp.domain.health import CameraState
from webapp.models import Latest, Observation


async def scene_of(world: World) -> UInt8:
    """One camera before the demo's empty place, in which nobody is found."""
    world.engine.count = 0
    [camera] = await make_cameras(world.services)
    row = await make_background(world.services, camera, 768, 576)
    empty = background()
    await world.services.storage.put(row.picture, cv2.imencode(".png", empty)[1].tobytes())
    return empty


async def minute(world: World, number: int, pixels: UInt8) -> Latest:
    noise = np.random.default_rng(number).standard_normal(pixels.shape, np.float32)
    grainy = np.clip(pixels + 2 * noise, 0, 255).astype(np.uint8)
    world.camera.data = cv2.imencode(".jpg", grainy)[1].tobytes()
    world.clock.at = NOON + timedelta(minutes=number)
    await schedule.tick(world.settings, world.clock.at)
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 10)
    assert await observe(world.shop, held)
    return await Latest.get(camera_id=held.camera_id)


async def test_a_moved_camera_is_verified_then_offline_then_well_again(world: World) -> None:
    empty = await scene_of(world)
    good = await minute(world, 0, empty)
    assert (good.state, good.count, good.detail) == (CameraState.OK, 0, "")
    first = await minute(world, 1, moved(empty, 1, across=12))
    assert (first.state, first.detail, first.count) == (CameraState.VERIFYING, "moved", None)
    second = await minute(world, 2, moved(empty, 2, across=12))
    assert (second.state, second.detail) == (CameraState.BAD_PICTURE, "moved")
    assert (second.picture, second.good_at) == (good.picture, good.good_at)
    rows = await Observation.filter(state=CameraState.BAD_PICTURE)
    assert [row.count for row in rows] == [None, None]
    assert (await minute(world, 3, empty)).state is CameraState.OK


async def test_a_pattern_before_the_lens_is_told_by_the_second_capture(world: World) -> None:
    empty = await scene_of(world)
    await minute(world, 0, empty)
    doubtful = await minute(world, 1, behind_pattern(empty, 1))
    assert (doubtful.state, doubtful.count) == (CameraState.OK, 0)
    assert doubtful.sketch
    sure = await minute(world, 2, behind_pattern(empty, 2))
    assert (sure.state, sure.detail) == (CameraState.VERIFYING, "covered")
    assert (await minute(world, 3, behind_pattern(empty, 3))).state is CameraState.BAD_PICTURE
    well = await minute(world, 4, empty)
    assert (well.state, well.sketch) == (CameraState.OK, "")


async def test_a_crowd_that_nobody_finds_pauses_nothing(world: World) -> None:
    empty = await scene_of(world)
    for number in range(3):
        latest = await minute(world, number, crowded(empty, number, share=0.5))
        assert (latest.state, latest.detail) == (CameraState.OK, "")


async def test_night_is_remarked_and_counted_and_black_is_not(world: World) -> None:
    empty = await scene_of(world)
    night = await minute(world, 0, at_night(empty, 0, light=0.2, lamps=False))
    assert (night.state, night.detail, night.count) == (CameraState.OK, "dark", 0)
    assert night.picture
    black = await minute(world, 1, all_black(empty, 1))
    assert (black.state, black.detail, black.count) == (CameraState.VERIFYING, "black", None)
