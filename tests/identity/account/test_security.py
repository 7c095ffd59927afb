"""セキュリティ設定: its choices, the current password before each change, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine

from tests.html import error_of, one, parsed
from tests.identity.account.forms import fields, notice
from tests.identity.people import (
    PASSWORD,
    Visitor,
    kinds_of_events,
    letters,
    said,
)
from webapp.identity.models import (
    Account,
    Event,
    RecoveryCode,
    SecondFactor,
    SecondFactorMethod,
)
from webapp.identity.parts import Parts
from webapp.identity.second_factor import recovery, totp
from webapp.mail.render import render
from webapp.tokens import token_hash

WRONG = (
    "現在のパスワードが違うか、一時的にロックされています。5分ほどおいてもう一度お試しください。"
)
KEPT = {"second_factor": "risk", "method": "mail", "login_notice": "on"}


async def send(person: Visitor, current: str = PASSWORD, **chosen: str) -> httpx.Response:
    return await person.send_form("/account/security", **{**KEPT, **chosen}, current=current)


async def test_the_choices_are_those_of_the_manual(someone: Visitor) -> None:
    page = await someone.get("/account/security")
    text = said(page)
    for words in (
        "二段階認証 有効 ログインのたびに",
        "リスクベース 初めての",
        "無効 パスワードだけで",
        "二段階認証方法 認証コード(メール)",
        "認証アプリ",
        "パスキー",
        "ログイン通知 有効 初めての環境",
    ):
        assert words in text
    assert {name: value for name, value in fields(page).items() if name in KEPT} == KEPT
    assert "認証アプリかパスキーを設定すると作られます。" in text


async def test_they_are_kept_and_told(someone: Visitor, account: Account, parts: Parts) -> None:
    done = await send(someone, second_factor="always", login_notice="off")
    assert done.headers["location"] == "/account/security?done=settings"
    kept = await Account.get(id=account.id)
    assert (kept.second_factor, kept.second_factor_method, kept.login_notice) == (
        SecondFactor.ALWAYS,
        SecondFactorMethod.MAIL,
        False,
    )
    page = await someone.get("/account/security?done=settings")
    assert notice(page) == "セキュリティ設定を更新しました。"
    assert fields(page)["second_factor"] == "always"
    event = await Event.get(account=account)
    assert (event.kind, event.details) == (
        "second_factor",
        {"changes": ["always", "notice_off"]},
    )
    (letter,) = await letters(parts)
    assert (letter.event, letter.to) == ("second_factor_changed", account.mail)
    mail = render(letter, parts.settings, "key", datetime.now(UTC))
    part = mail.get_body(("plain",))
    assert part is not None
    text = str(part.get_content())
    assert [line for line in text.splitlines() if line.startswith("- ")] == [
        "- 二段階認証を「有効」にしました。",
        "- ログイン通知を「無効」にしました。",
    ]
    assert "198.51.100.4" in text


async def test_nothing_changed_asks_for_nothing(someone: Visitor, parts: Parts) -> None:
    done = await send(someone, current="")
    assert done.headers["location"] == "/account/security?done=nothing"
    assert await letters(parts) == []


@pytest.mark.parametrize(
    ("current", "message"),
    [("", "現在のパスワードを入力してください。"), ("not this one", WRONG)],
)
async def test_the_current_password_is_asked_for(
    current: str, message: str, someone: Visitor, account: Account, parts: Parts
) -> None:
    page = await send(someone, current=current, second_factor="off")
    assert page.status_code == 422
    assert error_of(page, "current") == message
    assert fields(page)["second_factor"] == "off", "what was chosen stays"
    assert (await Account.get(id=account.id)).second_factor is SecondFactor.RISK
    assert await letters(parts) == []
    assert await kinds_of_events(account) == []


@pytest.mark.parametrize("name", list(KEPT))
@pytest.mark.parametrize("value", ["", "x", "OFF", "on off"])
async def test_a_choice_that_there_is_not_is_refused(
    name: str, value: str, someone: Visitor, account: Account
) -> None:
    page = await send(someone, **{name: value})
    assert page.status_code == 422
    assert one(page, f"#{name}-error").get_text() == "一覧から選んでください。"
    kept = await Account.get(id=account.id)
    assert kept.second_factor is SecondFactor.RISK


GUARDED = [
    ("/account/mail", {"mail": "alice@new.test"}),
    ("/account/password", {"password": "海辺の 自転車 と 時計", "again": "海辺の 自転車 と 時計"}),
    ("/account/security", {**KEPT, "second_factor": "off"}),
    ("/account/security/totp", {"answer": "set"}),
    ("/account/security/totp", {"answer": "remove"}),
    ("/account/security/recovery", {}),
    ("/account/security/passkeys/new", {}),
]


@pytest.mark.parametrize(("path", "sent"), GUARDED)
async def test_every_change_needs_the_current_password_and_is_locked_after_five(
    path: str, sent: dict[str, str], someone: Visitor, account: Account, parts: Parts
) -> None:
    secret = totp.new_secret()
    account.totp_sealed = parts.sealer.seal({"totp": secret})
    await account.save()
    await recovery.make_codes(account)

    async def state() -> list[object]:
        return [
            await Account.filter(id=account.id).values(),
            await RecoveryCode.all().order_by("id").values(),
            await Event.filter(account=account).count(),
            len(await letters(parts)),
        ]

    before = await state()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for guess in ("", *[f"guess {n}" for n in range(5)], PASSWORD):
            page = await someone.send_form(path, **sent, current=guess)
            assert page.status_code == 422
            assert error_of(page, "current")
            assert await state() == before
        clock.shift(timedelta(seconds=301))
        assert (await someone.send_form(path, **sent, current=PASSWORD)).status_code in {200, 303}


async def test_new_recovery_codes_void_the_old_ones(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    account.totp_sealed = parts.sealer.seal({"totp": totp.new_secret()})
    await account.save()
    old = await recovery.make_codes(account)
    now = datetime.now(UTC)
    assert await recovery.use(account, old[0], now)
    assert "残りは9個です" in said(await someone.get("/account/security/recovery"))
    page = await someone.send_form("/account/security/recovery", current=PASSWORD)
    assert page.status_code == 200
    codes = [code.get_text() for code in parsed(page).select(".codes li")]
    assert len(set(codes)) == 10
    assert str(one(page, ".codes")["data-text"]).split("\n") == codes
    kept = await RecoveryCode.filter(account=account).values_list("code_hash", flat=True)
    assert not set(codes) & set(kept), "only hashes are kept"
    assert token_hash(codes[0]) not in kept
    assert not await recovery.use(account, old[1], now)
    assert await recovery.use(account, codes[0], now)
    assert codes[0] not in (await someone.get("/account/security")).text, "shown once"
    assert "残り9個" in said(await someone.get("/account/security"))
    (event,) = await Event.filter(account=account)
    assert event.details == {"changes": ["codes_made"]}
    assert codes[0] not in repr(await letters(parts))


async def test_without_anything_to_recover_there_are_no_codes(someone: Visitor) -> None:
    for response in (
        await someone.get("/account/security/recovery"),
        await someone.send_form("/account/security/recovery", current=PASSWORD),
    ):
        assert response.headers["location"] == "/account/security"
    assert not await RecoveryCode.exists()
