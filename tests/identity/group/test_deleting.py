"""Ticks → 削除確認 → 削除 → 閉じる."""

from __future__ import annotations

from tests.html import one, parsed
from tests.identity.group.members import names, send_all
from tests.identity.people import Visitor, kinds_of_events, letters, make_account, said
from webapp.identity.models import Account, Organisation, Role
from webapp.identity.parts import Parts


async def test_those_who_are_ticked_are_named_and_then_gone(
    visitors: dict[str, Visitor],
    account: Account,
    bob: Account,
    parts: Parts,
    organisation: Organisation,
) -> None:
    admin = visitors["admin"]
    carol = await make_account(parts, organisation, "Carol", password="")
    confirmation = await send_all(admin, "/group/delete/confirm", [bob, carol])
    assert confirmation.status_code == 200
    words = [" ".join(li.get_text(" ").split()) for li in parsed(confirmation).select(".going li")]
    assert words == [
        "Bob bob@nigiwai.test 一般ユーザ",
        "Carol carol@nigiwai.test 管理ユーザ",
    ]
    assert "次の2人のアカウントを削除しますか？" in said(confirmation)
    assert await Account.filter(organisation=organisation).count() == 3, "nothing is done yet"
    done = await send_all(admin, "/group/delete", [bob, carol])
    assert done.headers["location"] == "/group?done=deleted"
    page = await admin.get(done.headers["location"])
    assert "削除しました。" in said(page)
    assert one(page, ".notice a").get_text() == "閉じる"
    assert one(page, ".notice a")["href"] == "/group"
    assert names(page) == ["Alice"]
    assert [letter.to for letter in await letters(parts)] == [bob.mail, carol.mail]
    assert {letter.event for letter in await letters(parts)} == {"account_deleted"}
    assert await kinds_of_events(account) == ["member_removed", "member_removed"]
    assert (await visitors["general"].get("/account")).status_code == 303


async def test_a_second_click_finds_nobody(someone: Visitor, bob: Account, parts: Parts) -> None:
    await send_all(someone, "/group/delete", [bob])
    again = await send_all(someone, "/group/delete", [bob])
    assert again.headers["location"] == "/group?done=gone"
    assert "すでに削除されていました。" in said(await someone.get(again.headers["location"]))
    assert len(await letters(parts)) == 1


async def test_without_a_tick_it_says_what_to_do(someone: Visitor, charlie: Account) -> None:
    for ticked in ([], [charlie]):
        answer = await send_all(someone, "/group/delete/confirm", ticked)
        assert answer.status_code == 422
        assert "削除するメンバーを選択してください。" in said(answer)
        assert charlie.name not in said(answer)


async def test_oneself_is_refused_at_each_step(
    someone: Visitor, account: Account, bob: Account
) -> None:
    for path in ("/group/delete/confirm", "/group/delete"):
        answer = await send_all(someone, path, [bob, account])
        assert answer.status_code == 422
        assert "自分自身のアカウントは削除できません。" in said(answer)
    assert await Account.all().count() == 2


async def test_ninety_nine_are_deleted_at_once(
    someone: Visitor, organisation: Organisation, parts: Parts
) -> None:
    await Account.bulk_create(
        [Account(organisation=organisation, name=f"人{n}", mail=f"{n}@a.jp") for n in range(99)]
    )
    everybody = await Account.filter(role=Role.GENERAL)
    confirmation = await send_all(someone, "/group/delete/confirm", everybody)
    assert len(parsed(confirmation).select(".going li")) == 99
    done = await send_all(someone, "/group/delete", everybody)
    assert done.headers["location"] == "/group?done=deleted"
    assert await Account.all().count() == 1
    assert len(await letters(parts)) == 99
