"""The camera list (S1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from tortoise.backends.sqlite.client import SqliteClient

from tests.builders import counted, lost, make_background, make_camera, make_masked
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.domain.health import CameraState
from webapp.models import Camera, Organisation
from webapp.services import Services


async def test_an_empty_list_says_what_to_do_first(alice: Person, bob: Person) -> None:
    mine = await alice.get("/cameras")
    assert "はじめにカメラを追加してください" in text_of(mine, "#cards")
    ways = [link["href"] for link in parsed(mine).select("#cards a.btn")]
    assert ways == ["/setup", "/cameras/new"]
    theirs = await bob.get("/cameras")
    assert not parsed(theirs).select('a[href="/cameras/new"]')


async def test_a_card_says_name_count_state_and_time(
    alice: Person, services: Services, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(3, datetime.now(UTC)))
    key = await make_masked(services, camera)
    await camera.latest.update_from_dict({"picture": key}).save()
    page = await alice.get("/cameras")
    card = f"#card-{camera.public_id}"
    assert text_of(page, f"{card} h2") == "正面入口"
    assert text_of(page, f"{card} .count-value") == "3 人"
    assert "解析済み" in text_of(page, f"{card} .state-done")
    assert re.search(r"\d\d:\d\d", text_of(page, f"{card} .state-time"))
    picture = one(page, f"{card} img")
    assert (picture["width"], picture["height"]) == ("320", "240")
    assert (await alice.get(str(picture["src"]))).headers["content-type"] == "image/jpeg"


async def test_unknown_is_never_nought(alice: Person, organisation: Organisation) -> None:
    camera = await make_camera(organisation, latest=lost())
    page = await alice.get("/cameras")
    card = f"#card-{camera.public_id}"
    assert text_of(page, f"{card} .count-value") == "— 不明"
    assert "不明" in text_of(page, f"{card} .state-unknown")
    assert "最終" in text_of(page, f"{card} .state-unknown .state-time")
    assert "unknown.svg" in str(one(page, f"{card} img")["src"])


@pytest.mark.parametrize(
    ("latest", "fields", "word", "picture"),
    [
        (dict, {}, "準備中", "waiting.svg"),
        (counted, {"is_open": False}, "営業時間外", "closed-ja.svg"),
        (counted, {}, "解析済み", "no-background.svg"),
    ],
)
async def test_every_state_has_a_word_and_a_picture(
    alice: Person,
    organisation: Organisation,
    latest: Callable[[], dict[str, Any]],
    fields: dict,
    word: str,
    picture: str,
) -> None:
    # Made now: what was counted when the tests were collected is late by the time they run.
    await make_camera(organisation, latest=latest(), **fields)
    page = await alice.get("/cameras")
    assert word in text_of(page, ".camera-card .state")
    assert picture in str(one(page, ".camera-card img")["src"])


async def test_the_page_includes_the_very_fragment_that_is_swapped(
    alice: Person, organisation: Organisation
) -> None:
    await make_camera(organisation, latest=lost(CameraState.MISSED))
    with time_machine.travel(datetime.now(UTC), tick=False):  # the same day for both
        page, fragment = await alice.get("/cameras"), await alice.get("/cameras/cards")
    assert parsed(fragment).html is None
    assert one(page, "#cards").get_text() == one(fragment, "#cards").get_text()
    poll = one(fragment, "#cards")
    assert (poll["hx-get"], poll["hx-swap"]) == ("/cameras/cards", "outerMorph")
    assert poll["hx-trigger"] == "every 60s"


@pytest.mark.parametrize(
    ("path", "rows"), [("/cameras", ".camera-card"), ("/cameras/manage", "#rows tbody tr")]
)
async def test_a_list_of_100_cameras_takes_no_more_queries_than_one_of_1(
    alice: Person,
    services: Services,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    rows: str,
) -> None:
    asked: list[str] = []
    plain = SqliteClient.execute_query

    async def counting(self: SqliteClient, query: str, values: list | None = None) -> object:
        asked.append(query)
        return await plain(self, query, values)

    await make_background(services, await make_camera(organisation, latest=counted()))
    monkeypatch.setattr(SqliteClient, "execute_query", counting)
    await alice.get(path)
    few = len(asked)
    monkeypatch.setattr(SqliteClient, "execute_query", plain)
    for number in range(99):
        await make_camera(organisation, f"カメラ{number}", latest=counted())
    monkeypatch.setattr(SqliteClient, "execute_query", counting)
    asked.clear()
    page = await alice.get(path)
    assert len(parsed(page).select(rows)) == 100
    assert len(asked) == few <= 4


async def test_a_general_member_has_no_tools_to_change(
    bob: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted())
    page = await bob.get("/cameras")
    assert not parsed(page).select("[data-rename], form.rename, .menu-item.is-danger")
    assert one(page, f'#card-{camera.public_id} .menu-item[href="/cameras/{camera.public_id}"]')


async def test_nobody_sees_another_organisations_cameras(
    charlie: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, "ひみつの入口", latest=counted())
    assert "ひみつの入口" not in (await charlie.get("/cameras")).text
    assert (await charlie.get(f"/cameras/{camera.public_id}")).status_code == 404


async def test_the_name_is_changed_in_its_place(alice: Person, organisation: Organisation) -> None:
    camera = await make_camera(organisation)
    answer = await alice.send_htmx(f"/cameras/{camera.public_id}/rename", name=" 東口 ")
    assert answer.status_code == 200
    assert text_of(answer, f"#name-{camera.public_id} h2") == "東口"
    assert (await Camera.get(id=camera.id)).name == "東口"


async def test_a_bad_name_is_kept_for_mending(alice: Person, organisation: Organisation) -> None:
    camera = await make_camera(organisation)
    path = f"/cameras/{camera.public_id}/rename"
    empty = await alice.send_htmx(path, name="  ")
    assert empty.status_code == 422
    assert "名前を入力してください" in text_of(empty, ".invalid-feedback")
    long = await alice.send_htmx(path, name="あ" * 61)
    assert "60文字以内" in text_of(long, ".invalid-feedback")
    assert one(long, "input[name=name]")["value"] == "あ" * 61
    assert (await Camera.get(id=camera.id)).name == "正面入口"


async def test_without_script_the_name_is_changed_by_a_plain_form(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation)
    answer = await alice.send_form(f"/cameras/{camera.public_id}/rename", name="東口")
    assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (303, "/cameras")
    bad = await alice.send_form(f"/cameras/{camera.public_id}/rename", name="")
    assert bad.status_code == 422
    assert parsed(bad).select_one("#name-error")


async def test_a_name_is_text_whatever_it_holds(alice: Person, organisation: Organisation) -> None:
    name = '"><script>alert(1)</script>%(name)s{{7*7}}'
    camera = await make_camera(organisation, name, latest=counted())
    for path in ("/cameras", f"/cameras/{camera.public_id}", f"/cameras/{camera.public_id}/edit"):
        page = await alice.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        shown = parsed(page)
        assert name in shown.get_text() or one(page, "#name")["value"] == name


async def test_three_hundred_names_are_text_on_every_screen(
    alice: Person, organisation: Organisation
) -> None:
    odd = ("<script>alert(1)</script>", "<svg onload=x>", "a\r\nBcc: x", "\u202e逆", "=1+1", "ＡＢ")
    shapes = (
        "{}",
        "'{}'",
        '"{}"',
        "{}%(name)s",
        "{{{{7*7}}}}{}",
        "@{}",
        "-{}",
        "&lt;{}",
        "{}＆",
        "\t{}",
    )
    names = [shape.format(f"{text}{n}") for n in range(5) for text in odd for shape in shapes]
    assert len(set(names)) == 300
    for name in names:
        await make_camera(organisation, name)
    for path in ("/cameras", "/cameras/manage"):
        page = parsed(await alice.get(path))
        shown = [link.get_text() for link in page.select("h2 a, tbody th a")]
        assert [name.replace("\r\n", "\n") for name in names] == [
            name.replace("\r\n", "\n") for name in shown
        ]
        assert not page.select("main script, main svg[onload]")
