"""Captures that are added to a background that builds itself, and what becomes of them (M4, B2)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from nigiwai_engine_api.types import UInt8

from jobs import background_build, ledger, schedule, sweep
from jobs.background_build import Capture, Turns, contribute
from jobs.deliver import deliver_due
from jobs.observe import observe
from jobs.waiting_stills import WaitingStills
from tests.backgrounds.test_build_domain import street
from tests.jobs.conftest import NOON, World, make_background, make_cameras, make_world
from webapp.analysis import analyse_still
from webapp.analysis_pool import AnalysisPool
from webapp.backgrounds import builds
from webapp.backgrounds.candidates import Registration, register_background
from webapp.backgrounds.drafts import Draft
from webapp.connectors import Still
from webapp.database import transaction
from webapp.domain.daylight import Part
from webapp.domain.health import CameraState
from webapp.models import BackgroundBuild, BackgroundBuildPart, Camera, Latest
from webapp.settings import Settings

WIDTH, HEIGHT = 192, 144
MINUTE = timedelta(minutes=1)


def encoded(pixels: UInt8, number: int = 0) -> bytes:
    noise = np.random.default_rng(number).standard_normal(pixels.shape, np.float32)
    grainy = np.clip(pixels + 2 * noise, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


async def minute(world: World, number: int, data: bytes) -> None:
    """One minute of the only camera, which shows this."""
    world.camera.data = data
    world.clock.at = NOON + number * MINUTE
    await schedule.tick(world.settings, world.clock.at)
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 10)
    assert await observe(world.shop, held)


async def building(world: World, **values: Any) -> Camera:
    """One camera without people, which builds from noon on."""
    world.engine.count = 0
    [camera] = await make_cameras(world.services, **values)
    async with transaction():
        assert await builds.start(camera, NOON)
    return camera


async def loaded(camera: Camera) -> Camera:
    return await Camera.get(id=camera.id).select_related(
        "latest", "organisation", "background_build"
    )


async def row_of(part: Part = Part.ALL) -> BackgroundBuildPart:
    return await BackgroundBuildPart.get(part=part)


def files(world: World) -> list[str]:
    return sorted(key for key, _ in world.services.storage.list_sync("building"))


async def tidied(world: World, at: datetime) -> list[str]:
    """What is left once the outbox was carried out."""
    while await deliver_due(world.services, at):
        continue
    return files(world)


def capture(data: bytes, number: int, world: World) -> Capture:
    analysis = analyse_still(data, world.engine, 3, None, 10**7)
    at = NOON + number * MINUTE
    return Capture(Still(data, at), analysis, at)


async def test_without_consent_nothing_is_collected(world: World) -> None:
    await make_cameras(world.services)
    await minute(world, 0, encoded(street()))
    assert files(world) == []


async def test_each_minute_is_added_once_and_one_sealed_file_is_kept(world: World) -> None:
    camera = await building(world)
    for number in range(3):
        await minute(world, number, encoded(street(), number))
    row = await row_of()
    assert (row.captures, row.misfits, row.coverage) == (3, 0, 0)
    assert files(world) == [row.file]
    assert row.file.startswith(f"building/{camera.public_id}/")
    sealed = world.services.storage.get_sync(row.file)
    assert sealed is not None
    assert b"\x89PNG" not in sealed
    samples = await builds.samples_of(world.services, row)
    assert samples is not None
    assert samples.size == (WIDTH, HEIGHT)
    assert np.abs(samples.values[0].astype(int) - street()).mean() < 6
    await minute(world, 3, encoded(street(), 2))
    assert (await row_of()).captures == 3, "the very same picture tells nothing new"
    again = capture(encoded(street(), 9), 2, world)
    assert not await contribute(
        world.services, world.shop.analysis, await loaded(camera), again, NOON + 2 * MINUTE
    )


async def test_people_are_left_out_also_outside_the_areas(database: Settings) -> None:
    world = make_world(database)
    areas = [{"rule": "count", "points": [[0, 0], [0.1, 0], [0.1, 0.1]]}]
    await building(world, areas=areas)
    world.engine.count = 2
    await minute(world, 0, encoded(street()))
    assert (await Latest.get()).count == 0, "nobody stands where it counts"
    samples = await builds.samples_of(world.services, await row_of())
    assert samples is not None
    assert not samples.seen[40:120, 20:50].any()
    assert samples.seen[:20].all()
    world.shop.analysis.close()


async def test_of_two_workers_one_wins_and_no_file_is_left_over(world: World) -> None:
    camera = await loaded(await building(world))
    works = [capture(encoded(street(), n), n, world) for n in range(4)]
    added = await asyncio.gather(
        *(
            contribute(world.services, world.shop.analysis, camera, one, NOON + MINUTE)
            for one in works
        )
    )
    row = await row_of()
    assert row.captures == sum(added) >= 1
    assert files(world) == [row.file]


class Interrupted(AnalysisPool):
    """Threads, while whose work something else happens."""

    def __init__(self, meanwhile: Callable[[], Any]) -> None:
        super().__init__(1)
        self.meanwhile = meanwhile

    async def run(self, *args: Any, **named: Any) -> Any:
        result = await super().run(*args, **named)
        await self.meanwhile()
        return result


async def test_what_is_ended_while_a_worker_adds_leaves_nothing(world: World) -> None:
    camera = await building(world)
    await minute(world, 0, encoded(street()))

    async def end() -> None:
        async with transaction():
            assert await builds.cancel(camera, NOON)

    pool = Interrupted(end)
    late = capture(encoded(street(), 1), 1, world)
    assert not await contribute(world.services, pool, await loaded(camera), late, NOON + MINUTE)
    pool.close()
    assert not await BackgroundBuildPart.exists()
    assert await tidied(world, NOON + MINUTE) == []
    async with transaction():
        assert not await builds.cancel(camera, NOON)


async def test_a_first_night_that_comes_while_the_night_is_switched_off_leaves_nothing(
    world: World,
) -> None:
    camera = await loaded(await building(world, has_night=True))  # in Tokyo it is 21:00

    async def end() -> None:
        async with transaction():
            await Camera.filter(id=camera.id).update(has_night=False)
            await builds.night_ends(camera, NOON)

    pool, late = Interrupted(end), capture(encoded(street()), 0, world)
    assert not await contribute(world.services, pool, camera, late, NOON)
    pool.close()
    assert files(world) == []
    assert (await row_of(Part.NIGHT)).captures == 0
    pool = world.shop.analysis
    assert await contribute(world.services, pool, camera, late, NOON), "it is the day's now"
    assert ((await row_of(Part.NIGHT)).captures, (await row_of()).captures) == (0, 1)


async def test_a_capture_of_a_source_that_was_changed_meanwhile_is_left_out(world: World) -> None:
    camera = await loaded(await building(world))

    async def change() -> None:
        async with transaction():
            await Camera.filter(id=camera.id).update(rotation=90)
            await builds.source_changes(camera, NOON)

    pool, late = Interrupted(change), capture(encoded(street()), 0, world)
    assert not await contribute(world.services, pool, camera, late, NOON)
    pool.close()
    assert not await contribute(world.services, world.shop.analysis, camera, late, NOON)
    assert files(world) == []
    row = await row_of()
    assert (row.file, row.captures, row.afresh) == ("", 0, "")


async def test_while_another_camera_has_its_turn_a_capture_is_counted_and_left_out(
    world: World,
) -> None:
    await building(world)
    with world.shop.turns.take(0) as is_its_turn:
        assert is_its_turn
        await minute(world, 0, encoded(street()))
    assert ((await Latest.get()).count, (await row_of()).captures) == (0, 0)
    await minute(world, 1, encoded(street(), 1))
    assert (await row_of()).captures == 1


def test_cameras_in_each_others_way_take_turns() -> None:
    turns, had = Turns(), dict.fromkeys((1, 2, 3), 0)
    for _ in range(12):
        holds = None
        for camera in had:  # all of them come while the first one's step goes on
            take = turns.take(camera)
            if take.__enter__():
                had[camera] += 1
                holds = take
            else:
                take.__exit__(None, None, None)
        if holds is not None:
            holds.__exit__(None, None, None)
    assert had == {1: 4, 2: 4, 3: 4}


async def test_counting_has_the_threads_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_build, "PATIENCE", 0.2)
    camera, pool, ends = await loaded(await building(world)), AnalysisPool(1), threading.Event()
    work = capture(encoded(street()), 0, world)
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def count() -> None:
        loop.call_soon_threadsafe(begun.set)
        ends.wait()

    counting = asyncio.create_task(pool.run(count, 60))
    await begun.wait()
    assert not await contribute(world.services, pool, camera, work, NOON)
    assert files(world) == []
    monkeypatch.setattr(background_build, "PATIENCE", 60)
    waits = asyncio.create_task(contribute(world.services, pool, camera, work, NOON))
    ends.set()
    await counting
    assert await waits, "it has waited for the thread"
    pool.close()


async def test_a_still_that_waits_to_be_added_counts_among_those_that_wait(
    database: Settings,
) -> None:
    world, held = make_world(database), []
    await building(world)

    async def look() -> None:
        held.append(world.shop.stills.is_full)

    pool = Interrupted(look)
    world.shop = replace(world.shop, analysis=pool, stills=WaitingStills(1))
    await minute(world, 0, encoded(street()))
    assert (await row_of()).captures == 1
    assert held == [True, True], "while it is counted, and while it is added"
    assert not world.shop.stills.is_full
    pool.close()


async def test_a_settled_one_is_looked_at_every_ten_minutes(database: Settings) -> None:
    world = make_world(database)
    await building(world)
    await minute(world, 0, encoded(street()))
    await BackgroundBuildPart.filter(part=Part.ALL).update(coverage=995)
    for number in (1, 9):
        await minute(world, number, encoded(street(), number))
        assert (await row_of()).minute == NOON
    await minute(world, 10, encoded(street(), 10))
    assert (await row_of()).minute == NOON + 10 * MINUTE
    await BackgroundBuildPart.filter(part=Part.ALL).update(coverage=995, misfits=10)
    await minute(world, 11, encoded(street(), 11))
    assert (await row_of()).minute == NOON + 11 * MINUTE, "it may have moved: that is found soon"
    world.shop.analysis.close()


async def test_after_a_week_all_is_deleted_and_no_clock_prolongs_it(world: World) -> None:
    await building(world)
    await minute(world, 0, encoded(street()))
    assert await builds.forget_expired(NOON + builds.KEPT - MINUTE) == 0
    assert await builds.forget_expired(NOON - MINUTE) == 0
    assert await builds.forget_expired(NOON + builds.KEPT) == 1
    assert await tidied(world, NOON + builds.KEPT) == []
    assert not await BackgroundBuild.exists()

    await BackgroundBuild.all().delete()
    camera = await Camera.get()
    async with transaction():
        await builds.start(camera, NOON + timedelta(days=2))
    assert await builds.forget_expired(NOON) == 1, "the clock was wrong when it began"


async def test_nothing_is_added_once_the_week_is_over(database: Settings) -> None:
    world = make_world(database)
    camera = await loaded(await building(world))
    work = capture(encoded(street()), 0, world)
    for at in (NOON + builds.KEPT, NOON - timedelta(hours=2)):
        assert not await contribute(world.services, world.shop.analysis, camera, work, at)
    assert files(world) == []
    world.shop.analysis.close()


async def test_day_and_night_are_collected_apart(database: Settings) -> None:
    world = make_world(database)
    camera = await building(world, has_night=True)  # in Tokyo it is 21:00 at noon
    await minute(world, 0, encoded(street()))
    await Camera.filter(id=camera.id).update(day_ends=22 * 60)
    await minute(world, 1, encoded(street(), 1))
    await minute(world, 2, encoded(street(), 2))
    assert ((await row_of(Part.NIGHT)).captures, (await row_of()).captures) == (1, 2)
    assert len(files(world)) == 2
    camera = await loaded(camera)
    async with transaction():
        await builds.part_ends(camera, Part.ALL, NOON)
    assert await tidied(world, NOON) == [(await row_of(Part.NIGHT)).file]
    assert set(await builds.of_camera(world.services, camera, NOON)) == {Part.NIGHT}
    async with transaction():
        assert await builds.start(camera, NOON), "the day may be built once more"
        assert not await builds.start(camera, NOON)
    async with transaction():
        await builds.night_ends(camera, NOON)
    assert await tidied(world, NOON) == []
    assert (await row_of(Part.NIGHT)).captures == 0
    async with transaction():
        await builds.part_ends(camera, Part.ALL, NOON)
        await builds.part_ends(camera, Part.NIGHT, NOON)
    assert not await BackgroundBuild.exists()
    world.shop.analysis.close()


async def test_a_camera_that_moved_collects_afresh_while_it_publishes_nothing(
    world: World,
) -> None:
    camera = await building(world)
    row = await make_background(world.services, camera, WIDTH, HEIGHT)
    data = bytes(cv2.imencode(".png", street())[1])
    await world.services.storage.put(row.picture, data)
    for number in range(10):
        await minute(world, number, encoded(street(), number))
    assert (await row_of()).captures == 10
    for number in range(10, 16):
        await minute(world, number, encoded(street(2), number))
    latest = await Latest.get()
    assert (latest.state, latest.detail, latest.count) == (CameraState.BAD_PICTURE, "moved", None)
    collected = (await builds.of_camera(world.services, await loaded(camera), NOON))[Part.ALL]
    assert collected.afresh == "view"
    assert collected.row.captures in {3, 4}
    samples = await builds.samples_of(world.services, collected.row)
    assert samples is not None
    assert np.abs(samples.values[0].astype(int) - street(2)).mean() < 6


async def test_another_mode_begins_afresh_and_a_lost_file_too(database: Settings) -> None:
    world = make_world(database)
    camera = await building(world)
    for number in range(2):
        await minute(world, number, encoded(street(), number))
    await Camera.filter(id=camera.id).update(rotation=180)
    await minute(world, 2, encoded(street(), 2))
    row = await row_of()
    assert (row.captures, row.afresh) == (1, "camera")
    world.services.storage.delete_sync([row.file])
    await minute(world, 3, encoded(street(), 3))
    row = await row_of()
    assert (row.captures, row.afresh) == (1, "lost")
    assert files(world) == [row.file]
    world.shop.analysis.close()


async def test_registering_any_background_deletes_what_was_collected(database: Settings) -> None:
    world = make_world(database)
    camera = await building(world)
    await minute(world, 0, encoded(street()))
    camera = await loaded(camera)

    async def log() -> None:
        """Write nothing."""

    draft = Draft(bytes(cv2.imencode(".png", street())[1]))
    await register_background(world.services, camera, draft, "", Registration(), NOON, log)
    assert not await BackgroundBuild.exists()
    assert await tidied(world, NOON) == []
    world.shop.analysis.close()


async def test_files_that_no_row_names_are_swept(
    database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(database)
    await building(world)
    await minute(world, 0, encoded(street()))
    [kept] = files(world)
    world.services.storage.put_sync("building/aaaaaaaaaaaa/left-over.sealed", b"x")
    monkeypatch.setitem(sweep.LIVES, "building", timedelta(0))
    now = world.services.storage.list_sync(kept.rsplit("/", 1)[0])
    stored = max(at for _, at in now)
    assert await sweep.sweep(world.services, stored + MINUTE) >= 1
    assert files(world) == [kept]
    world.shop.analysis.close()
