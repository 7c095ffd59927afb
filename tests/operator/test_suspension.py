"""A suspended organisation: no picture is taken, nothing counts as missed, pages say so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.applications import Starlette

from jobs import ledger, schedule
from jobs.observe import observe
from tests.builders import counted, make_camera, make_embed, make_masked
from tests.html import one, parsed, text_of
from tests.jobs.conftest import NOON, World, make_cameras, make_world
from tests.people import Person, visitor
from webapp.domain.health import CameraState
from webapp.embeds.shown import Displays
from webapp.models import Latest, Observation, Organisation, Slot
from webapp.operator.office import open_office
from webapp.operator.organisations import resume_organisation, suspend_organisation
from webapp.services import Services
from webapp.settings import Settings

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(any_database: Settings) -> World:
    return make_world(any_database)


async def suspend(settings: Settings) -> None:
    organisation = await Organisation.get()
    await suspend_organisation(open_office(settings), NOON, organisation=organisation.public_id)


async def resume(settings: Settings) -> None:
    organisation = await Organisation.get()
    await resume_organisation(open_office(settings), NOON, organisation=organisation.public_id)


async def test_its_cameras_have_no_turn_and_miss_none(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await schedule.tick(world.settings, NOON)
    await suspend(world.settings)
    for minute in range(1, 5):
        assert await schedule.tick(world.settings, NOON + minute * MINUTE) == 0
    assert not await Slot.exists()
    assert not await Observation.exists()
    # Nobody ticked for ten minutes: that gap is none of its either.
    await schedule.tick(world.settings, NOON + 15 * MINUTE)
    assert not await Observation.exists()
    await resume(world.settings)
    assert await schedule.tick(world.settings, NOON + 16 * MINUTE) == 1
    [held] = await ledger.claim(world.settings, NOON + 16 * MINUTE + timedelta(seconds=59), 5)
    assert held.camera_id == camera.id
    assert await observe(world.shop, held)
    assert (await Observation.get()).state is CameraState.OK


async def test_what_was_under_way_is_not_written_any_more(world: World) -> None:
    [camera] = await make_cameras(world.services)
    await Latest.filter(camera_id=camera.id).update(
        state=CameraState.OK, count=7, good_at=NOON, since=NOON
    )
    await schedule.tick(world.settings, NOON)
    at = NOON + timedelta(seconds=59)
    first = await ledger.claim(world.settings, at, 1)
    await suspend(world.settings)
    assert not await observe(world.shop, first[0])
    assert world.camera.asked == 0
    await schedule.tick(world.settings, at)
    latest = await Latest.get(camera_id=camera.id)
    assert (latest.state, latest.count) == (CameraState.WAITING, None)
    assert latest.good_at == NOON
    assert not await Observation.exists()


async def test_a_closed_camera_stays_closed(world: World) -> None:
    [camera] = await make_cameras(world.services, is_open=False)
    await schedule.tick(world.settings, NOON)
    await suspend(world.settings)
    await schedule.tick(world.settings, NOON + MINUTE)
    latest = await Latest.get(camera_id=camera.id)
    assert (latest.state, latest.since) == (CameraState.CLOSED, NOON)


async def test_others_go_on(world: World) -> None:
    await make_cameras(world.services)
    await suspend(world.settings)
    other = await Organisation.create(name="やまて図書館")
    camera = await make_camera(other, connector="fake", created_at=NOON - MINUTE)
    assert await schedule.tick(world.settings, NOON) == 1
    assert [slot.camera_id for slot in await Slot.all()] == [camera.id]


async def test_its_embeds_say_so_and_come_back(
    app: Starlette, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Displays, "FRESH", 0.0)
    organisation = await Organisation.create(name="みなと商店街")
    camera = await make_camera(organisation, latest=counted(8712))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    public = await make_embed(camera)
    async with visitor(app) as viewer:
        assert "8712" in (await viewer.get(public)).text
        await suspend(services.settings)
        for path in (public, f"{public}/part"):
            page = await viewer.get(path)
            assert "現在表示できません" in text_of(page, ".sight-note")
            assert "停止中" in text_of(page, ".state-word")
            assert "suspended.svg" in str(one(page, ".sight img")["src"])
            assert not parsed(page).select(".embed-count")
            assert "8712" not in page.text
            assert "/pictures/masked" not in page.text
        [entry] = (await viewer.get("/healthz")).json()["cameras"]
        assert (entry["state"], entry["count"]) == ("waiting", None)
        await resume(services.settings)
        assert "8712" in (await viewer.get(public)).text


async def test_its_members_are_out_at_once(alice: Person, services: Services) -> None:
    assert (await alice.get("/cameras")).status_code == 200
    await suspend(services.settings)
    assert (await alice.get("/cameras")).status_code == 303
    await resume(services.settings)
    assert (await alice.get("/cameras")).status_code == 303, "they sign in again"
