"""The screens of groups: list, 基本設定, choosing cameras, グループ管理 (2-1, 2-2-4, 2-6, 2-9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tortoise.backends.sqlite.client import SqliteClient

from tests.builders import counted, lost, make_camera, make_embed, make_group, make_masked
from tests.html import error_of, one, parsed, text_of
from tests.people import Person
from webapp.domain.groups import MOST_CAMERAS, MOST_GROUPS
from webapp.models import (
    Alert,
    AlertState,
    AuditEntry,
    Camera,
    CameraGroup,
    CameraGroupMember,
    Organisation,
)
from webapp.services import Services

LONG = "と" * 61


async def three(organisation: Organisation, **fields: Any) -> list[Camera]:
    names = ("正面入口", "南口", "北口")
    return [await make_camera(organisation, name, **fields) for name in names]


async def members(group: CameraGroup) -> list[str]:
    rows = await CameraGroupMember.filter(group=group).order_by("position").select_related("camera")
    return [row.camera.name for row in rows]


async def default_name(group: CameraGroup) -> str:
    row = await CameraGroup.get(id=group.id).select_related("default_camera")
    return row.default_camera.name if row.default_camera else ""


def chosen(cameras: list[Camera]) -> list[str]:
    return [camera.public_id for camera in cameras]


async def test_an_empty_list_says_what_to_do_first(
    alice: Person, bob: Person, organisation: Organisation
) -> None:
    assert one(await alice.get("/groups"), "#cards a.btn")["href"] == "/cameras/new"
    await make_camera(organisation)
    assert one(await alice.get("/groups"), "#cards a.btn")["href"] == "/groups/new"
    assert not parsed(await bob.get("/groups")).select('a[href="/groups/new"]')
    assert "グループがまだありません" in (await alice.get("/groups/manage")).text


async def test_a_card_shows_the_sum_and_the_default_cameras_picture(
    alice: Person, services: Services, organisation: Organisation
) -> None:
    cameras = await three(organisation, latest=counted(4))
    key = await make_masked(services, cameras[1])
    await cameras[1].latest.update_from_dict({"picture": key}).save()
    group = await make_group(organisation, "駅前", cameras, default=cameras[1])
    page = await alice.get("/groups")
    card = f"#card-{group.public_id}"
    assert text_of(page, f"{card} h2") == "駅前"
    assert text_of(page, f"{card} .count-value") == "12 人"
    assert text_of(page, f"{card} .group-rests") == "カメラ3台"
    assert cameras[1].public_id in str(one(page, f"{card} .sight img")["src"])
    assert one(page, f"{card} .sight-link")["href"] == f"/groups/{group.public_id}"
    assert "解析済み" in text_of(page, f"{card} .state-done")
    assert (await alice.get("/groups/cards")).text.strip() in page.text


async def test_an_unknown_camera_makes_the_sum_at_least(
    alice: Person, organisation: Organisation
) -> None:
    known = await make_camera(organisation, "南口", latest=counted(4))
    dark = await make_camera(organisation, "北口", latest=lost())
    late = await make_camera(
        organisation, "東口", latest=counted(9, datetime(2020, 1, 1, tzinfo=UTC))
    )
    closed = await make_camera(organisation, "西口", latest=counted(7), is_open=False)
    group = await make_group(organisation, cameras=[known, dark, late, closed])
    page = await alice.get("/groups")
    assert text_of(page, ".count-value") == "4人以上"
    assert text_of(page, ".group-rests") == "3台のうち1台の合計（ほかは不明）"
    await CameraGroupMember.filter(group=group, camera_id__in=[dark.id, late.id]).delete()
    page = await alice.get("/groups")
    assert text_of(page, ".count-value") == "4 人"
    assert text_of(page, ".group-rests") == "2台のうち営業中の1台の合計"


@pytest.mark.parametrize(
    ("latest", "fields", "kind", "word"),
    [
        (dict, {}, "waiting", "準備中"),
        (lost, {}, "unknown", "不明"),
        (counted, {"is_open": False}, "closed", "営業時間外"),
    ],
)
async def test_a_group_without_a_sum_says_why(
    alice: Person,
    organisation: Organisation,
    latest: Callable[[], dict[str, Any]],
    fields: dict[str, Any],
    kind: str,
    word: str,
) -> None:
    await make_group(organisation, cameras=await three(organisation, latest=latest(), **fields))
    page = await alice.get("/groups")
    assert word in text_of(page, f".camera-card .state-{kind}")
    assert text_of(page, ".count-value") == "— 不明"


async def test_the_default_cameras_hours_are_the_groups(
    alice: Person, organisation: Organisation
) -> None:
    shut = await make_camera(organisation, "正面入口", latest=counted(), is_open=False)
    busy = await make_camera(organisation, "南口", latest=counted(8))
    await make_group(organisation, cameras=[shut, busy])
    page = await alice.get("/groups")
    assert "営業時間外" in text_of(page, ".camera-card .state-closed")
    assert text_of(page, ".count-value") == "— 不明"


async def test_one_camera_may_stand_for_several_groups(
    alice: Person, organisation: Organisation
) -> None:
    cameras = await three(organisation, latest=counted(1))
    for name in ("東", "西", "南"):
        await make_group(organisation, name, cameras)
    page = parsed(await alice.get("/groups"))
    ids = [tag["id"] for tag in page.select("[id]")]
    assert len(ids) == len(set(ids))
    assert [tag.get_text(strip=True) for tag in page.select(".count-value")] == ["3人"] * 3


async def test_a_click_on_a_card_lists_the_members(
    alice: Person, bob: Person, organisation: Organisation
) -> None:
    cameras = await three(organisation, latest=counted(2))
    group = await make_group(organisation, cameras=[cameras[2], cameras[0]])
    for person in (alice, bob):
        page = await person.get(f"/groups/{group.public_id}")
        names = [tag.get_text(strip=True) for tag in parsed(page).select(".camera-card h2")]
        assert names == ["北口", "正面入口"]
        assert text_of(page, ".group-live .count-value") == "4 人"
    assert (await alice.get(f"/groups/{group.public_id}/live")).text.strip() in (
        await alice.get(f"/groups/{group.public_id}")
    ).text


async def test_management_lists_name_number_and_key(
    alice: Person, organisation: Organisation
) -> None:
    cameras = await three(organisation)
    group = await make_group(organisation, "駅前", cameras)
    await make_group(organisation, "裏通り", cameras[:1])
    key = (await make_embed(group)).split("/")[2]
    page = await alice.get("/groups/manage")
    cells = [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")][:3]
        for row in parsed(page).select("tbody tr")
    ]
    assert cells == [["駅前", "3台", key], ["裏通り", "1台", "公開していません"]]
    assert one(page, f"#row-{group.public_id} th a")["href"] == f"/groups/{group.public_id}"


async def test_a_group_is_made_of_a_name_and_cameras(
    alice: Person, organisation: Organisation
) -> None:
    cameras = await three(organisation)
    made = await alice.send_form(
        "/groups/new", name="駅前", camera=[cameras[1].public_id, cameras[0].public_id]
    )
    group = await CameraGroup.get()
    assert made.headers["location"].startswith(f"/groups/{group.public_id}/basic")
    assert group.name == "駅前"
    assert await members(group) == ["南口", "正面入口"]
    assert await default_name(group) == "南口"
    assert await AuditEntry.filter(action="group_added", target=group.public_id).count() == 1


@pytest.mark.parametrize(
    ("name", "ticked", "field", "message"),
    [
        ("", 1, "name", "名前を入力してください。"),
        (LONG, 1, "name", "名前は60文字以内で入力してください。"),
        ("駅前", 0, "camera", "カメラを1台以上選択してください。"),
    ],
)
async def test_a_bad_form_says_so_and_keeps_what_was_typed(
    alice: Person, organisation: Organisation, name: str, ticked: int, field: str, message: str
) -> None:
    cameras = await three(organisation)
    answer = await alice.send_form("/groups/new", name=name, camera=chosen(cameras[:ticked]))
    assert answer.status_code == 422
    assert text_of(answer, f"#{field}-error") == message
    if field == "name":
        assert error_of(answer, "name") == message
    assert one(answer, "#name")["value"] == name
    assert len(parsed(answer).select("[name=camera][checked]")) == ticked
    assert not await CameraGroup.exists()


async def test_a_group_has_fifty_cameras_at_most(alice: Person, organisation: Organisation) -> None:
    cameras = [await make_camera(organisation, f"{n}") for n in range(MOST_CAMERAS + 1)]
    ids = chosen(cameras)
    refused = await alice.send_form("/groups/new", name="多い", camera=ids)
    assert refused.status_code == 422
    assert "50台まで" in text_of(refused, "#camera-error")
    assert len(parsed(refused).select("[name=camera][checked]")) == MOST_CAMERAS + 1
    assert (await alice.send_form("/groups/new", name="多い", camera=ids[:-1])).status_code == 303
    group = await CameraGroup.get()
    path = f"/groups/{group.public_id}/cameras"
    refused = await alice.send_form(path, version="0", camera=ids)
    assert refused.status_code == 422
    assert await CameraGroupMember.filter(group=group).count() == MOST_CAMERAS


async def test_there_is_no_group_101(alice: Person, organisation: Organisation) -> None:
    camera = await make_camera(organisation)
    for number in range(MOST_GROUPS):
        await make_group(organisation, f"{number}", [camera])
    refused = await alice.send_form("/groups/new", name="もう1つ", camera=camera.public_id)
    assert refused.status_code == 422
    assert "100個まで" in error_of(refused, "name")
    assert await CameraGroup.all().count() == MOST_GROUPS
    assert not parsed(await alice.get("/groups")).select('a[href="/groups/new"]')


async def test_basic_settings_are_kept(alice: Person, organisation: Organisation) -> None:
    cameras = await three(organisation)
    group = await make_group(organisation, "駅前", cameras)
    path = f"/groups/{group.public_id}/basic"
    page = await alice.get(path)
    assert one(page, "[name=default][checked]")["value"] == cameras[0].public_id
    answer = await alice.send_form(
        path,
        name="駅前広場",
        version="0",
        camera=chosen(cameras[1:]),
        default=cameras[2].public_id,
    )
    assert answer.status_code == 303
    assert (await CameraGroup.get()).name == "駅前広場"
    assert await members(group) == ["南口", "北口"]
    assert await default_name(group) == "北口"
    entry = await AuditEntry.get(action="group_changed")
    assert entry.details["changed"] == {
        "name": ["駅前", "駅前広場"],
        "cameras": ["正面入口, 南口, 北口", "南口, 北口"],
        "default_camera": ["正面入口", "北口"],
    }


async def test_the_bin_takes_ticked_cameras_out_and_saves_nothing(
    alice: Person, organisation: Organisation
) -> None:
    cameras = await three(organisation)
    group = await make_group(organisation, "駅前", cameras)
    answer = await alice.send_form(
        f"/groups/{group.public_id}/basic",
        do="remove",
        name="打ちかけ",
        version="0",
        camera=chosen(cameras),
        remove=[cameras[0].public_id, cameras[1].public_id],
        default=cameras[0].public_id,
    )
    assert answer.status_code == 200
    assert [tag["value"] for tag in parsed(answer).select("[name=camera]")] == chosen(cameras[2:])
    assert one(answer, "#name")["value"] == "打ちかけ"
    assert not parsed(answer).select("[name=default][checked]")
    assert one(answer, "form[data-watch]").has_attr("data-unsaved")
    assert await members(group) == ["正面入口", "南口", "北口"]


@pytest.mark.parametrize("default", ["", "gone", "stranger"])
async def test_the_default_camera_has_to_be_one_of_the_members(
    alice: Person, organisation: Organisation, other_organisation: Organisation, default: str
) -> None:
    cameras = await three(organisation)
    theirs = await make_camera(other_organisation)
    group = await make_group(organisation, "駅前", cameras)
    picked = {"gone": cameras[0].public_id, "stranger": theirs.public_id}.get(default, "")
    answer = await alice.send_form(
        f"/groups/{group.public_id}/basic",
        name="新しい名前",
        version="0",
        camera=chosen(cameras[1:]),
        default=picked,
    )
    assert answer.status_code == 422
    assert "デフォルト画像にするカメラ" in text_of(answer, "#default-error")
    assert one(answer, "#name")["value"] == "新しい名前"
    assert await default_name(group) == "正面入口"
    assert (await CameraGroup.get()).name == "駅前"


async def test_another_organisations_camera_cannot_be_chosen(
    alice: Person, organisation: Organisation, other_organisation: Organisation
) -> None:
    mine, theirs = await make_camera(organisation), await make_camera(other_organisation, "秘密")
    answer = await alice.send_form("/groups/new", name="駅前", camera=theirs.public_id)
    assert answer.status_code == 422
    assert "秘密" not in answer.text
    await alice.send_form("/groups/new", name="駅前", camera=chosen([theirs, mine]))
    assert await members(await CameraGroup.get()) == ["正面入口"]


async def test_choosing_cameras_keeps_places_and_hands_the_default_on(
    alice: Person, organisation: Organisation
) -> None:
    first, second, third = await three(organisation)
    group = await make_group(organisation, "駅前", [second, first])
    path = f"/groups/{group.public_id}/cameras"
    page = await alice.get(path)
    ticked = [tag["value"] for tag in parsed(page).select("[name=camera][checked]")]
    assert ticked == chosen([first, second])
    answer = await alice.send_form(path, version="0", camera=chosen([third, first]))
    assert answer.headers["location"].endswith("done=group_default_moved")
    assert await members(group) == ["正面入口", "北口"]
    assert await default_name(group) == "正面入口"


async def test_the_second_of_two_admins_is_told(alice: Person, organisation: Organisation) -> None:
    cameras = await three(organisation)
    group = await make_group(organisation, "駅前", cameras[:2])
    basic, choose = (f"/groups/{group.public_id}/{tab}" for tab in ("basic", "cameras"))
    await alice.send_form(choose, version="0", camera=chosen(cameras))
    answer = await alice.send_form(
        basic,
        name="後から",
        version="0",
        camera=chosen(cameras[:1]),
        default=cameras[0].public_id,
    )
    assert answer.status_code == 409
    assert "正面入口, 南口, 北口" in text_of(answer, "#changed-meanwhile")
    assert one(answer, "#name")["value"] == "後から"
    assert await members(group) == ["正面入口", "南口", "北口"]
    told = await alice.send_form(choose, version="0", camera=chosen(cameras[:1]))
    assert told.status_code == 409
    assert len(parsed(told).select("[name=camera][checked]")) == 1
    version = str(one(told, "[name=version]")["value"])
    again = await alice.send_form(choose, version=version, camera=chosen(cameras[:1]))
    assert again.status_code == 303
    assert await members(group) == ["正面入口"]


async def test_the_pencil_renames_in_place(alice: Person, organisation: Organisation) -> None:
    group = await make_group(organisation, "駅前", [await make_camera(organisation)])
    path = f"/groups/{group.public_id}/rename"
    assert text_of(await alice.send_htmx(path, name="駅裏"), "h2") == "駅裏"
    wrong = await alice.send_htmx(path, name=LONG)
    assert wrong.status_code == 422
    assert one(wrong, "input[name=name]")["value"] == LONG
    wrong = await alice.send_form(path, name="")
    assert error_of(wrong, "name") == "名前を入力してください。"
    assert (await alice.send_form(path, name="広場")).headers["location"].startswith("/groups")
    assert (await CameraGroup.get()).name == "広場"
    assert await AuditEntry.filter(action="group_renamed").count() == 2


async def test_members_with_other_hours_are_warned_of(
    alice: Person, organisation: Organisation
) -> None:
    cameras = await three(organisation)
    group = await make_group(organisation, "駅前", cameras)
    for path in ("basic", "live"):
        page = await alice.get(f"/groups/{group.public_id}/{path}")
        assert "そろっていません" not in page.text
    await Camera.filter(id=cameras[1].id).update(has_hours=True, hours={"basic": [1]})
    for path in ("basic", "live"):
        page = await alice.get(f"/groups/{group.public_id}/{path}")
        assert "営業時間がそろっていません" in page.text


async def test_a_group_is_deleted_after_asking(
    alice: Person, bob: Person, organisation: Organisation
) -> None:
    group = await make_group(organisation, "駅前", await three(organisation))
    path = f"/groups/{group.public_id}/delete"
    page = await alice.get(path)
    assert "「駅前」を削除しますか" in text_of(page, "h1")
    assert "3台のカメラは削除されません" in page.text
    assert (await bob.send_form(path)).status_code == 403
    assert (await alice.send_form(path)).headers["location"] == "/groups?done=group_removed"
    assert not await CameraGroup.exists()
    assert await Camera.all().count() == 3
    assert await AuditEntry.filter(action="group_removed", target_name="駅前").exists()
    assert (await alice.send_form(path)).status_code == 404


async def test_the_number_of_queries_does_not_grow(
    alice: Person, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    for name in ("execute_query", "execute_query_dict", "execute_insert"):
        original = getattr(SqliteClient, name)

        async def counting(
            self: SqliteClient, *arguments: Any, _original: Any = original, **options: Any
        ) -> Any:
            nonlocal asked
            asked += 1
            return await _original(self, *arguments, **options)

        monkeypatch.setattr(SqliteClient, name, counting)

    async def queries(path: str) -> int:
        nonlocal asked
        asked = 0
        assert (await alice.get(path)).status_code == 200
        return asked

    cameras = await three(organisation, latest=counted(1))
    group = await make_group(organisation, "0", cameras[:1])
    paths = ("/groups", "/groups/manage", f"/groups/{group.public_id}")
    before = [await queries(path) for path in paths]
    for number in range(10):
        await make_group(organisation, f"{number + 1}", cameras)
    for camera in cameras[1:]:
        await CameraGroupMember.create(organisation=organisation, group=group, camera=camera)
    assert [await queries(path) for path in paths] == before


async def test_a_member_shows_its_own_alert_on_the_groups_page(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(12))
    group = await make_group(organisation, cameras=[camera])
    alert = await Alert.create(organisation=organisation, camera=camera, thresholds=[10])
    await AlertState.create(organisation=organisation, alert=alert, stage=2)
    page = await alice.get(f"/groups/{group.public_id}")
    assert "混雑" in text_of(page, ".camera-card .state-busy")
    assert "解析済み" in text_of(page, ".group-live .state-done"), "the group has none"
