"""アカウント情報: show, 編集, 入力内容確認, 更新; two windows at once are told of each other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.html import error_of, one, parsed
from tests.identity.account.forms import fields, notice
from tests.identity.people import (
    Visitor,
    letters,
    make_account,
    parts_on,
    said,
)
from webapp.identity.account.profile import Profile, update_profile
from webapp.identity.browser import Visitor as From
from webapp.identity.http import LANGUAGE_COOKIE
from webapp.identity.models import Account, Event, Organisation
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.settings import Settings

NEW = {
    "name": "山田 花子",
    "kana": "やまだ ﾊﾅｺ",
    "company": "みなと商店街振興組合",
    "department": "にぎわい推進課",
    "phone": "０３ー１２３４‐５６７８",
    "language": "en",
    "time_zone": "Europe/London",
}
KEPT = {**NEW, "kana": "ヤマダ ハナコ", "phone": "03-1234-5678"}
CHECK, UPDATE = "/account/edit/confirm", "/account/edit"


async def test_the_account_is_shown(someone: Visitor, account: Account) -> None:
    account.password_changed_at = datetime(2025, 4, 1, 15, 0, tzinfo=UTC)
    await account.save()
    page = await someone.get("/account")
    text = said(page)
    for words in ("Alice", "alice@nigiwai.test", "みなと商店街", "管理ユーザ", "東京 (UTC+09:00)"):
        assert words in text
    assert "フリガナ 未登録" in text
    assert "2025-04-02 00:00:00 に変更" in text, "in the account's time zone"
    (current,) = parsed(page).select("nav [aria-current=page]")
    assert current.get_text() == "アカウント情報"
    assert one(page, 'main a[href="https://nigiwai.test/"]').get_text() == "管理画面を開く"


async def test_the_front_page_leads_to_it(someone: Visitor) -> None:
    response = await someone.get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/account")


async def test_it_is_edited_confirmed_and_updated(someone: Visitor, account: Account) -> None:
    form = fields(await someone.get(UPDATE))
    assert form["name"] == "Alice"
    page = await someone.send_form(CHECK, **{**form, **NEW})
    assert page.status_code == 200
    text = said(page)
    assert "Alice" in text
    assert "山田 花子" in text
    assert "ヤマダ ハナコ" in text
    assert (await Account.get(id=account.id)).name == "Alice", "looking changes nothing"
    confirmed = fields(page)
    assert {name: confirmed[name] for name in KEPT} == KEPT
    someone.cookies.set(LANGUAGE_COOKIE, "ja", domain="id.nigiwai.test")
    done = await someone.send_form(UPDATE, **confirmed, answer="update")
    assert (done.status_code, done.headers["location"]) == (303, "/account?done=profile")
    assert Profile.of(await Account.get(id=account.id)).values() == KEPT
    shown = await someone.get("/account?done=profile")
    assert one(shown, "html")["lang"] == "en", "the language that was chosen for good counts"
    assert "London (UTC" in said(shown)
    event = await Event.get(account=account)
    assert event.kind == "profile"
    assert event.details == {"changed": list(KEPT)}


async def test_back_keeps_what_was_typed(someone: Visitor, account: Account) -> None:
    form = {**fields(await someone.get(UPDATE)), **NEW}
    confirmed = fields(await someone.send_form(CHECK, **form))
    page = await someone.send_form(UPDATE, **confirmed, answer="back")
    assert page.status_code == 200
    assert fields(page) == {**form, **KEPT}
    assert (await Account.get(id=account.id)).name == "Alice"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("name", "", "氏名を入力してください。"),
        ("name", "\u200b\n", "氏名を入力してください。"),
        ("name", "あ" * 101, "100文字以内で入力してください。"),
        ("kana", "漢字", "フリガナは全角カタカナで入力してください。"),
        ("kana", "ア" * 101, "100文字以内で入力してください。"),
        ("company", "あ" * 101, "100文字以内で入力してください。"),
        ("department", "あ" * 101, "100文字以内で入力してください。"),
        ("phone", "12345", "電話番号は数字とハイフンで入力してください。例: 03-1234-5678"),
        ("phone", "call me", "電話番号は数字とハイフンで入力してください。例: 03-1234-5678"),
        ("phone", "0" * 16, "電話番号は数字とハイフンで入力してください。例: 03-1234-5678"),
        ("phone", "0-" * 16, "電話番号は数字とハイフンで入力してください。例: 03-1234-5678"),
        ("language", "fr", "表示言語を一覧から選んでください。"),
        ("language", "", "表示言語を一覧から選んでください。"),
        ("time_zone", "Mars/Olympus", "タイムゾーンを一覧から選んでください。"),
        ("time_zone", "../../etc/passwd", "タイムゾーンを一覧から選んでください。"),
    ],
)
async def test_what_is_wrong_is_said_beside_the_field(
    name: str, value: str, message: str, someone: Visitor, account: Account
) -> None:
    form = {**fields(await someone.get(UPDATE)), name: value}
    page = await someone.send_form(CHECK, **form)
    assert page.status_code == 422
    assert error_of(page, name) == message
    # The confirmation's hidden fields are checked again: nobody gets by the form.
    sent = await someone.send_form(UPDATE, **form, answer="update")
    assert sent.status_code == 422
    assert Profile.of(await Account.get(id=account.id)) == Profile.of(account)


@pytest.mark.parametrize(
    "value", ["ヤマダ・ハナコ", "Müller Hans-Jörg", "O’Neil", "ヴァイオレット", ""]
)
async def test_names_are_written_in_many_ways(value: str, someone: Visitor) -> None:
    form = {**fields(await someone.get(UPDATE)), "kana": value, "name": "X"}
    assert fields(await someone.send_form(CHECK, **form))["kana"] == value


async def test_nothing_changed_is_said(someone: Visitor, account: Account) -> None:
    done = await someone.send_form(CHECK, **fields(await someone.get(UPDATE)))
    assert done.headers["location"] == "/account?done=nothing"
    assert not await Event.filter(account=account).exists()
    assert notice(await someone.get("/account?done=nothing")) == "変更した項目はありません。"


@pytest.mark.parametrize("done", ["", "<b>", "xx", "too-late&done=profile"])
async def test_words_of_a_link_are_not_shown(done: str, someone: Visitor) -> None:
    page = await someone.get("/account", params={"done": done})
    assert page.status_code == 200
    assert not parsed(page).select(".notice")


async def test_a_window_that_is_behind_is_told(someone: Visitor, account: Account) -> None:
    form = fields(await someone.get(UPDATE))
    first = fields(await someone.send_form(CHECK, **{**form, "department": "一課"}))
    second = fields(await someone.send_form(CHECK, **{**form, "department": "二課"}))
    assert (await someone.send_form(UPDATE, **first, answer="update")).status_code == 303
    page = await someone.send_form(UPDATE, **second, answer="update")
    assert page.status_code == 409
    assert "別の画面で登録内容が変更されました" in notice(page)
    assert "一課" in said(page), "the other window's value stands beside one's own"
    assert (await Account.get(id=account.id)).department == "一課"
    done = await someone.send_form(UPDATE, **fields(page), answer="update")
    assert done.status_code == 303
    assert (await Account.get(id=account.id)).department == "二課"


async def test_a_form_that_is_behind_is_told_at_the_confirmation(
    someone: Visitor, account: Account
) -> None:
    form = fields(await someone.get(UPDATE))
    await Account.filter(id=account.id).update(phone="03-0000-0000")
    page = await someone.send_form(CHECK, **{**form, "department": "一課"})
    assert page.status_code == 409
    assert "03-0000-0000" in said(page)


async def test_of_twenty_windows_at_once_one_updates(
    any_database: Settings,
) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    account = await make_account(parts, await Organisation.create(name="みなと商店街"))
    before = Profile.of(account)
    here, at = From("203.0.113.7", ""), datetime.now(UTC)

    async def change(number: int) -> bool:
        values: dict[str, Any] = {**before.values(), "department": f"{number}課"}
        return await update_profile(account, Profile(**values), before.stamp(), here, at)

    answers = await asyncio.gather(*(change(number) for number in range(20)))
    assert answers.count(True) == 1
    assert await Event.filter(account=account).count() == 1
    kept = await Account.get(id=account.id)
    assert kept.department == f"{answers.index(True)}課"


async def test_what_belongs_to_others_is_not_changed_by_more_fields(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    """Fields that the form does not have change nothing."""
    form = {**fields(await someone.get(UPDATE)), "name": "Alice B"}
    more = {"mail": "mallory@nigiwai.test", "role": "operator", "organisation_id": "2", "id": "9"}
    done = await someone.send_form(UPDATE, **form, **more, answer="update")
    assert done.status_code == 303
    kept = await Account.get(id=account.id)
    assert (kept.name, kept.mail, kept.role) == ("Alice B", account.mail, account.role)
    assert await letters(parts) == []


async def test_the_pages_between_lead_back_to_the_form(someone: Visitor) -> None:
    assert (await someone.get(CHECK)).headers["location"] == "/account/edit"
