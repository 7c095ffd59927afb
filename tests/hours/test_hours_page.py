"""The editor of business hours: cards, mistakes beside their fields, the month, the picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
import pytest
import time_machine

from tests.builders import counted, make_camera, make_embed, picture
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.embeds.shown import Displays
from webapp.models import AuditEntry, Camera, CameraGroup, CameraGroupMember, Organisation, Outbox
from webapp.services import Services

# A Wednesday, noon in Tokyo.
NOON = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)
BASIC = {
    "rule": "basic:1",
    "r1-days": ["0", "1", "2", "3", "4"],
    "r1-start": "9:00",
    "r1-end": "18",
}


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, latest=counted(3, NOON))


def path_of(camera: Camera) -> str:
    return f"/cameras/{camera.public_id}/hours"


async def filled(person: Person, path: str, **fields: Any) -> dict[str, Any]:
    """The fields, with the version of what is kept now."""
    version = one(await person.get(path), "input[name=version]")["value"]
    return {"version": version, **fields}


async def save(person: Person, camera: Camera, **fields: Any) -> Any:
    path = path_of(camera)
    return await person.send_form(path, **await filled(person, path, **fields))


def error_of_card(answer: Any, name: str) -> str:
    control = one(answer, f'[aria-describedby="r1-{name}-error"]')
    assert control["aria-invalid"] == "true"
    assert "open" in control.find_parent("details").attrs, "a card with a mistake is open"
    return text_of(answer, f"#r1-{name}-error")


async def test_hours_are_saved_and_count_at_once(alice: Person, camera: Camera) -> None:
    answer = await save(alice, camera, has_hours="1", **BASIC)
    assert answer.status_code == 303
    kept = await Camera.get(id=camera.id)
    assert kept.has_hours
    assert kept.hours["basic"] == [{"days": [0, 1, 2, 3, 4], "span": [540, 1080]}]
    assert kept.is_open
    assert kept.opening_changes_at == datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
    await save(alice, camera, has_hours="1", **{**BASIC, "r1-end": "１２：００"})
    assert not (await Camera.get(id=camera.id)).is_open, "it is noon: closed at once"
    entries = await AuditEntry.filter(action="hours_changed").order_by("id")
    assert [entry.details["changed"] for entry in entries] == [
        {"has_hours": [False, True], "hours": None},
        {"hours": None},
    ]


async def test_saving_the_same_again_writes_nothing(alice: Person, camera: Camera) -> None:
    for _ in range(2):
        assert (await save(alice, camera, has_hours="1", **BASIC)).status_code == 303
    assert await AuditEntry.filter(action="hours_changed").count() == 1


async def test_switched_off_the_rules_are_kept_and_do_not_count(
    alice: Person, camera: Camera
) -> None:
    await save(alice, camera, has_hours="1", **{**BASIC, "r1-end": "12:00"})
    await save(alice, camera, **{**BASIC, "r1-end": "12:00"})
    kept = await Camera.get(id=camera.id)
    assert (kept.has_hours, kept.is_open, kept.opening_changes_at) == (False, True, None)
    page = await alice.get(path_of(camera))
    assert one(page, "input[name='r1-end']")["value"] == "12:00"


@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"r1-days": []}, "days", "1つ以上"),
        ({"r1-start": "18:00", "r1-end": "9:00"}, "end", "開始より後"),
        ({"r1-end": "9:00"}, "end", "開始より後"),
        ({"r1-start": "5:00"}, "start", "6:00から30:00"),
        ({"r1-end": "30:01"}, "end", "6:00から30:00"),
        ({"r1-start": ""}, "start", "9:00 や 25:30"),
        ({"r1-start": "9:75"}, "start", "9:00 や 25:30"),
        ({"r1-start": "<b>"}, "start", "9:00 や 25:30"),
        ({"rule": "special:1", "r1-repeat": "once", "r1-date": ""}, "date", "選んで"),
        ({"rule": "special:1", "r1-repeat": "once", "r1-date": "2027-02-29"}, "date", "ありません"),
        (
            {"rule": "special:1", "r1-repeat": "yearly", "r1-month": "2", "r1-day": "30"},
            "day",
            "2月30日はありません",
        ),
        ({"rule": "special:1", "r1-repeat": "monthly", "r1-day": "32"}, "day", "1から31"),
        ({"rule": "special:1", "r1-repeat": "weekday", "r1-nth": "0"}, "nth", "選び直して"),
        ({"rule": "special:1", "r1-repeat": "weekday", "r1-weekday": "7"}, "weekday", "選び直して"),
        ({"rule": "special:1", "r1-repeat": "daily"}, "repeat", "選び直して"),
    ],
)
async def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(
    alice: Person, camera: Camera, fields: dict[str, Any], name: str, message: str
) -> None:
    entered = {"has_hours": "1", **BASIC, **fields}
    answer = await save(alice, camera, **entered)
    assert answer.status_code == 422
    assert message in error_of_card(answer, name)
    for field, value in entered.items():
        if field in {"r1-start", "r1-end"}:
            shown = str(one(answer, f"[name='{field}']")["value"])
            assert shown == value or shown.removesuffix(":00") == value
    assert one(answer, "input[name=has_hours]").has_attr("checked")
    assert not (await Camera.get(id=camera.id)).has_hours


async def test_hours_without_a_rule_are_refused(alice: Person, camera: Camera) -> None:
    for fields in ({}, {"rule": "closed:1", "r1-repeat": "monthly", "r1-day": "3"}):
        answer = await save(alice, camera, has_hours="1", **fields)
        assert answer.status_code == 422
        assert "1つ以上追加" in text_of(answer, "#rules-error")


async def test_no_more_than_fifty_rules(alice: Person, camera: Camera) -> None:
    rules: dict[str, Any] = {"rule": [f"closed:{n}" for n in range(1, 52)]}
    rules |= {f"r{n}-repeat": "monthly" for n in range(1, 52)}
    rules |= {f"r{n}-day": "3" for n in range(1, 52)}
    answer = await save(alice, camera, **rules)
    assert answer.status_code == 422
    assert "50個まで" in text_of(answer, "#rules-error")


async def test_what_is_right_and_perhaps_not_meant_is_said(alice: Person, camera: Camera) -> None:
    fields: dict[str, Any] = {
        "has_hours": "1",
        "rule": ["basic:1", "basic:2", "closed:3", "closed:4", "special:5"],
        "r1-days": ["0", "1"],
        "r1-start": "9:00",
        "r1-end": "12:00",
        "r2-days": ["1"],
        "r2-start": "11:00",
        "r2-end": "15:00",
        "r3-repeat": "yearly",
        "r3-month": "2",
        "r3-day": "29",
        "r4-repeat": "monthly",
        "r4-day": "31",
        "r5-repeat": "weekday",
        "r5-nth": "5",
        "r5-weekday": "0",
        "r5-start": "10:00",
        "r5-end": "29:00",
    }
    assert (await save(alice, camera, **fields)).status_code == 303
    page = await alice.get(path_of(camera))
    notes = [note.get_text(strip=True) for note in parsed(page).select(".hours-card > .form-hint")]
    assert [note[:10] for note in notes] == [
        "ほかの基本営業時間と重",
        "第5週のない月には適",
        "2月29日があるのは",
        "31日のない月には適",
    ] or len(notes) == 4
    summaries = [said.get_text(strip=True) for said in parsed(page).select("[data-summary]")][:5]
    assert summaries == [
        "月・火 9:00–12:00",
        "火 11:00–15:00",
        "毎月第5月曜日 10:00–29:00",
        "毎年2月29日",
        "毎月31日",
    ]


async def test_the_month_as_saved_and_as_edited(alice: Person, camera: Camera) -> None:
    await save(alice, camera, has_hours="1", **BASIC)
    path = path_of(camera)
    edited = {**BASIC, "r1-end": "21:30", "has_hours": "1", "month": "2026-09"}
    answer = await alice.send_htmx(f"{path}/draft", **edited)
    assert answer.status_code == 200
    saved, preview = parsed(answer).select("table.hours-month")
    days = {cell.select_one(".hours-date").contents[0]: cell for cell in saved.select("td.is-open")}  # type: ignore[union-attr]
    assert "9:00–18:00" in days["1"].get_text()
    assert "21" not in days  # 敬老の日: no rule has 祝
    assert "国民の休日" in saved.get_text()
    assert "9:00–21:30" in preview.get_text()
    assert "9:00–18:00" not in preview.get_text()
    kept = await Camera.get(id=camera.id)
    assert kept.hours["basic"][0]["span"] == [540, 1080], "nothing is saved"
    turned = await alice.get(f"{path}?month=2026-09")
    assert "2026年9月" in text_of(turned, ".hours-months")
    beyond = await alice.get(f"{path}?month=2099-01")
    assert "2026年6月" in text_of(beyond, ".hours-months")
    wrong = await alice.send_htmx(f"{path}/draft", **{**edited, "r1-end": "x"})
    assert "まだ表示できません" in text_of(wrong, "[data-preview]")


async def test_without_script_buttons_add_and_remove_cards(alice: Person, camera: Camera) -> None:
    path = path_of(camera)
    entered = await filled(alice, path, has_hours="1", **BASIC)
    more = await alice.send_form(f"{path}/draft", **entered, add="special")
    rules = [str(field["value"]) for field in parsed(more).select("form [name=rule]")]
    assert rules == ["basic:1", "special:2"]
    assert one(more, "form [name='r1-end']")["value"] == "18:00"
    assert one(more, "form#hours").has_attr("data-unsaved")
    fewer = await alice.send_form(f"{path}/draft", **entered, remove="1")
    assert parsed(fewer).select("form [name=rule]") == []
    assert not (await Camera.get(id=camera.id)).has_hours


async def test_the_second_of_two_admins_is_told(alice: Person, camera: Camera) -> None:
    path = path_of(camera)
    mine = await filled(alice, path, has_hours="1", **BASIC)
    await save(alice, camera, has_hours="1", **{**BASIC, "r1-end": "20:00"})
    late = await alice.send_form(path, **mine)
    assert late.status_code == 409
    assert "ほかの管理ユーザ" in text_of(late, "#changed-meanwhile")
    assert one(late, "form [name='r1-end']")["value"] == "18:00", "what was entered is kept"
    assert "9:00–20:00" in parsed(late).select("table.hours-month")[0].get_text(), "theirs"
    assert (await Camera.get(id=camera.id)).hours["basic"][0]["span"] == [540, 1200]
    knowing = {**mine, "version": one(late, "input[name=version]")["value"]}
    assert (await alice.send_form(path, **knowing)).status_code == 303
    assert (await Camera.get(id=camera.id)).hours["basic"][0]["span"] == [540, 1080]


async def test_a_picture_of_ones_own_is_shown_out_of_hours(
    alice: Person,
    anonymous: Person,
    camera: Camera,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Displays, "FRESH", 0.0)
    page = await make_embed(camera)
    path = path_of(camera)
    shut = {**BASIC, "r1-end": "12:00", "has_hours": "1"}
    await save(alice, camera, **shut)
    viewer = await anonymous.get(page, headers={"Accept-Language": "en"})
    assert "closed-en.svg" in str(one(viewer, "img")["src"])
    answer = await alice.send_file(
        path, "picture", picture(800, 600), "ours.jpg", **await filled(alice, path, **shut)
    )
    assert answer.status_code == 303
    kept = (await Camera.get(id=camera.id)).closed_picture
    assert (kept["width"], kept["height"]) == (800, 600)
    shown = one(await anonymous.get(page), "img")
    assert "is-old" not in shown.get("class", [])
    served = await anonymous.get(str(shown["src"]))
    assert served.status_code == 200
    assert served.content != picture(800, 600), "made anew from its pixels"
    removed = await alice.send_form(path, **await filled(alice, path, **shut, no_picture="1"))
    assert removed.status_code == 303
    assert (await Camera.get(id=camera.id)).closed_picture == {}
    assert [row.payload["keys"] for row in await Outbox.all()] == [[kept["key"]]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (picture(200, 100, ".png"), "JPEG形式"),
        (b"GIF89a" + b"x" * 100, "JPEG形式"),
        (picture(1936, 100), "幅1920"),
        (picture(100, 1296), "高さ1280"),
        (picture(640, 480)[:900], "途中で切れています"),
        (
            bytes(
                cv2.imencode(
                    ".jpg",
                    np.random.default_rng(1).integers(0, 255, (1000, 1900, 3), np.uint8),
                    [cv2.IMWRITE_JPEG_QUALITY, 95],
                )[1]
            ),
            "1 MB以下",
        ),
    ],
    ids=["png", "gif", "wide", "high", "cut", "large"],
)
async def test_a_picture_that_will_not_do_is_refused_in_words(
    alice: Person, camera: Camera, data: bytes, message: str
) -> None:
    path = path_of(camera)
    fields = await filled(alice, path, has_hours="1", **BASIC)
    answer = await alice.send_file(path, "picture", data, "x.jpg", **fields)
    assert answer.status_code == 422
    assert message in text_of(answer, "#picture-error")
    assert (await Camera.get(id=camera.id)).closed_picture == {}


async def test_hours_are_copied_to_chosen_cameras(
    alice: Person, camera: Camera, organisation: Organisation, other_organisation: Organisation
) -> None:
    await save(alice, camera, has_hours="1", **BASIC)
    second = await make_camera(organisation, "南口")
    third = await make_camera(organisation, "北口")
    theirs = await make_camera(other_organisation, "やまて")
    to = [second.public_id, theirs.public_id]
    answer = await alice.send_form(f"{path_of(camera)}/copy", to=to)
    assert answer.status_code == 303
    kept = {row.id: row.has_hours for row in await Camera.all()}
    assert kept == {camera.id: True, second.id: True, third.id: False, theirs.id: False}
    nothing = await alice.send_form(f"{path_of(camera)}/copy")
    assert nothing.status_code == 422
    assert "選んでください" in text_of(nothing, "#copy-error")


async def test_a_group_gets_one_set_of_hours(alice: Person, organisation: Organisation) -> None:
    first = await make_camera(organisation, "東口")
    second = await make_camera(organisation, "西口", has_hours=True, hours={"basic": []})
    group = await CameraGroup.create(
        organisation=organisation, name="出入口", default_camera=second
    )
    path = f"/groups/{group.public_id}/hours"
    assert "カメラがありません" in (await alice.get(path)).text
    for position, member in enumerate((first, second)):
        await CameraGroupMember.create(
            organisation=organisation, group=group, camera=member, position=position
        )
    page = await alice.get(path)
    assert "西口" in text_of(page, ".settings-panel > .notice")
    assert one(page, "input[name=has_hours]").has_attr("checked"), "the default camera's"
    answer = await alice.send_form(path, **await filled(alice, path, has_hours="1", **BASIC))
    assert answer.status_code == 303
    spans = [row.hours["basic"][0]["span"] for row in await Camera.all()]
    assert spans == [[540, 1080], [540, 1080]]
    assert await AuditEntry.filter(action="hours_changed").count() == 2


async def test_a_general_member_may_look(bob: Person, alice: Person, camera: Camera) -> None:
    await save(alice, camera, has_hours="1", **BASIC)
    page = await bob.get(path_of(camera))
    assert page.status_code == 200
    assert len(parsed(page).select("table.hours-month")) == 1
    assert one(page, "form#hours > fieldset").has_attr("disabled")
    assert parsed(page).select("button[data-save]") == []


async def test_another_zone_moves_the_hours_at_once(
    alice: Person, camera: Camera, organisation: Organisation
) -> None:
    await save(alice, camera, has_hours="1", **BASIC)
    version = one(await alice.get("/organisation"), "input[name=version]")["value"]
    fields = {"name": organisation.name, "language": "ja", "version": version}
    answer = await alice.send_form("/organisation", **fields, time_zone="Europe/Berlin")
    assert answer.status_code == 303
    moved = await Camera.get(id=camera.id)
    assert not moved.is_open, "in Berlin it is five in the morning"
    assert moved.opening_changes_at == datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
