"""自動で作る on the page: started, looked at, used, ended (M4, B2)."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import cv2
import httpx
import numpy as np
import pytest
from nigiwai_engine_api import EngineFailure

from tests.backgrounds.test_build_domain import collect, street, with_somebody
from tests.builders import counted, lost, make_background, make_camera
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.backgrounds import builds, candidates
from webapp.domain.background_build import NEEDED, Samples, coverage, packed
from webapp.domain.daylight import Part
from webapp.domain.health import CameraState
from webapp.models import (
    AuditEntry,
    Background,
    BackgroundBuild,
    BackgroundBuildPart,
    Camera,
    Latest,
    Organisation,
    Outbox,
)
from webapp.services import Services


@pytest.fixture
async def camera(
    services: Services, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> Camera:
    """A camera in whose backgrounds nobody is found: to search takes seconds."""

    async def search(*_: object) -> np.ndarray:
        return np.zeros((0, 4), np.float32)

    monkeypatch.setattr(candidates, "bystanders", search)
    return await make_camera(organisation, latest=counted(), sealed=services.sealer.seal({}))


def path_of(camera: Camera, step: str = "") -> str:
    return f"/cameras/{camera.public_id}/background{step}"


async def keep(services: Services, camera: Camera, samples: Samples, part: Part = Part.ALL) -> None:
    """Put samples where a worker would have put them."""
    key = f"building/{camera.public_id}/{part.value}.sealed"
    await services.storage.put(key, builds.sealer_of(services).seal_bytes(packed(samples)))
    await BackgroundBuildPart.filter(part=part.value).update(
        file=key,
        captures=NEEDED,
        coverage=int(1000 * coverage(samples)),
        stamp=builds.stamp_of(services, await Camera.get(id=camera.id)),
    )


def shown(response: httpx.Response) -> np.ndarray:
    """The picture of how far it is."""
    url = str(one(response, "#build img")["src"])
    assert url.startswith("data:image/jpeg;base64,")
    data = base64.b64decode(url.split(",", 1)[1])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


async def told() -> list[str]:
    entries = await AuditEntry.filter(action__startswith="background").order_by("id")
    return [entry.action for entry in entries]


async def test_it_is_started_by_one_admin_and_no_second_time(alice: Person, camera: Camera) -> None:
    page = await alice.get(path_of(camera))
    assert "人のいない部分だけ" in text_of(page, "#build")
    answers = await asyncio.gather(
        *(alice.send_form(path_of(camera, "/build"), part="all") for _ in range(2))
    )
    assert {answer.status_code for answer in answers} == {303}
    build = await BackgroundBuild.get()
    assert build.ends_at - build.started_at == timedelta(days=7)
    assert await BackgroundBuildPart.all().count() == 2
    assert await told() == ["background_build_started"]
    page = await alice.get(answers[0].headers["location"])
    assert "確かめられた部分 0%" in text_of(page, "#build")
    assert "自動作成を始めました" in text_of(page, "main")


async def test_what_is_not_sure_is_not_shown(
    alice: Person, camera: Camera, services: Services
) -> None:
    await builds.start(camera, datetime.now(UTC))
    await keep(services, camera, collect(NEEDED - 1, with_somebody(street())).samples)
    page = await alice.get(path_of(camera))
    assert shown(page).std() < 12, "stripes alone"
    assert not parsed(page).select('form[action$="/build/use"]')
    refused = await alice.send_form(path_of(camera, "/build/use"), part="all")
    assert refused.status_code == 422
    assert "まだできていません" in text_of(refused, "main")
    await keep(services, camera, collect(NEEDED, with_somebody(street())).samples)
    page = await alice.get(path_of(camera))
    assert "背景画像ができました" in text_of(page, "#build")
    assert shown(page).std(axis=(0, 1)).max() < 3, "a map without whoever stays and is not found"
    fragment = await alice.get(path_of(camera, "/build"))
    assert one(fragment, "#build")["hx-get"].endswith("/background/build?part=all")
    assert "<html" not in fragment.text


async def test_a_complete_one_is_looked_through_registered_and_deleted(
    alice: Person, camera: Camera, services: Services
) -> None:
    await builds.start(camera, datetime.now(UTC))
    empty = street()
    await keep(services, camera, collect(NEEDED, empty).samples)
    card = await alice.get(f"/cameras/{camera.public_id}")
    assert "自動で作った背景画像ができました" in text_of(card, "main")
    page = await alice.get(path_of(camera))
    assert "背景画像ができました" in text_of(page, "#build")
    candidate = await alice.send_form(path_of(camera, "/build/use"), part="all")
    assert candidate.status_code == 200
    assert not await Background.exists()
    draft = str(one(candidate, 'form[action$="/register"] input[name=draft]')["value"])
    answer = await alice.send_form(path_of(camera, "/register"), draft=draft, blur="0", part="all")
    assert answer.status_code == 303
    row = await Background.get()
    data = await services.storage.get(row.picture)
    assert data is not None
    registered = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(registered.astype(int) - empty).mean() < 2
    assert not await BackgroundBuild.exists()
    [gone] = await Outbox.filter(dedupe_key__startswith="build-gone")
    assert gone.payload["keys"] == [f"building/{camera.public_id}/all.sealed"]
    assert await told() == ["background_registered"]


async def test_people_in_it_are_doubted_as_in_any_other(
    alice: Person, camera: Camera, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> np.ndarray:
        raise EngineFailure("nothing works")

    monkeypatch.setattr(candidates, "bystanders", fail)
    await builds.start(camera, datetime.now(UTC))
    await keep(services, camera, collect(NEEDED, street()).samples)
    candidate = await alice.send_form(path_of(camera, "/build/use"), part="all")
    assert "確認できませんでした" in text_of(candidate, "form .notice-warning")
    draft = str(one(candidate, 'form[action$="/register"] input[name=draft]')["value"])
    undecided = await alice.send_form(path_of(camera, "/register"), draft=draft, blur="0")
    assert undecided.status_code == 422
    assert await BackgroundBuild.exists()


async def test_it_is_ended_with_all_that_was_collected(
    alice: Person, camera: Camera, services: Services
) -> None:
    await builds.start(camera, datetime.now(UTC))
    await keep(services, camera, collect(3, street()).samples)
    for _ in range(2):
        answer = await alice.send_form(path_of(camera, "/build/cancel"), part="all")
        assert answer.headers["location"].endswith("?done=background_build_ended")
    assert not await BackgroundBuildPart.exists()
    assert await Outbox.filter(dedupe_key__startswith="build-gone").count() == 1
    assert await told() == ["background_build_ended"]


async def test_what_cannot_be_read_is_not_ready(
    alice: Person, camera: Camera, services: Services
) -> None:
    await builds.start(camera, datetime.now(UTC))
    await keep(services, camera, collect(NEEDED, street()).samples)
    key = (await BackgroundBuildPart.get(part="all")).file
    await services.storage.put(key, b"damaged")
    page = await alice.get(path_of(camera))
    assert page.status_code == 200
    assert not parsed(page).select("#build img")
    answer = await alice.send_form(path_of(camera, "/build/use"), part="all")
    assert answer.status_code == 422


async def test_another_address_or_rotation_or_mode_lets_go_of_what_was_collected(
    alice: Person, camera: Camera, services: Services
) -> None:
    path = f"/cameras/{camera.public_id}/edit"
    url = {"url": "http://192.168.0.10/snapshot.jpg"}
    form = {"name": "北口", "connector": "http_snapshot", "rotation": "0", **url}
    assert (await alice.save(path, **form)).status_code == 303
    await builds.start(camera, datetime.now(UTC))
    edits = [
        {"rotation": "90"},
        {"rotation": "90", "url": "http://192.168.0.11/snapshot.jpg"},
    ]
    for number, edit in enumerate(edits, 1):
        await keep(services, camera, collect(NEEDED, street()).samples)
        renamed = {**form, **(edits[number - 2] if number > 1 else {}), "name": "南口"}
        assert (await alice.save(path, **renamed)).status_code == 303
        assert "背景画像ができました" in text_of(await alice.get(path_of(camera)), "#build")
        assert (await alice.save(path, **{**form, **edit})).status_code == 303
        row = await BackgroundBuildPart.get(part="all")
        assert (row.file, row.captures, row.afresh) == ("", 0, "camera")
        page = await alice.get(path_of(camera))
        assert "設定が変わったため" in text_of(page, "#build")
        refused = await alice.send_form(path_of(camera, "/build/use"), part="all")
        assert refused.status_code == 422
        assert await Outbox.filter(dedupe_key__startswith="build-gone").exists()
        await Outbox.all().delete()
    await keep(services, camera, collect(NEEDED, street()).samples)
    mode = f"/cameras/{camera.public_id}/mode"
    assert (await alice.save(mode, engine="wide", level="3")).status_code == 303
    assert (await BackgroundBuildPart.get(part="all")).file == ""


async def test_what_a_worker_stored_of_another_source_counts_as_nothing(
    alice: Person, camera: Camera, services: Services
) -> None:
    """It had the camera's picture before the edit, and names it after."""
    await builds.start(camera, datetime.now(UTC))
    await keep(services, camera, collect(NEEDED, street()).samples)
    await BackgroundBuildPart.filter(part="all").update(stamp="0" * 64)
    page = await alice.get(path_of(camera))
    assert "確かめられた部分 0%" in text_of(page, "#build")
    assert not parsed(page).select("#build img")
    assert "できました" not in text_of(await alice.get(f"/cameras/{camera.public_id}"), "main")
    refused = await alice.send_form(path_of(camera, "/build/use"), part="all")
    assert refused.status_code == 422


