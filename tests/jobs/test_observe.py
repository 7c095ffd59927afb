"""One camera in one minute, and everything that can go wrong with it."""

import asyncio
import hashlib
import threading
from dataclasses import replace
from datetime import timedelta

import cv2
import numpy as np
import pytest
from nigiwai_engine_api import EngineFailure, Frame, People, PictogramStyle

from jobs import ledger, schedule
from jobs.observe import observe
from jobs.waiting_stills import WaitingStills
from tests.jobs.conftest import (
    NOON,
    World,
    in_a_hurry,
    jpeg,
    make_background,
    make_cameras,
    make_world,
)
from webapp.connectors import CameraUnreachable, Phase
from webapp.domain.health import CameraState
from webapp.domain.masking import render
from webapp.domain.pictures import decode, encode_jpeg
from webapp.errors import TemporaryFailure
from webapp.models import Background, Camera, Latest, Observation, Slot
from webapp.settings import Settings
from webapp.storage import Storage


async def one_minute(world: World) -> Latest:
    """Schedule the minute the clock shows and observe its one camera."""
    await schedule.tick(world.settings, world.clock.at)
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 10)
    assert await observe(world.shop, held)
    return await Latest.get(camera_id=held.camera_id)


async def test_a_frame_becomes_a_count_and_a_picture(world: World) -> None:
    [camera] = await make_cameras(world.services, level=4)
    background = await make_background(world.services, camera)
    latest = await one_minute(world)
    assert (latest.state, latest.detail, latest.count) == (CameraState.OK, "", 2)
    assert latest.picture.startswith(f"masked/{camera.public_id}/20260302T120000-")
    assert (latest.picture_width, latest.picture_height) == (320, 240)
    row = await Observation.get()
    assert (row.minute, row.count, row.engine) == (NOON, 2, "standard")
    assert row.captured_at == NOON + timedelta(seconds=50) == latest.good_at
    stored = await world.services.storage.get(latest.picture)
    empty = await world.services.storage.get(background.picture)
    assert stored is not None
    assert empty is not None
    people = world.engine.find_people(decode(world.camera.data), world.engine.contexts[0])
    assert stored == encode_jpeg(render(decode(empty), people, PictogramStyle.FIGURE))
    context = world.engine.contexts[0]
    assert context.level == 4
    assert context.background is not None


async def test_the_masked_picture_holds_nothing_of_the_live_frame(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    first = await one_minute(world)
    world.camera.data = jpeg(shade=10)
    world.clock.at = NOON + timedelta(minutes=1)
    second = await one_minute(world)
    get = world.services.storage.get
    assert first.picture != second.picture
    assert await get(first.picture) == await get(second.picture)


async def test_without_a_background_the_count_is_kept_and_no_picture(world: World) -> None:
    await make_cameras(world.services)
    latest = await one_minute(world)
    assert (latest.state, latest.count, latest.picture) == (CameraState.OK, 2, "")
    assert world.engine.contexts[0].background is None


async def test_the_newest_background_counts_and_a_smaller_one_is_scaled(world: World) -> None:
    [camera] = await make_cameras(world.services)
    old = await make_background(world.services, camera)
    await one_minute(world)
    newer = await make_background(world.services, camera, 160, 120)
    await Background.filter(id=newer.id).update(registered_at=NOON)
    world.clock.at = NOON + timedelta(minutes=1)
    latest = await one_minute(world)
    assert old.picture != newer.picture
    assert latest.picture
    background = world.engine.contexts[-1].background
    assert background is not None
    assert (background.width, background.height) == (320, 240)


async def test_a_camera_that_changed_its_shape_is_counted_without_picture(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    await one_minute(world)
    world.camera.data = jpeg(320, 320)
    world.clock.at = NOON + timedelta(minutes=1)
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.VERIFYING, "size_changed")
    assert (latest.count, latest.frame_width, latest.picture_height) == (None, 320, 240)
    world.clock.at = NOON + timedelta(minutes=2)
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.OK, "background_shape")
    assert (latest.count, latest.picture) == (2, "")


