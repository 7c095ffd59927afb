"""Without monitoring no byte of a frame is stored; with it the latest one, sealed (M6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs import ledger, monitoring, schedule, sweep
from jobs.observe import observe
from tests.jobs.conftest import NOON, World, make_background, make_cameras, make_world
from tests.people import hire
from webapp.errors import TemporaryFailure
from webapp.models import Camera, Member, MonitoringFrame, MonitoringView, Organisation, Role
from webapp.monitoring import watching
from webapp.settings import Settings
from webapp.storage import open_storage

MINUTE = timedelta(minutes=1)


def noise(seed: int) -> bytes:
    """A frame that could be told from anything else by any part of its bytes."""
    pixels = np.random.default_rng(seed).integers(0, 255, (240, 320, 3), np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


@pytest.fixture
def world(any_database: Settings) -> World:
    return make_world(any_database, open_storage(any_database))


async def minute(world: World, at: datetime, frame: bytes) -> None:
    """One minute of all cameras, which show ``frame``."""
    world.camera.data = frame
    world.clock.at = at
    await schedule.tick(world.settings, at)
    for held in await ledger.claim(world.settings, at + timedelta(seconds=59), 9):
        assert await observe(world.shop, held)


async def admin_of(camera: Camera) -> Member:
    return await hire(await Organisation.get(id=camera.organisation_id), "Alice", Role.ADMIN)


def keys(world: World, prefix: str) -> list[str]:
    return sorted(key for key, _ in world.services.storage.list_sync(prefix))


def everything_in(folder: Path) -> bytes:
    """Every byte of every file below the data folder: database, pictures, all else."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_socket()]
    return b"\0".join(file.read_bytes() for file in files)


async def test_a_frame_that_comes_when_the_last_one_has_just_gone_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [camera] = await make_cameras(world.services)
    alice, storage = await admin_of(camera), world.services.storage
    await watching.start(camera, alice, NOON)
    put = storage.put

    async def put_and_stop(key: str, data: bytes) -> None:
        await put(key, data)
        if key.startswith("live/"):
            await watching.stop(world.services, camera, alice, NOON)

    monkeypatch.setattr(storage, "put", put_and_stop)
    await minute(world, NOON, noise(1))
    assert keys(world, "live") == []
    assert not await MonitoringFrame.exists()


