"""What workers write, and that nothing is kept longer than a manifest needs it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from jobs import ledger, retention, schedule, sql
from jobs.manifests import remove_old
from jobs.observe import observe
from jobs.sweep import sweep
from tests.builders import picture
from tests.jobs.conftest import NOON, World, make_background, make_cameras
from webapp.backgrounds.candidates import Registration, register_background, remove_background
from webapp.backgrounds.drafts import Draft
from webapp.domain.daylight import Part
from webapp.domain.geometry import Standing
from webapp.domain.manifests import Manifest, unpack
from webapp.domain.verification import PASSED, Step, redraw
from webapp.models import (
    AuditEntry,
    Background,
    Camera,
    KeptBackground,
    Latest,
    Outbox,
    PictureKey,
    PictureManifest,
)
from webapp.operator.actions import handlers
from webapp.sealing import Sealer
from webapp.verification.keys import KEPT, PURPOSE, REMEMBERED, CameraKeys
from webapp.verification.signing import is_signed

PIXELS = 1_000_000


async def one_minute(world: World, minutes: int = 0) -> Manifest:
    """Observe the one camera in a minute after noon, and read what was kept of it."""
    world.clock.at = NOON + timedelta(minutes=minutes)
    await schedule.tick(world.settings, world.clock.at)
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 10)
    assert await observe(world.shop, held)
    row = await PictureManifest.get(camera_id=held.camera_id, minute=held.minute)
    manifest = unpack(row.packed)
    key = await PictureKey.get(kid=manifest.key)
    assert is_signed(manifest, bytes(row.signature), key.public)
    return manifest


async def verified(world: World, manifest: Manifest, background: str) -> set[Any]:
    data = await world.services.storage.get(background)
    jpeg = await world.services.storage.get(f"masked/{manifest.camera}/{manifest.picture}.jpg")
    results = redraw(manifest, data, jpeg, PIXELS).results
    return {results[step] for step in (Step.BACKGROUND, Step.RASTER, Step.PICTURE)}


async def test_a_worker_signs_what_it_publishes(world: World) -> None:
    [camera] = await make_cameras(world.services)
    background = await make_background(world.services, camera)
    manifest = await one_minute(world)
    latest = await Latest.get(camera=camera)
    assert latest.picture == f"masked/{camera.public_id}/{manifest.picture}.jpg"
    assert manifest.taken_at == NOON + timedelta(seconds=50)
    assert len(manifest.figures) == 2
    assert await verified(world, manifest, background.picture) == {PASSED}
    again = await one_minute(world, 1)
    assert (again.key, again.raster) == (manifest.key, manifest.raster)
    assert await PictureKey.all().count() == 1


async def test_the_night_is_drawn_on_its_own_background(world: World) -> None:
    night = {"has_night": True, "day_starts": 8 * 60, "day_ends": 17 * 60}
    [camera] = await make_cameras(world.services, **night)  # noon in UTC is 21:00 in Tokyo
    day = await make_background(world.services, camera)
    first = await one_minute(world)
    assert await verified(world, first, day.picture) == {PASSED}
    dark = await make_background(world.services, camera, 160, 120)
    await Background.filter(id=dark.id).update(part=Part.NIGHT)
    second = await one_minute(world, 1)
    assert second.background != first.background
    assert await verified(world, second, dark.picture) == {PASSED}


async def test_who_stands_outside_the_areas_is_in_no_manifest(world: World) -> None:
    around_the_first = [[0.0, 0.4], [0.15, 0.4], [0.15, 0.6], [0.0, 0.6]]
    areas = [{"rule": "leave_out", "points": around_the_first}]
    [camera] = await make_cameras(world.services, areas=areas)
    background = await make_background(world.services, camera)
    manifest = await one_minute(world)
    [figure] = manifest.figures
    assert isinstance(figure, Standing)
    assert figure.x == 75
    assert await verified(world, manifest, background.picture) == {PASSED}


async def test_without_a_picture_there_is_no_manifest(world: World) -> None:
    await make_cameras(world.services)
    await schedule.tick(world.settings, world.clock.at)
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 10)
    assert await observe(world.shop, held)
    assert not await PictureManifest.exists()


async def test_manifests_go_after_thirty_days(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    await one_minute(world)
    await one_minute(world, 1)
    await retention.retain(world.settings, NOON + KEPT + timedelta(seconds=30))
    [left] = await PictureManifest.all()
    assert left.minute == NOON + timedelta(minutes=1)


async def test_a_replaced_background_goes_with_the_last_manifest_that_names_it(
    world: World,
) -> None:
    [camera] = await make_cameras(world.services)
    old = await make_background(world.services, camera)
    await one_minute(world)
    last = await one_minute(world, 5)
    retired_at = NOON + timedelta(hours=9)
    await _replace(old, retired_at)
    for age in (timedelta(minutes=11), KEPT - timedelta(hours=9)):
        at = retired_at + age
        await retention.retain(world.settings, at)
        await sweep(world.services, _far())
        assert await verified(world, last, old.picture) >= {PASSED}
    assert (await KeptBackground.get()).kept_until == last.minute + KEPT
    await retention.retain(world.settings, last.minute + KEPT + timedelta(seconds=1))
    assert not await KeptBackground.exists()
    assert not await PictureManifest.exists()
    await sweep(world.services, _far())
    assert await world.services.storage.get(old.picture) is None


async def test_one_that_no_manifest_names_goes_soon(world: World) -> None:
    """Whoever registered the wrong picture and saw it at once may rely on that."""
    [camera] = await make_cameras(world.services)
    old = await make_background(world.services, camera)
    await _replace(old, NOON)
    await retention.retain(world.settings, NOON + timedelta(minutes=9))
    assert await KeptBackground.exists()
    await retention.retain(world.settings, NOON + timedelta(minutes=11))
    assert not await KeptBackground.exists()


async def test_one_that_is_removed_goes_and_those_of_before_too(world: World) -> None:
    """Although manifests name them: somebody may have been seen in one."""
    [camera] = await make_cameras(world.services)
    before = await make_background(world.services, camera)
    await one_minute(world)
    await _replace(before, NOON)
    last = await make_background(world.services, camera, 160, 120)
    [other] = await make_cameras(world.services)
    await _replace(await make_background(world.services, other), NOON)
    await remove_background(camera, Part.ALL, world.clock.at, _tell)
    assert not await Background.exists()
    assert (await KeptBackground.get()).camera_id == other.id
    [gone] = await Outbox.all()
    assert set(gone.payload["keys"]) == {before.picture, last.picture}


@pytest.mark.parametrize("forgets", [False, True])
async def test_whoever_registers_another_may_let_those_of_before_go(
    world: World, forgets: bool
) -> None:
    [camera] = await make_cameras(world.services)
    first = await make_background(world.services, camera)
    await _replace(first, NOON)
    second = await make_background(world.services, camera, 160, 120)
    await _register(world, camera, forgets=forgets)
    new = await Background.get()
    kept = set(await KeptBackground.all().values_list("picture", flat=True))
    assert new.picture not in {first.picture, second.picture}
    assert kept == (set() if forgets else {first.picture, second.picture})
    gone = [set(row.payload["keys"]) for row in await Outbox.all()]
    assert gone == ([{first.picture, second.picture}] if forgets else [])


async def test_of_admins_who_register_and_remove_at_once_each_takes_what_is_there(
    world: World,
) -> None:
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    await asyncio.gather(*(_register(world, camera) for _ in range(4)))
    row = await Background.get()
    assert await KeptBackground.all().count() == 4
    told: list[int] = []

    async def tell() -> None:
        told.append(1)

    await asyncio.gather(
        *(remove_background(camera, Part.ALL, world.clock.at, tell) for _ in range(3)),
        *(_register(world, camera, forgets=True) for _ in range(3)),
    )
    named = await Background.all().values_list("picture", flat=True)
    gone = [key for row in await Outbox.all() for key in row.payload["keys"]]
    assert len(named) <= 1
    assert not await KeptBackground.exists()
    assert row.picture in gone
    assert len(told) <= await Outbox.all().count()
    stored = [key for key, _ in world.services.storage.list_sync("backgrounds/")]
    assert sorted([*named, *gone]) == sorted(stored)


async def test_rows_of_a_wrong_clock_do_not_stop_the_removal(world: World) -> None:
    [camera] = await make_cameras(world.services)
    at = NOON + KEPT + timedelta(hours=1)
    ahead = [at + timedelta(days=400 - each) for each in range(6)]
    early = [at - timedelta(minutes=each) for each in range(4)]
    old = [NOON - timedelta(minutes=each) for each in range(7)]
    recent = [at - timedelta(hours=each) for each in range(1, 12)]
    for minute in (*ahead, *early, *old, *recent, NOON - timedelta(days=1)):
        await PictureManifest.create(
            organisation_id=camera.organisation_id,
            camera=camera,
            minute=minute,
            background_id=1,
            packed=b"",
            signature=b"",
        )
    await remove_old(sql.connection(world.settings), at, batch=2, idle=3)
    left = [row.minute for row in await PictureManifest.all().order_by("id")]
    # The last one is found once those before it are old, too: the search ends among them.
    assert left == [*ahead, *early, *recent, NOON - timedelta(days=1)]


async def test_a_minute_of_a_wrong_clock_keeps_no_background_for_longer(world: World) -> None:
    [camera] = await make_cameras(world.services)
    old = await make_background(world.services, camera)
    await one_minute(world)
    await PictureManifest.all().update(minute=NOON + timedelta(days=500))
    await _replace(old, NOON)
    await retention.retain(world.settings, NOON + timedelta(minutes=11))
    assert (await KeptBackground.get()).kept_until == NOON + timedelta(minutes=10) + KEPT


async def test_rotation_is_by_command_and_old_keys_go(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    before = await one_minute(world)
    assert await handlers(world.settings)["keys-rotate-pictures"]() == {"retired": 1}
    assert await AuditEntry.filter(action="picture_keys_rotated").exists()
    soon = await one_minute(world, 1)
    assert soon.key == before.key  # a worker looks for another every few minutes
    after = await one_minute(world, 1 + int(REMEMBERED.total_seconds()) // 60)
    assert after.key != before.key
    old = await PictureKey.get(kid=before.key)
    assert old.published_until is not None
    await retention.retain(world.settings, old.published_until - timedelta(seconds=1))
    assert await PictureKey.all().count() == 2
    await retention.retain(world.settings, old.published_until)
    assert (await PictureKey.get()).kid == after.key


async def test_the_private_half_is_sealed_and_sealed_anew(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    manifest = await one_minute(world)
    row = await PictureKey.get()
    private = Sealer(world.settings.secret(), PURPOSE).unseal(row.sealed)
    assert private["kid"] == manifest.key
    assert private["d"] not in f"{row.sealed}{row.public}{row.kid}"
    changed = world.settings.model_copy(
        update={
            "secret_key": SecretStr("n" * 40),
            "secret_key_old": SecretStr(world.settings.secret().decode()),
        }
    )
    assert (await handlers(changed)["keys-reseal"]())["resealed"] >= 1
    assert Sealer(b"n" * 40, PURPOSE).unseal((await PictureKey.get()).sealed) == private


async def test_a_key_that_cannot_be_opened_is_followed_by_another(
    world: World,
) -> None:
    [camera] = await make_cameras(world.services)
    first = await CameraKeys(world.settings).of_camera(camera, NOON)
    lost = world.settings.model_copy(update={"secret_key": SecretStr("x" * 40)})
    second = await CameraKeys(lost).of_camera(camera, NOON)
    assert first.kid != second.kid
    assert (await CameraKeys(lost).of_camera(camera, NOON)).kid == second.kid


async def _tell() -> None:
    """Write nothing into the audit log."""


async def _register(world: World, camera: Camera, *, forgets: bool = False) -> None:
    draft, how = Draft(picture(320, 240, ".png")), Registration(forgets=forgets)
    await register_background(world.services, camera, draft, "", how, world.clock.at, _tell)


async def _replace(old: Background, at: Any) -> None:
    whose = {"organisation_id": old.organisation_id, "camera_id": old.camera_id}
    await KeptBackground.create(id=old.id, picture=old.picture, retired_at=at, **whose)
    await old.delete()


def _far() -> Any:
    """Long after whatever was just stored, by the store's own clock."""
    from datetime import UTC, datetime

    return datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize("name", ["picture_manifest", "picture_key", "kept_background"])
async def test_nothing_of_it_outlives_its_camera(world: World, name: str) -> None:
    [camera] = await make_cameras(world.services)
    old = await make_background(world.services, camera)
    await one_minute(world)
    await _replace(old, NOON)
    await Camera.filter(id=camera.id).delete()
    db = sql.connection(world.settings)
    assert await sql.fetch(db, f'SELECT 1 AS one FROM "{name}"') == []