@pytest.mark.parametrize(
    ("phase", "detail"),
    [(Phase.CONNECT, "connect"), (Phase.SIGN_IN, "sign_in"), (Phase.ANSWER, "answer")],
)
async def test_a_camera_that_gives_nothing(world: World, phase: Phase, detail: str) -> None:
    async def fail() -> None:
        raise CameraUnreachable(phase, "nothing")

    await make_cameras(world.services)
    world.camera.fault = fail
    latest = await one_minute(world)
    assert (latest.state, latest.detail, latest.count) == (CameraState.UNREACHABLE, detail, None)
    row = await Observation.get()
    assert (row.state, row.count) == (CameraState.UNREACHABLE, None)


async def test_a_camera_that_hangs_ends_at_its_deadline(world: World) -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    await make_cameras(world.services)
    world.camera.fault = hang
    with in_a_hurry(world):
        latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.UNREACHABLE, "timeout")


async def test_a_connector_with_a_bug_is_no_end_of_the_worker(world: World) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    await make_cameras(world.services)
    world.camera.fault = fail
    assert (await one_minute(world)).state is CameraState.UNREACHABLE


async def test_an_address_sealed_under_another_secret(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await Camera.filter(id=camera.id).update(source="gAAAAnonsense")
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.UNREACHABLE, "sealed")


async def test_one_bad_minute_is_verified_before_a_camera_is_called_offline(world: World) -> None:
    async def fail() -> None:
        raise CameraUnreachable(Phase.CONNECT, "nothing")

    await make_cameras(world.services)
    await one_minute(world)
    world.camera.fault = fail
    states = []
    for minute in range(1, 4):
        world.clock.at = NOON + timedelta(minutes=minute)
        latest = await one_minute(world)
        states.append((latest.state, latest.detail, latest.count))
    offline = (CameraState.UNREACHABLE, "connect", None)
    assert states == [(CameraState.VERIFYING, "connect", None), offline, offline]
    assert latest.since == NOON + timedelta(minutes=1, seconds=50)  # the minute that was verified
    assert (latest.failures, latest.silences, latest.good_count) == (3, 3, 2)
    rows = await Observation.all().order_by("minute").values_list("state", flat=True)
    assert rows == [CameraState.OK] + 3 * [CameraState.UNREACHABLE]
    world.camera.fault = None
    world.clock.at = NOON + timedelta(minutes=4)
    latest = await one_minute(world)
    assert (latest.state, latest.count, latest.silences) == (CameraState.OK, 2, 0)


async def test_a_camera_that_alternates_its_size_counts_in_the_size_it_had(world: World) -> None:
    await make_cameras(world.services)
    states = []
    for minute, width in enumerate([320, 640, 320, 640, 640]):
        world.clock.at = NOON + timedelta(minutes=minute)
        world.camera.data = jpeg(width, 240)
        states.append((await one_minute(world)).state)
    ok, verifying = CameraState.OK, CameraState.VERIFYING
    assert states == [ok, verifying, ok, verifying, ok]


@pytest.mark.parametrize(
    ("phase", "brief"), [(Phase.ADDRESS, 2), (Phase.CONNECT, 2), (Phase.TIMEOUT, 4)]
)
async def test_a_camera_that_is_silent_for_long_is_asked_only_briefly(
    world: World, phase: Phase, brief: float
) -> None:
    given = await ten_silent_minutes(world, phase)
    assert given[:3] == [10, 10, 10]
    assert set(given[3:]) == {brief, 10}
    assert given[3:].count(10) in {1, 2}


async def test_a_camera_that_answers_without_a_picture_has_the_full_time(world: World) -> None:
    assert set(await ten_silent_minutes(world, Phase.ANSWER)) == {10}


