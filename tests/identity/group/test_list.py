"""The メンバー tab: who is there, how far they got, and finding somebody among a hundred."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from tortoise.backends.sqlite.client import SqliteClient

from tests.html import one, parsed, text_of
from tests.identity.group.members import names, row
from tests.identity.people import Visitor, make_account, said, sign_in, visitor
from webapp.identity.flows.login import LOGIN
from webapp.identity.links import create_link
from webapp.identity.models import Account, Event, LinkPurpose, Organisation, Role
from webapp.identity.parts import Parts


async def test_everybody_of_the_organisation_is_listed_and_nobody_else(
    someone: Visitor, bob: Account, charlie: Account
) -> None:
    page = await someone.get("/group")
    assert names(page) == ["Alice", "Bob"]
    assert text_of(page, "h1") == "メンバー 2 / 100"
    assert "一般ユーザ" in row(page, bob)
    assert charlie.mail not in page.text
    assert charlie.public_id not in page.text
    assert [box["value"] for box in parsed(page).select("input[name=account]")] == [bob.public_id]


async def test_states_and_the_last_login_are_said(
    someone: Visitor, parts: Parts, organisation: Organisation, bob: Account
) -> None:
    now = datetime.now(UTC)
    for hours in (30, 20):
        await Event.create(account=bob, kind=LOGIN, at=now - timedelta(hours=hours))
    await Event.create(account=bob, kind="password", at=now)
    people = {}
    for name, age in (("Days", 1), ("Hours", 60), ("Minutes", 71.5), ("Late", 73)):
        person = await make_account(parts, organisation, name, password="")
        begun = now - timedelta(hours=age)
        await create_link(person, LinkPurpose.FIRST_PASSWORD, parts.settings, begun)
        people[name] = person
    page = await someone.get("/group")
    assert "利用中" in row(page, bob)
    when = str(one(page, "time")["datetime"])
    assert datetime.fromisoformat(when) == now - timedelta(hours=20)
    assert "招待中 残り2日" in row(page, people["Days"])
    assert "招待中 残り11時間" in row(page, people["Hours"])
    assert "招待中 残り29分" in row(page, people["Minutes"])
    assert "招待の期限切れ" in row(page, people["Late"])
    for name in ("Days", "Late"):
        assert "再送" in row(page, people[name])
    assert "再送" not in row(page, bob)


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("山田", ["山田 花子", "山田太郎"]),
        ("山田太郎", ["山田太郎"]),
        ("山田花子", ["山田 花子"]),
        ("花子　山田", ["山田 花子"]),
        ("はなこ", ["山田 花子"]),
        ("ﾊﾅｺ", ["山田 花子"]),
        ("ALICE@", ["Alice"]),
        ("ｔａｒｏ＠", ["山田太郎"]),
        ("nigiwai.test", ["Alice", "山田 花子", "山田太郎"]),
        ("  ", ["Alice", "山田 花子", "山田太郎"]),
        ("%", []),
        ("charlie", []),
        ("<b>&", []),
    ],
)
async def test_people_are_found_by_name_and_mail(
    sought: str,
    found: list[str],
    someone: Visitor,
    parts: Parts,
    organisation: Organisation,
    charlie: Account,
) -> None:
    await make_account(
        parts, organisation, "山田 花子", password="", mail="h@nigiwai.test", kana="ヤマダ ハナコ"
    )
    await make_account(parts, organisation, "山田太郎", password="", mail="taro@nigiwai.test")
    page = await someone.get("/group", params={"q": sought})
    assert names(page) == found
    assert "3 / 100" in said(page), "the count is of everybody"
    if not found:
        assert f"「{sought}」に一致するメンバーはいません。" in said(page)
        assert not parsed(page).select("table, #deleting")


async def test_whoever_is_alone_is_told_how_to_begin(someone: Visitor) -> None:
    page = await someone.get("/group")
    assert "メンバーはまだあなただけです。" in said(page)
    assert "削除確認" not in said(page)
    assert one(page, ".menu-new a[href='/group/new']").get_text() == "社内ユーザを新規作成する"


async def test_a_full_organisation_says_so(someone: Visitor, organisation: Organisation) -> None:
    await Account.bulk_create(
        [Account(organisation=organisation, name="x", mail=f"{n}@example.jp") for n in range(99)]
    )
    page = await someone.get("/group")
    assert text_of(page, "h1") == "メンバー 100 / 100"
    assert "上限の100人に達しています。" in said(page)
    assert not parsed(page).select(".menu-new")
    form = await someone.get("/group/new")
    assert "アカウントは1つの組織に100個までです。" in said(form)
    assert not parsed(form).select("main form")


async def test_a_hundred_members_take_six_queries_at_most(
    someone: Visitor, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = SqliteClient.execute_query
    asked: list[str] = []

    async def counting(self: SqliteClient, query: str, *args: Any) -> Any:
        asked.append(query)
        return await plain(self, query, *args)

    monkeypatch.setattr(SqliteClient, "execute_query", counting)
    await someone.get("/group")
    alone = len(asked)
    monkeypatch.setattr(SqliteClient, "execute_query", plain)
    await Account.bulk_create(
        [
            Account(
                organisation=organisation,
                name=f"人{n}",
                mail=f"{n}@example.jp",
                password_hash="x" * (n % 2),
            )
            for n in range(99)
        ]
    )
    monkeypatch.setattr(SqliteClient, "execute_query", counting)
    asked.clear()
    page = await someone.get("/group")
    assert len(names(page)) == 100
    assert 0 < alone == len(asked) <= 6, asked


async def test_operators_see_operators(
    identity: Starlette, olivia: Account, account: Account
) -> None:
    async with visitor(identity) as person:
        await sign_in(person, identity, olivia)
        page = await person.get("/group")
        assert names(page) == ["Olivia"]
        assert "事業者" in row(page, olivia)
        form = await person.get("/group/new")
        assert not parsed(form).select("select[name=role]")
        assert one(form, "input[name=role]")["value"] == "operator"


async def test_the_menu_leads_admins_here_and_nobody_else(
    visitors: dict[str, Visitor], bob: Account
) -> None:
    for who, leads in (("admin", True), ("operator", True), ("general", False)):
        page = await visitors[who].get("/account")
        assert bool(parsed(page).select("a[href='/group']")) is leads, who
    assert bob.role is Role.GENERAL


async def test_whoever_signs_in_first_comes_back_here(stranger: Visitor, account: Account) -> None:
    asked = await stranger.get("/group")
    assert asked.headers["location"] == "/login?next=%2Fgroup"
    answer = await stranger.log_in(account.mail, path=asked.headers["location"])
    assert answer.headers["location"] == "/group"
