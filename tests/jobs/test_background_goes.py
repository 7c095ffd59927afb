"""A background that goes while a minute is drawn on it: what becomes of that picture (M2, B1)."""

import asyncio
import threading
from dataclasses import replace

from jobs import ledger, schedule
from tests.jobs.conftest import NOON, World, make_background, make_cameras
from tests.jobs.test_observe import one_minute
from webapp.backgrounds.candidates import remove_background
from webapp.domain.daylight import Part
from webapp.domain.health import CameraState
from webapp.domain.manifests import unpack
from webapp.models import Background, KeptBackground, Latest, PictureManifest
from webapp.verification.signing import Signed


async def test_a_background_that_is_removed_while_it_is_drawn_on_takes_the_picture_with_it(
    world: World,
) -> None:
    """Somebody was seen standing in it: no picture on it is published after that (M2)."""
    [camera] = await make_cameras(world.services)
    await make_background(world.services, camera)
    drawing, removed = threading.Event(), threading.Event()

    def wait_for_the_admin() -> None:
        drawing.set()
        removed.wait(5)

    world.engine.fault = wait_for_the_admin
    patient = world.settings.model_copy(update={"analysis_timeout": 20})
    world.shop = replace(world.shop, services=replace(world.services, settings=patient))
    minute = asyncio.create_task(one_minute(world))
    await asyncio.to_thread(drawing.wait, 5)

    async def no_log() -> None:
        """Nobody reads it here."""

    await remove_background(camera, Part.ALL, NOON, no_log)
    removed.set()
    latest = await minute
    assert (latest.state, latest.count, latest.picture) == (CameraState.OK, 2, "")
    assert not await PictureManifest.exists()


async def test_a_picture_on_a_background_that_was_replaced_meanwhile_stays(world: World) -> None:
    [camera] = await make_cameras(world.services)
    background = await make_background(world.services, camera)
    await one_minute(world)
    await schedule.tick(world.settings, world.clock.move(seconds=10))
    [held] = await ledger.claim(world.settings, world.clock.move(seconds=50), 10)
    await Background.filter(id=background.id).delete()
    await KeptBackground.create(
        id=background.id,
        organisation_id=camera.organisation_id,
        camera_id=camera.id,
        picture=background.picture,
        retired_at=NOON,
    )
    before = await PictureManifest.get()
    signed = Signed(unpack(before.packed), before.signature, background.id)
    answer = ledger.Answer(
        CameraState.OK, count=1, captured_at=NOON, picture="masked/x/2.jpg", manifest=signed
    )
    assert await ledger.finish(world.settings, held, answer, world.clock())
    assert (await Latest.get(camera_id=camera.id)).picture == "masked/x/2.jpg"