async def ten_silent_minutes(world: World, phase: Phase) -> list[float]:
    """The seconds that the camera is given, of ten, in each of its minutes."""
    await make_cameras(world.services)
    given: list[float] = []

    async def fetch(source: object, at: object, timeout: float) -> None:  # noqa: ASYNC109
        given.append(timeout)
        raise CameraUnreachable(phase, "nothing")

    world.camera.fetch = fetch  # type: ignore[method-assign, assignment]
    settings = world.settings.model_copy(update={"capture_timeout": 10.0})
    world.shop = replace(world.shop, services=replace(world.services, settings=settings))
    for minute in range(10):
        world.clock.at = NOON + timedelta(minutes=minute)
        await one_minute(world)
    assert len(given) == 10  # each of its minutes is tried
    return given


async def test_a_still_is_counted_while_it_waits_for_its_analysis(world: World) -> None:
    await make_cameras(world.services)
    seen: list[bool] = []
    world.shop = replace(world.shop, stills=WaitingStills(most_bytes=100))
    world.engine.fault = lambda: seen.append(world.shop.stills.is_full)
    await one_minute(world)
    assert seen == [True]
    assert not world.shop.stills.is_full


def _noise(shape: tuple[int, ...]) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


BAD = {
    "truncated": (jpeg()[:400], None),
    "html": (b"<html>sign in</html>", "not_a_picture"),
    "one pixel": (_noise((1, 1, 3)), "too_small"),
    "empty": (b"", "empty"),
    "bomb": (_noise((1000, 1000, 3)), "too_many_pixels"),
}


@pytest.mark.parametrize("name", ["truncated", "html", "one pixel", "empty", "bomb"])
async def test_what_is_no_whole_picture(any_database: Settings, name: str) -> None:
    world = make_world(any_database.model_copy(update={"max_picture_pixels": 500_000}))
    await make_cameras(world.services)
    world.camera.data, detail = BAD[name]
    latest = await one_minute(world)
    assert (latest.state, latest.count, latest.picture) == (CameraState.BAD_PICTURE, None, "")
    assert latest.detail == detail or detail is None
    world.shop.analysis.close()


async def test_a_black_picture_is_unknown_and_not_nought(world: World) -> None:
    await make_cameras(world.services)
    world.camera.data = cv2.imencode(".jpg", np.zeros((240, 320, 3), np.uint8))[1].tobytes()
    latest = await one_minute(world)
    assert (latest.state, latest.detail, latest.count) == (CameraState.BAD_PICTURE, "black", None)


async def test_grey_pictures_count_as_any_other(world: World) -> None:
    await make_cameras(world.services)
    world.camera.data = _noise((240, 320))
    assert (await one_minute(world)).state is CameraState.OK


async def test_a_picture_that_stands_still_is_unknown_after_ten_minutes(world: World) -> None:
    await make_cameras(world.services)
    expected = 10 * [CameraState.OK] + [CameraState.VERIFYING, CameraState.BAD_PICTURE]
    for minute, state in enumerate(expected):
        world.clock.at = NOON + timedelta(minutes=minute)
        latest = await one_minute(world)
        assert (latest.state, latest.detail) == (state, "frozen" if minute >= 10 else "")
        assert (latest.count is None) == (minute >= 10)
    assert latest.frame_sha256 == hashlib.sha256(world.camera.data).hexdigest()
    world.camera.data = jpeg(shade=121)
    world.clock.at = NOON + timedelta(minutes=12)
    latest = await one_minute(world)
    assert (latest.state, latest.failures) == (CameraState.OK, 0)


async def test_a_picture_that_says_it_is_old(world: World) -> None:
    await make_cameras(world.services)
    world.camera.captured_at = NOON - timedelta(minutes=5)
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.BAD_PICTURE, "late")


def _fail() -> None:
    raise EngineFailure("no")


def _bug() -> None:
    raise IndexError