async def test_a_store_that_is_away_keeps_frames_for_the_next_time_and_housekeeping_going(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mails, retention and reports come after this in the same round."""
    [camera] = await make_cameras(world.services)
    await watching.start(camera, await admin_of(camera), NOON)
    await minute(world, NOON, noise(1))

    async def away(keys: list[str]) -> None:
        raise TemporaryFailure("It starts again.")

    later = NOON + timedelta(hours=2)
    with monkeypatch.context() as patched:
        patched.setattr(world.services.storage, "delete", away)
        assert await monitoring.tidy(world.services, later) == 0
    assert await MonitoringFrame.exists()
    assert await monitoring.tidy(world.services, later) == 1
    assert keys(world, "live") == []
    assert not await MonitoringFrame.exists()


async def test_without_a_look_no_byte_of_a_frame_is_stored_anywhere(database: Settings) -> None:
    world = make_world(database, open_storage(database))
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    frames = [noise(seed) for seed in range(2)]
    for number, frame in enumerate(frames):
        await minute(world, NOON + number * MINUTE, frame)
    assert keys(world, "live") == []
    assert len(keys(world, "masked")) == 2
    assert not await MonitoringFrame.exists()
    stored = everything_in(database.data_dir)
    for frame in frames:
        # Sixteen bytes at any place of the picture's own data.
        assert not any(frame[i : i + 16] in stored for i in range(700, len(frame) - 16, 997))
    # None of its pixels is in what was stored as a picture either.
    live = cv2.imdecode(np.frombuffer(frames[-1], np.uint8), cv2.IMREAD_COLOR)
    for key in keys(world, "masked"):
        data = world.services.storage.get_sync(key)
        assert data is not None
        shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert abs(np.corrcoef(live.ravel(), shown.ravel())[0, 1]) < 0.05


async def test_while_somebody_looks_the_latest_frame_alone_is_kept_and_sealed(
    world: World,
) -> None:
    cameras = await make_cameras(world.services, 2)
    member = await admin_of(cameras[0])
    await watching.start(cameras[0], member, NOON)
    for number in range(2):
        at = NOON + number * MINUTE
        await watching.look(cameras[0], member, at)
        await minute(world, at, noise(number))
    [key] = keys(world, "live")
    assert key.startswith(f"live/{cameras[0].public_id}/"), "nobody looks at the other camera"
    sealed = world.services.storage.get_sync(key)
    assert sealed is not None
    assert b"\xff\xd8\xff" not in sealed
    frame = await MonitoringFrame.get()
    opened = await watching.read_frame(world.services, frame)
    assert opened is not None
    seen = cv2.imdecode(np.frombuffer(opened, np.uint8), cv2.IMREAD_COLOR)
    analysed = cv2.imdecode(np.frombuffer(noise(1), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(seen.astype(int) - analysed.astype(int)).mean() < 25, "the frame of this minute"
    assert np.corrcoef(seen.ravel(), analysed.ravel())[0, 1] > 0.9
    await watching.stop(world.services, cameras[0], member, NOON + MINUTE)
    assert keys(world, "live") == []
    assert not await MonitoringFrame.exists()


async def test_it_is_turned_as_it_was_analysed(database: Settings) -> None:
    world = make_world(database)
    [camera] = await make_cameras(world.services, rotation=90)
    await watching.start(camera, await admin_of(camera), NOON)
    await minute(world, NOON, noise(1))
    frame = await MonitoringFrame.get()
    assert (frame.width, frame.height) == (240, 320)


async def test_whoever_no_longer_asks_no_longer_looks(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await watching.start(camera, await admin_of(camera), NOON)
    await minute(world, NOON, noise(1))
    assert await monitoring.tidy(world.services, NOON + MINUTE) == 0
    assert await monitoring.tidy(world.services, NOON + watching.SEEN_WITHIN) == 1
    assert keys(world, "live") == []
    await minute(world, NOON + 3 * MINUTE, noise(2))
    assert keys(world, "live") == []


async def test_a_look_ends_after_an_hour_however_long_its_page_asks(database: Settings) -> None:
    world = make_world(database)
    [camera] = await make_cameras(world.services)
    member = await admin_of(camera)
    await watching.start(camera, member, NOON)
    for passed in range(60):
        await watching.look(camera, member, NOON + passed * MINUTE)
    assert await watching.is_watched(camera.id, NOON + timedelta(seconds=3599))
    await watching.look(camera, member, NOON + watching.LONGEST)
    assert not await watching.is_watched(camera.id, NOON + watching.LONGEST)


async def test_a_stale_frame_goes_though_somebody_looks(database: Settings) -> None:
    world = make_world(database)
    [camera] = await make_cameras(world.services)
    member = await admin_of(camera)
    await watching.start(camera, member, NOON)
    await minute(world, NOON, noise(1))
    for passed in range(1, 7):
        await watching.look(camera, member, NOON + passed * MINUTE)
    assert await monitoring.tidy(world.services, NOON + 6 * MINUTE) == 1
    assert keys(world, "live") == []


async def test_where_it_is_no_longer_allowed_nothing_is_kept(database: Settings) -> None:
    world = make_world(database)
    [camera] = await make_cameras(world.services)
    organisation = await Organisation.get(id=camera.organisation_id)
    bob = await hire(organisation, "Bob", Role.GENERAL)
    await Organisation.filter(id=organisation.id).update(monitoring_allowed=True)
    await watching.start(camera, bob, NOON)
    await minute(world, NOON, noise(1))
    assert len(keys(world, "live")) == 1
    await Organisation.filter(id=organisation.id).update(monitoring_allowed=False)
    assert await monitoring.tidy(world.services, NOON + timedelta(seconds=5)) == 1
    assert keys(world, "live") == []


async def test_a_clock_put_back_leaves_no_frame_behind(database: Settings) -> None:
    world = make_world(database)
    [camera] = await make_cameras(world.services)
    await watching.start(camera, await admin_of(camera), NOON)
    await minute(world, NOON, noise(1))
    assert await monitoring.tidy(world.services, NOON - timedelta(days=1)) == 1
    assert keys(world, "live") == []


async def test_a_frame_that_no_row_names_is_swept(database: Settings) -> None:
    from datetime import UTC

    world = make_world(database)
    await world.services.storage.put("live/camera/left.sealed", b"left by a worker that died")
    assert await sweep.sweep(world.services, datetime.now(UTC) + timedelta(minutes=3)) == 1


async def test_with_the_camera_everything_goes(database: Settings) -> None:
    world = make_world(database)
    [camera] = await make_cameras(world.services)
    await watching.start(camera, await admin_of(camera), NOON)
    await minute(world, NOON, noise(1))
    await camera.delete()
    assert not await MonitoringFrame.exists()
    assert not await MonitoringView.exists()