async def test_one_whose_week_is_over_is_not_shown_and_may_be_begun_again(
    alice: Person, camera: Camera, services: Services
) -> None:
    """No worker has come to delete it."""
    now = datetime.now(UTC)
    await builds.start(camera, now - timedelta(days=8))
    await keep(services, camera, collect(NEEDED, street()).samples)
    assert "できました" not in text_of(await alice.get(path_of(camera)), "#build")
    refused = await alice.send_form(path_of(camera, "/build/use"), part="all")
    assert refused.status_code == 422
    assert (await alice.send_form(path_of(camera, "/build"), part="all")).status_code == 303
    assert (await BackgroundBuild.get()).ends_at > now
    assert (await BackgroundBuildPart.get(part="all")).file == ""
    assert await Outbox.filter(dedupe_key__startswith="build-gone").count() == 1


async def test_the_night_is_shown_on_its_own_tab(
    alice: Person, camera: Camera, services: Services
) -> None:
    await Camera.filter(id=camera.id).update(has_night=True)
    answer = await alice.send_form(path_of(camera, "/build"), part="night")
    assert answer.headers["location"] == path_of(
        camera, "?part=night&done=background_build_started"
    )
    await keep(services, camera, collect(NEEDED, street()).samples, Part.NIGHT)
    assert "できました" not in text_of(await alice.get(path_of(camera)), "#build")
    night = await alice.get(path_of(camera, "?part=night"))
    assert "背景画像ができました" in text_of(night, "#build")
    version = str(one(night, "#pattern input[name=version]")["value"])
    fixed = {"pattern": "fixed", "version": version}
    assert (await alice.send_form(path_of(camera, "/pattern"), **fixed)).status_code == 303
    assert (await BackgroundBuildPart.get(part="night")).file == ""
    assert await Outbox.filter(dedupe_key__startswith="build-gone").count() == 1


async def test_it_is_proposed_where_the_camera_has_moved(alice: Person, camera: Camera) -> None:
    assert "向きが" not in text_of(await alice.get(path_of(camera)), "#build")
    moved = lost(CameraState.BAD_PICTURE, detail="moved")
    await Latest.filter(camera_id=camera.id).update(**moved)
    assert "今の向きの背景画像を自動で作れます" in text_of(
        await alice.get(path_of(camera)), "#build"
    )


async def test_deleting_the_camera_deletes_what_it_collected(
    alice: Person, camera: Camera, services: Services
) -> None:
    await builds.start(camera, datetime.now(UTC))
    await keep(services, camera, collect(3, street()).samples)
    await make_background(services, camera)
    await alice.send_form(f"/cameras/{camera.public_id}/delete")
    assert not await BackgroundBuildPart.exists()
    gone = await Outbox.get(dedupe_key=f"camera-gone:{camera.public_id}")
    assert f"building/{camera.public_id}/" in gone.payload["prefixes"]
