"""A camera's areas reach its count, its picture and nothing else (B3)."""

from __future__ import annotations

from typing import Any

import pytest
from nigiwai_engine_api import PictogramStyle

from tests.jobs.conftest import World, make_background, make_cameras
from tests.jobs.test_observe import one_minute
from webapp.domain.health import CameraState
from webapp.domain.masking import render
from webapp.domain.pictures import decode, encode_jpeg
from webapp.models import Camera, Observation

# The fake engine's two people stand at x = 35 and 75, y = 120 of 320 x 240.
AROUND_THE_FIRST = [[0.0, 0.4], [0.15, 0.4], [0.15, 0.6], [0.0, 0.6]]


def areas(rule: str, points: Any = AROUND_THE_FIRST) -> list[dict[str, Any]]:
    return [{"rule": rule, "points": points}]


async def test_a_camera_counts_everywhere_unless_told(world: World) -> None:
    [camera] = await make_cameras(world.services)
    assert (await Camera.get(id=camera.id)).areas == []
    assert (await one_minute(world)).count == 2


@pytest.mark.parametrize(("rule", "left"), [("count", 0), ("leave_out", 1)])
async def test_only_who_counts_is_counted_drawn_and_stored(
    world: World, rule: str, left: int
) -> None:
    [camera] = await make_cameras(world.services, areas=areas(rule))
    background = await make_background(world.services, camera)
    latest = await one_minute(world)
    assert (latest.state, latest.count) == (CameraState.OK, 1)
    assert (await Observation.get()).count == 1
    found = world.engine.find_people(decode(world.camera.data), world.engine.contexts[0])
    empty = await world.services.storage.get(background.picture)
    assert empty is not None
    alone = found.only(found.boxes[:, 0] == found.boxes[left, 0])
    expected = encode_jpeg(render(decode(empty), alone, PictogramStyle.FIGURE))
    assert await world.services.storage.get(latest.picture) == expected


async def test_areas_that_cannot_be_read_are_unknown_and_not_everybody(world: World) -> None:
    [camera] = await make_cameras(world.services, areas=areas("count", [[0, 0], [2, 2]]))
    await make_background(world.services, camera)
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.ENGINE_FAILED, "areas_invalid")
    assert (latest.count, latest.picture) == (None, "")
