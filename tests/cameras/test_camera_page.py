"""One camera's page, and its removal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from tests.builders import counted, lost, make_background, make_camera, make_embed, make_hour
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.embeds.shown import Displays
from webapp.models import Camera, EmbedVariant, Observation, Organisation, Outbox
from webapp.services import Services


async def test_the_last_hour_is_a_drawing_and_a_table(
    bob: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted())
    await make_hour(camera, [4, None, 0, 7], datetime.now(UTC))
    page = await bob.get(f"/cameras/{camera.public_id}")
    assert len(parsed(page).select(".chart-plot .bar")) == 3
    rows = [row.get_text() for row in parsed(page).select("#hour-table tbody td")]
    assert rows == ["7", "0", "不明", "4"]
    assert "7人" in text_of(page, ".panel-lead")


async def test_trouble_is_told_with_its_time_and_a_remedy(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=lost(detail="sign_in"))
    sentence = text_of(await alice.get(f"/cameras/{camera.public_id}"), ".live-sentence")
    assert sentence.startswith("カメラに接続できません（")
    assert "カメラのユーザ名またはパスワードが違います。" in sentence
    other = await make_camera(organisation, latest=lost(detail="Something nobody foresaw."))
    sentence = text_of(await alice.get(f"/cameras/{other.public_id}"), ".live-sentence")
    assert "電源とネットワーク" in sentence
    assert "foresaw" not in sentence


async def test_the_live_part_is_the_very_fragment(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=lost())
    path = f"/cameras/{camera.public_id}"
    with time_machine.travel(datetime.now(UTC), tick=False):  # the same day for both
        page, fragment = await alice.get(path), await alice.get(f"{path}/live")
    assert one(page, "#live").get_text() == one(fragment, "#live").get_text()
    assert one(fragment, "#live")["hx-get"] == f"{path}/live"


async def test_the_source_is_told_without_secrets_and_to_admins_only(
    alice: Person, bob: Person, services: Services, organisation: Organisation
) -> None:
    source = {
        "url": "http://192.168.0.9/snap.jpg?pwd=geheim",
        "user": "root",
        "password": "streng",
    }
    sealed = services.sealer.seal(source)
    camera = await make_camera(organisation, connector="http_snapshot", sealed=sealed)
    path = f"/cameras/{camera.public_id}"
    for address in (path, f"{path}/edit"):
        answer = await alice.get(address)
        assert "http://192.168.0.9/snap.jpg?…" in answer.text
        assert "geheim" not in answer.text
        assert "streng" not in answer.text
    assert "192.168.0.9" not in (await bob.get(path)).text


async def test_a_source_under_another_secret_is_no_error_page(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, sealed="gAAAAA-not-ours")
    page = await alice.get(f"/cameras/{camera.public_id}")
    assert page.status_code == 200
    assert "読み取れません" in page.text
    assert (await alice.get(f"/cameras/{camera.public_id}/edit")).status_code == 200


async def test_deleting_asks_with_the_name_and_what_goes_with_it(
    alice: Person, services: Services, organisation: Organisation
) -> None:
    camera = await make_camera(organisation)
    await make_background(services, camera)
    await make_embed(camera)
    text = text_of(await alice.get(f"/cameras/{camera.public_id}/delete"), "main")
    for part in ("「正面入口」を削除しますか", "検知人数の記録", "背景画像", "埋め込み用コード"):
        assert part in text


async def test_deleting_takes_rows_key_and_pictures(
    alice: Person,
    anonymous: Person,
    services: Services,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Displays, "FRESH", 0.0)
    camera = await make_camera(organisation, latest=counted())
    await make_hour(camera, [1, 2], datetime.now(UTC))
    await make_background(services, camera)
    public = await make_embed(camera)
    assert (await anonymous.get(public)).status_code == 200
    answer = await alice.send_form(f"/cameras/{camera.public_id}/delete")
    assert answer.headers["location"] == "/cameras?done=camera_removed"
    assert not await Camera.exists(id=camera.id)
    assert not await Observation.exists()
    assert not await EmbedVariant.exists()
    assert (await anonymous.get(public)).status_code == 404
    row = await Outbox.get()
    assert row.kind == "pictures.delete"
    assert f"backgrounds/{camera.public_id}/" in row.payload["prefixes"]


async def test_deleting_needs_the_form_of_this_session(
    alice: Person, bob: Person, charlie: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation)
    path = f"/cameras/{camera.public_id}/delete"
    assert (await alice.post(path, data={"csrf": "wrong"})).status_code == 403
    assert (await alice.post(path)).status_code == 403
    assert (await bob.send_form(path)).status_code == 403
    assert (await charlie.send_form(path)).status_code == 404
    assert await Camera.exists(id=camera.id)


@pytest.mark.parametrize("name", ["x" * 17, "x" * 5000, "ABC", "%E3%82%AB", "a%00b", "a-b"])
async def test_what_can_be_no_identifier_is_not_found(alice: Person, name: str) -> None:
    assert (await alice.get(f"/cameras/{name}/live")).status_code == 404
    assert (await alice.send_form(f"/cameras/{name}/rename", name="東口")).status_code == 404
