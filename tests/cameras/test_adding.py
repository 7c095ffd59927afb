"""カメラを追加 asks first; 差し替え keeps what hangs on a camera; 削除 says what goes (S9, C4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.builders import counted, lost, make_background, make_camera, make_embed, make_hour
from tests.html import error_of, one, parsed, text_of
from tests.people import Person
from webapp.domain.health import CameraState
from webapp.models import (
    Background,
    Camera,
    EmbedKey,
    KeptBackground,
    Latest,
    Observation,
    Organisation,
)
from webapp.services import Services
from webapp.urls import pages

NEW = {"connector": "file", "path": "new.mp4", "rotation": "180"}


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    sealed = services.sealer.seal({"path": "old.mp4", "password": "geheim"})
    areas = [{"rule": "count", "points": [[0, 0], [50, 0], [50, 50]]}]
    camera = await make_camera(
        organisation, latest=counted(4, picture="masked/x.jpg"), sealed=sealed, areas=areas
    )
    await make_background(services, camera)
    await make_embed(camera)
    await make_hour(camera, [3, 4], datetime.now(UTC))
    return camera


async def test_adding_asks_first_where_the_camera_is(alice: Person, services: Services) -> None:
    page = await alice.get("/cameras/new")
    ways = [str(link["href"]) for link in parsed(page).select(".ways a")]
    assert "/cameras/new/network" in ways
    assert ("/cameras/new/cloud" in ways) is (services.camera_cloud is not None)
    assert "ライセンスを1つ" in text_of(page, "main")
    assert one(await alice.get("/cameras/new/network"), "main form")["action"] == "/cameras/new"


async def test_a_replacement_keeps_keys_history_and_settings(
    alice: Person, services: Services, camera: Camera
) -> None:
    answer = await alice.save(f"/cameras/{camera.public_id}/replace", **NEW)
    assert answer.headers["location"] == (
        f"/cameras/{camera.public_id}/background?done=camera_replaced"
    )
    kept = await Camera.get(id=camera.id)
    assert services.sealer.unseal(kept.source)["path"] == "new.mp4"
    assert (kept.public_id, kept.name, kept.areas) == (camera.public_id, camera.name, camera.areas)
    assert (kept.engine, kept.level, kept.rotation) == (camera.engine, camera.level, 180)
    assert await EmbedKey.filter(camera_id=camera.id).count() == 1
    assert await Observation.filter(camera_id=camera.id).count() == 2


async def test_a_replacement_shows_nothing_of_the_old_camera(alice: Person, camera: Camera) -> None:
    await alice.save(f"/cameras/{camera.public_id}/replace", **NEW)
    assert not await Background.filter(camera_id=camera.id).exists()
    assert not await KeptBackground.exists()
    latest = await Latest.get(camera_id=camera.id)
    assert (latest.state, latest.count, latest.picture) == (CameraState.WAITING, None, "")
    page = await alice.get(f"/cameras/{camera.public_id}/background?done=camera_replaced")
    assert "新しいカメラの背景画像を登録してください" in text_of(page, ".notice-done")


async def test_a_replacement_holds_nothing_of_the_old_source(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}"
    page = await alice.get(f"{path}/replace")
    assert "old.mp4" not in page.text
    assert "geheim" not in page.text
    entered = {"connector": "http_snapshot", "url": "http://192.168.0.9/a.jpg", "user": "u"}
    fields = await alice.send_htmx(f"{path}/fields", purpose="replace", **entered)
    assert "保存済み" not in fields.text
    refused = await alice.save(f"{path}/replace", connector="file", path="../x")
    assert "映像フォルダ" in error_of(refused, "path")
    assert not parsed(refused).select("#name")
    assert await Background.filter(camera_id=camera.id).exists()


async def test_the_second_replacement_is_told(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}/replace"
    old = str(one(await alice.get(path), "input[name=version]")["value"])
    await alice.save(path, **NEW)
    answer = await alice.send_form(path, version=old, **{**NEW, "path": "other.mp4"})
    assert answer.status_code == 409
    assert one(answer, "#path")["value"] == "other.mp4"


async def test_deleting_says_what_goes_and_what_does_not(alice: Person, camera: Camera) -> None:
    page = await alice.get(f"/cameras/{camera.public_id}/delete")
    told = text_of(page, "main")
    assert "「正面入口」を削除しますか" in told
    for words in (
        "検知人数の記録",
        "埋め込み用コード",
        "背景画像",
        "契約数は変わりません",
        "差し替え",
    ):
        assert words in told
    csv = f"/cameras/{camera.public_id}/csv"
    assert bool(parsed(page).select(f'a[href="{csv}"]')) is ("/cameras/{camera}/csv" in pages())


async def test_the_table_says_identifier_state_and_last_capture(
    alice: Person, bob: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=lost())
    row = f"#row-{camera.public_id}"
    page = await alice.get("/cameras/manage")
    assert camera.public_id in text_of(page, f"{row} [data-label=カメラ識別子]")
    assert "不明" in text_of(page, f"{row} [data-label=状態]")
    assert one(page, f"{row} [data-label=最終取得] time")
    assert one(page, '.page-actions a[href="/cameras/new"]')
    assert one(page, f'{row} a[href$="/replace"]')
    assert not parsed(await bob.get("/cameras/manage")).select(f"{row} .menu")