@pytest.mark.parametrize("fault", [_fail, _bug])
async def test_an_engine_that_fails_on_a_frame(world: World, fault: object) -> None:
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    good = await one_minute(world)
    world.engine.fault = fault  # type: ignore[assignment]
    world.clock.at = NOON + timedelta(minutes=1)
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.ENGINE_FAILED, "engine_error")
    assert (latest.count, latest.good_count, latest.picture) == (None, 2, good.picture)
    world.engine.fault = None
    world.clock.at = NOON + timedelta(minutes=2)
    assert (await one_minute(world)).state is CameraState.OK


async def test_an_engine_that_hangs_costs_its_minute_alone(world: World) -> None:
    let_go = threading.Event()
    await make_cameras(world.services)
    world.engine.fault = lambda: let_go.wait(60) and None
    with in_a_hurry(world):
        latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.ENGINE_FAILED, "engine_slow")
    world.engine.fault = None
    world.clock.at = NOON + timedelta(minutes=1)
    assert (await one_minute(world)).state is CameraState.OK
    assert not world.shop.analysis.is_stuck
    let_go.set()


async def test_an_engine_that_is_not_installed(world: World) -> None:
    await make_cameras(world.services, engine="other")
    latest = await one_minute(world)
    assert (latest.state, latest.detail) == (CameraState.ENGINE_FAILED, "engine_missing")


class FullStorage(Storage):
    """A store that takes nothing while it is full."""

    full = False

    def put_sync(self, key: str, data: bytes) -> None:
        if self.full:
            raise TemporaryFailure("No space left on device")
        super().put_sync(key, data)


async def test_a_full_disk_costs_the_picture_and_not_the_count(any_database: Settings) -> None:
    from obstore.store import MemoryStore

    storage = FullStorage(MemoryStore())
    world = make_world(any_database, storage)
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    storage.full = True
    latest = await one_minute(world)
    assert (latest.state, latest.count, latest.picture) == (CameraState.OK, 2, "")
    assert latest.detail == "picture_not_stored"
    storage.full = False
    world.clock.at = NOON + timedelta(minutes=1)
    latest = await one_minute(world)
    assert latest.picture
    assert latest.detail == ""
    world.shop.analysis.close()


async def test_a_background_that_is_gone_from_the_store(world: World) -> None:
    [camera] = await make_cameras(world.services)
    background = await make_background(world.services, camera)
    await world.services.storage.delete([background.picture])
    latest = await one_minute(world)
    assert (latest.state, latest.count, latest.picture) == (CameraState.OK, 2, "")
    assert latest.detail == "background_unreadable"


async def test_a_closed_camera_is_not_asked(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await schedule.tick(world.settings, NOON)
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 1)
    await Camera.filter(id=camera.id).update(is_open=False)
    assert not await observe(world.shop, held)
    assert world.camera.asked == 0
    assert await Slot.all().count() == await Observation.all().count() == 0


async def test_the_loser_of_a_lease_writes_nothing(world: World) -> None:
    await make_cameras(world.services)
    await schedule.tick(world.settings, NOON)
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 1)
    assert not await observe(world.shop, replace(held, token="another"))
    assert await Observation.all().count() == 0


async def test_the_analysis_keeps_no_pixel_of_the_frame(world: World) -> None:
    """What is left after observing refers to no frame: only the fitted background has its size."""
    import gc

    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    world.camera.data = jpeg(352, 264)
    world.engine.count = 0
    await one_minute(world)
    world.engine.contexts.clear()

    def left() -> set[int]:
        gc.collect()
        frames = [o for o in gc.get_objects() if isinstance(o, Frame) and o.width == 352]
        return {int(frame.pixels.min()) for frame in frames}

    for _ in range(200):  # the thread has yet to put its work down
        if left() == {180}:
            break
        await asyncio.sleep(0.05)
    assert left() == {180}  # the background's even grey
    assert len(People.none()) == 0
