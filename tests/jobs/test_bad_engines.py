"""An engine that fails, hangs or talks nonsense costs its frame, and the camera says so."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from nigiwai_engine_api import Context, EngineFailure, Frame, People

from tests.jobs.conftest import NOON, World, in_a_hurry, jpeg, make_cameras
from tests.jobs.test_observe import one_minute
from webapp import words
from webapp.domain.health import CameraState
from webapp.i18n import Locale


def boxes(*rows: tuple[float, float, float, float]) -> People:
    values = np.array(rows, np.float32).reshape(-1, 4)
    return People(values, np.full(len(values), 0.5, np.float32))


def _raise(error: BaseException) -> Callable[..., Any]:
    def find(frame: Frame, context: Context) -> Any:
        raise error

    return find


BAD: dict[str, Callable[[Frame, Context], Any]] = {
    "says that it fails": _raise(EngineFailure("not this one")),
    "divides by nought": lambda frame, context: 1 // 0,
    "runs out of memory": _raise(MemoryError()),
    "ends the process": lambda frame, context: sys.exit(3),
    "cancels": _raise(asyncio.CancelledError()),
    "stops an iteration": _raise(StopIteration()),
    "recurses for ever": lambda frame, context: BAD["recurses for ever"](frame, context),
    "writes to the frame": lambda frame, context: frame.pixels.fill(0),
    "answers nothing": lambda frame, context: None,
    "answers a number": lambda frame, context: 3,
    "answers a tuple": lambda frame, context: (np.zeros((1, 4)), np.ones(1)),
    "answers no number": lambda frame, context: boxes((0, 0, np.nan, 1)),
    "answers endless boxes": lambda frame, context: boxes((0, 0, np.inf, 1)),
    "answers boxes elsewhere": lambda frame, context: boxes((5000, 5000, 6000, 6000)),
    "answers boxes before": lambda frame, context: boxes((-50, 0, -20, 10)),
    "answers far too many": lambda frame, context: boxes(*[(0, 0, 1, 1)] * 10_001),
}


@pytest.mark.parametrize("name", BAD)
async def test_nonsense_costs_that_frame_only(world: World, name: str) -> None:
    await make_cameras(world.services)
    good = world.engine.find_people
    world.engine.find_people = BAD[name]  # type: ignore[method-assign]
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.ENGINE_FAILED, "engine_error")
    assert (latest.count, latest.picture) == (None, "")
    world.engine.find_people = good  # type: ignore[method-assign]
    world.clock.at = NOON + timedelta(minutes=1)
    latest = await one_minute(world)
    assert (latest.state, latest.count) == (CameraState.OK, 2)


@pytest.mark.parametrize("detail", ["engine_error", "engine_slow", "engine_missing"])
def test_the_camera_says_what_happened_and_what_to_do(detail: str) -> None:
    for language in ("ja", "en"):
        locale = Locale(language)
        sentence = words.state_sentence(
            CameraState.ENGINE_FAILED, NOON, locale, NOON, words.detail(detail)
        )
        assert len(sentence) > 20
        assert detail not in sentence


async def test_boxes_that_reach_over_the_edge_are_borne_with(world: World) -> None:
    await make_cameras(world.services)
    world.engine.find_people = (  # type: ignore[method-assign]
        lambda frame, context: boxes((-10, -10, 50, 300))
    )
    latest = await one_minute(world)
    assert (latest.state, latest.count) == (CameraState.OK, 1)


async def test_an_engine_that_hangs_costs_its_cameras_and_no_others(world: World) -> None:
    """However many frames it hangs on, others are counted and the threads stay few."""
    await make_cameras(world.services)
    let_go = threading.Event()
    threads = threading.active_count()
    for minute in range(8):
        world.clock.at = NOON + timedelta(minutes=minute)
        world.engine.fault = lambda: let_go.wait(120) and None
        with in_a_hurry(world):
            latest = await one_minute(world)
        assert (latest.state, latest.detail) == (CameraState.ENGINE_FAILED, "engine_slow")
        assert await world.shop.analysis.run(lambda: "others", 30) == "others"
    assert threading.active_count() <= threads + 5
    let_go.set()
    world.engine.fault = None
    for minute in range(200):
        world.camera.data = jpeg(shade=minute)
        world.clock.at = NOON + timedelta(minutes=20 + minute)
        latest = await one_minute(world)
        if latest.state is CameraState.OK:
            break
        await asyncio.sleep(0.05)
    assert latest.count == 2
