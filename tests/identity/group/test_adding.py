"""利用者新規登録 → 入力内容確認 → 登録, the link that comes by mail, and sending it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.html import error_of, one, parsed
from tests.identity.group.members import NEW, hidden, names, row
from tests.identity.people import (
    Visitor,
    kinds_of_events,
    letters,
    make_account,
    path_of,
    requests_for_reset,
    said,
)
from webapp.identity.flows.reset import send_reset_link
from webapp.identity.group.routes import MOST_ADDED, MOST_RESENT
from webapp.identity.models import Account, Event, Organisation, Role, Session
from webapp.identity.parts import Parts

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
PASSWORD = "海辺の 自転車 と 古い時計"


async def test_a_new_user_is_added_after_a_look_at_what_was_entered(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    confirmation = await someone.send_form("/group/new/confirm", **NEW)
    assert confirmation.status_code == 200
    for words in ("鈴木 次郎", "スズキ ジロウ", "jiro@example.jp", "株式会社みなと", "総務部",
                  "03-1234-5678", "一般ユーザ", "English"):  # fmt: skip
        assert words in said(confirmation)
    assert await Account.all().count() == 1, "nothing is done yet"
    kept = hidden(confirmation)
    done = await someone.send_form("/group/new", **{**kept, "answer": "add"})
    assert done.headers["location"] == "/group?done=added"
    page = await someone.get(done.headers["location"])
    assert "登録しました。" in said(page)
    assert names(page) == ["Alice", "鈴木 次郎"]
    made = await Account.get(mail="jiro@example.jp").select_related("organisation")
    assert "招待中 残り2日" in row(page, made)
    assert (made.name, made.kana, made.company, made.department, made.phone) == (
        "鈴木 次郎",
        "スズキ ジロウ",
        "株式会社みなと",
        "総務部",
        "03-1234-5678",
    )
    assert (made.role, made.language, made.password_hash) == (Role.GENERAL, "en", "")
    assert made.organisation.id == account.organisation_id
    [letter] = await letters(parts)
    assert (letter.event, letter.to, letter.language) == ("first_password", made.mail, "en")
    [event] = await Event.filter(account=account)
    assert (event.kind, event.address) == ("member_added", "198.51.100.4")
    assert event.details == {"target": made.public_id, "name": "鈴木 次郎"}


async def test_a_newcomer_lives_in_the_zone_of_whoever_adds_them(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    await Account.filter(id=account.id).update(time_zone="America/New_York")
    confirmation = await someone.send_form("/group/new/confirm", **NEW)
    await someone.send_form("/group/new", **{**hidden(confirmation), "answer": "add"})
    assert (await Account.get(mail="jiro@example.jp")).time_zone == "America/New_York"
    assert [letter.time_zone for letter in await letters(parts)] == ["America/New_York"]


async def test_what_was_entered_survives_going_back(someone: Visitor) -> None:
    confirmation = await someone.send_form("/group/new/confirm", **NEW)
    back = await someone.send_form("/group/new", **{**hidden(confirmation), "answer": "back"})
    assert back.status_code == 200
    for name, value in hidden(confirmation).items():
        if name in {"role", "language"}:
            assert one(back, f"#{name} option[selected]")["value"] == value
        elif name != "csrf":
            assert one(back, f"#{name}")["value"] == value
    assert await Account.all().count() == 1
    # A browser keeps what was typed only where it may complete it.
    fields = parsed(back).select(".field input:not([type=hidden])")
    assert len(fields) == 6
    assert not [field for field in fields if field.get("autocomplete") == "off"]


@pytest.mark.parametrize("path", ["/group/new/confirm", "/group/new"])
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "　", "氏名を入力してください。"),
        ("name", "x" * 101, "100文字以内で入力してください。"),
        ("mail", "", "メールアドレスを入力してください。"),
        ("mail", "jiro", "メールアドレスを正しく入力してください。"),
        ("mail", "山田@example.jp", "メールアドレスを正しく入力してください。"),
        ("kana", "山田", "フリガナは全角カタカナで入力してください。"),
        ("phone", "会社", "電話番号は数字とハイフンで入力してください。例: 03-1234-5678"),
        ("role", "operator", "役割を選んでください。"),
        ("role", "", "役割を選んでください。"),
        ("language", "fr", "表示言語を一覧から選んでください。"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field(
    path: str, field: str, value: str, words: str, someone: Visitor
) -> None:
    answer = await someone.send_form(path, **{**NEW, field: value, "answer": "add"})
    assert answer.status_code == 422
    assert error_of(answer, field) == words
    assert await Account.all().count() == 1


@pytest.mark.parametrize("path", ["/group/new/confirm", "/group/new"])
async def test_an_address_that_is_used_is_refused_without_saying_where(
    path: str, someone: Visitor, bob: Account, charlie: Account
) -> None:
    """The page is the same for a colleague and for somebody of another organisation."""
    pages = []
    for mail in (bob.mail, charlie.mail.upper()):
        answer = await someone.send_form(path, **{**NEW, "mail": mail, "answer": "add"})
        assert answer.status_code == 422
        assert error_of(answer, "mail") == (
            "このメールアドレスはすでに使われています。別のメールアドレスを入力してください。"
        )
        pages.append(said(answer).replace(mail.lower(), "…"))
    assert pages[0] == pages[1]
    assert await Account.all().count() == 3


async def test_letters_are_not_sent_without_end(
    someone: Visitor, parts: Parts, organisation: Organisation
) -> None:
    person = await make_account(parts, organisation, "New", password="")
    with time_machine.travel(NOW, tick=False):
        await renew(someone)
        for _ in range(MOST_RESENT):
            answer = await someone.send_form(f"/group/{person.public_id}/resend")
            assert answer.status_code == 303
        answer = await someone.send_form(f"/group/{person.public_id}/resend")
        assert answer.status_code == 429
        assert "招待メールの送信が続いています。" in said(answer)
    assert len(await letters(parts)) == MOST_RESENT
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        answer = await someone.send_form(f"/group/{person.public_id}/resend")
        assert answer.status_code == 303


async def test_adding_and_deleting_in_turns_ends(someone: Visitor, parts: Parts) -> None:
    await someone.get("/group")
    sent = 0
    for n in range(MOST_ADDED + 1):
        fields = {**NEW, "mail": f"{n}@example.jp", "answer": "add"}
        answer = await someone.send_form("/group/new", **fields)
        sent += answer.status_code == 303
        await Account.filter(mail=fields["mail"]).delete()
    assert sent == MOST_ADDED
    assert answer.status_code == 429


async def test_an_invitation_is_sent_again_and_the_first_link_is_void(
    someone: Visitor, stranger: Visitor, account: Account, parts: Parts
) -> None:
    with time_machine.travel(NOW, tick=False):
        await renew(someone)
        await someone.send_form("/group/new", **NEW)
    made = await Account.get(mail="jiro@example.jp")
    again = NOW + timedelta(hours=70)
    with time_machine.travel(again, tick=False):
        await renew(someone)
        answer = await someone.send_form(f"/group/{made.public_id}/resend")
        assert answer.headers["location"] == "/group?done=resent"
        assert "前のメールのURLは使えなくなりました。" in said(
            await someone.get(answer.headers["location"])
        )
    first, second = [path_of(letter.values["url"]) for letter in await letters(parts)]
    with time_machine.travel(again, tick=False):
        assert (await stranger.get(first)).status_code == 410
    with time_machine.travel(again + timedelta(hours=72, minutes=1), tick=False):
        late = await stranger.get(second)
        assert late.status_code == 410
        assert "招待の期限が切れています。" in said(late)
        assert "招待メールの再送を依頼してください。" in said(late)
        assert (await stranger.send_form(second, password=PASSWORD)).status_code == 410
    with time_machine.travel(again + timedelta(hours=71, minutes=59), tick=False):
        assert (await stranger.get(second)).status_code == 200
        assert (await stranger.send_form(second, password=PASSWORD)).status_code == 303
        spent = await stranger.get(second)
        assert "すでに使われたか、期限が切れています。" in said(spent)
    assert await kinds_of_events(account) == ["member_added", "member_invited_again"]


async def test_whoever_has_a_password_is_not_invited_again(
    someone: Visitor, bob: Account, parts: Parts
) -> None:
    answer = await someone.send_form(f"/group/{bob.public_id}/resend")
    assert answer.status_code == 422
    assert "パスワードがすでに設定されているため、招待メールは送れません。" in said(answer)
    assert await letters(parts) == []


async def test_a_reset_does_not_revive_an_invitation(
    stranger: Visitor, parts: Parts, organisation: Organisation
) -> None:
    person = await make_account(parts, organisation, "New", password="")
    answer = await stranger.send_form("/reset", mail=person.mail, answer="send")
    assert answer.headers["location"] == "/reset/sent", "as for everybody"
    for payload in await requests_for_reset():
        await send_reset_link(parts, payload)
    assert await letters(parts) == []


async def renew(person: Visitor) -> None:
    """Keep the sign-in of this browser alive at the time that is travelled to."""
    await Session.all().update(expires_at=datetime.now(UTC) + timedelta(hours=12))
    await person.get("/group")
