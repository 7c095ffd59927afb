"""認証アプリ: nothing is kept before a code proves it; a permission is good for one step."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import error_of, one, parsed
from tests.identity.account.forms import fields, notice
from tests.identity.account.test_security import KEPT
from tests.identity.people import (
    PASSWORD,
    Visitor,
    letters,
    make_account,
    said,
    sign_in,
    visitor,
)
from webapp.identity.models import (
    Account,
    Event,
    Organisation,
    RecoveryCode,
    SecondFactorMethod,
)
from webapp.identity.parts import Parts
from webapp.identity.second_factor import totp

START, CONFIRM = "/account/security/totp", "/account/security/totp/confirm"


async def start(person: Visitor) -> httpx.Response:
    page = await person.send_form(START, current=PASSWORD, answer="set")
    assert page.status_code == 200
    return page


def secret_of(page: httpx.Response) -> str:
    return str(one(page, "#secret")["data-text"])


async def confirm(person: Visitor, page: httpx.Response, code: str = "") -> httpx.Response:
    code = code or pyotp.TOTP(secret_of(page)).at(datetime.now(UTC))
    return await person.send_form(CONFIRM, **{**fields(page, CONFIRM), "code": code})


async def test_an_authenticator_is_set_up_by_its_code(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    page = await start(someone)
    secret = secret_of(page)
    groups = [group.get_text() for group in parsed(page).select("#secret span")[1:]]
    assert groups == re.findall("....", secret)
    uri = str(one(page, 'a[href^="otpauth:"]')["href"])
    assert pyotp.parse_uri(uri).secret == secret
    drawn = one(page, "svg.qr")
    assert not [tag for tag in drawn.find_all(True) if tag.has_attr("style")]
    assert (await Account.get(id=account.id)).totp_sealed == "", "nothing is kept yet"
    # One instant: half a minute later the code is another one, which is not used up.
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False):
        done = await confirm(someone, page)
    assert done.status_code == 200
    assert notice(done) == "認証アプリを設定しました。"
    codes = [code.get_text() for code in parsed(done).select(".codes li")]
    assert len(codes) == 10
    kept = await Account.get(id=account.id)
    assert secret not in kept.totp_sealed
    assert parts.sealer.unseal(kept.totp_sealed) == {"totp": secret}
    assert kept.second_factor_method is SecondFactorMethod.MAIL, "chosen by nobody yet"
    assert await RecoveryCode.filter(account=account).count() == 10
    used = pyotp.TOTP(secret).at(now)
    assert not await totp.check(kept, used, now, parts.sealer), "that code is used up"
    event = await Event.get(account=account)
    assert event.details == {"changes": ["totp_added"]}
    assert [letter.event for letter in await letters(parts)] == ["second_factor_changed"]
    text = said(await someone.get("/account/security"))
    assert "認証アプリ 設定済み" in text
    assert "残り10個" in text


async def test_choosing_it_leads_to_it_and_keeps_the_rest(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    sent = {**KEPT, "method": "totp", "second_factor": "always", "current": PASSWORD}
    page = await someone.send_form("/account/security", **sent)
    assert page.status_code == 200
    assert "ほかの設定は更新しました。" in notice(page)
    kept = await Account.get(id=account.id)
    assert kept.second_factor.value == "always"
    assert kept.second_factor_method is SecondFactorMethod.MAIL, "still the one that works"
    assert (await confirm(someone, page)).status_code == 200
    kept = await Account.get(id=account.id)
    assert kept.second_factor_method is SecondFactorMethod.TOTP
    changes = [event.details["changes"] for event in await Event.filter(account=account)]
    assert changes == [["always"], ["totp_added", "totp"]]
    says = [letter.values["says"] for letter in await letters(parts)]
    assert "二段階認証方法を「認証アプリ」にしました。" in says[1]


async def test_choosing_it_alone_changes_nothing_before_it_is_set_up(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    sent = {**KEPT, "method": "totp", "current": PASSWORD}
    page = await someone.send_form("/account/security", **sent)
    assert page.status_code == 200
    assert not parsed(page).select(".notice")
    assert await letters(parts) == []
    assert not await Event.filter(account=account).exists()


@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "あ", "x" * 500])
async def test_a_wrong_code_keeps_nothing_and_the_same_secret(
    code: str, someone: Visitor, account: Account, parts: Parts
) -> None:
    page = await start(someone)
    generator, now = pyotp.TOTP(secret_of(page)), datetime.now(UTC)
    # About now, and what a slow machine may call now.
    good = {generator.at(now + timedelta(seconds=30 * step)) for step in range(-2, 4)}
    if code in good:
        code = next(other for other in ("000001", "000002", "000003") if other not in good)
    again = await someone.send_form(CONFIRM, **{**fields(page, CONFIRM), "code": code})
    assert again.status_code == 422
    assert "認証コードが違います。" in error_of(again, "code")
    assert secret_of(again) == secret_of(page)
    assert (await Account.get(id=account.id)).totp_sealed == ""
    assert await letters(parts) == []
    assert (await confirm(someone, again)).status_code == 200


async def test_a_permission_is_for_one_sign_in_one_step_and_a_quarter_of_an_hour(
    someone: Visitor,
    identity: Starlette,
    account: Account,
    parts: Parts,
    organisation: Organisation,
) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        page = await start(someone)
        bob = await make_account(parts, organisation, "Bob")
        for whose in (account, bob):
            async with visitor(identity) as person:
                await sign_in(person, identity, whose)
                refused = await confirm(person, page)
                assert refused.headers["location"] == f"{START}?done=too-late"
        passkeys = await someone.send_form("/account/security/passkeys/new", current=PASSWORD)
        other = fields(passkeys)["permission"]
        for sealed in ("", "x", other, fields(page, CONFIRM)["permission"][:-2]):
            code = pyotp.TOTP(secret_of(page)).at(now)
            refused = await someone.send_form(CONFIRM, permission=sealed, code=code)
            assert refused.headers["location"] == f"{START}?done=too-late"
        clock.move_to(now + timedelta(minutes=15))
        assert (await confirm(someone, page)).headers["location"] == f"{START}?done=too-late"
        assert not await Account.filter(totp_sealed__not="").exists()
        clock.move_to(now + timedelta(minutes=14, seconds=59))
        assert (await confirm(someone, page)).status_code == 200
        again = await confirm(someone, page)
        assert again.headers["location"] == f"{START}?done=too-late", "good once"
    told = await someone.get(f"{START}?done=too-late")
    assert "もう一度はじめから" in notice(told)


async def test_it_is_set_up_again_and_the_codes_stay(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    await confirm(someone, await start(someone))
    first = (await Account.get(id=account.id)).totp_sealed
    before = await RecoveryCode.all().order_by("id").values()
    page = await start(someone)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2), tick=False):
        done = await confirm(someone, page)
    assert done.headers["location"] == "/account/security?done=totp"
    assert (await Account.get(id=account.id)).totp_sealed != first
    assert await RecoveryCode.all().order_by("id").values() == before


async def test_removed_it_gives_way_to_mail_and_says_so(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    await confirm(someone, await start(someone))
    await Account.filter(id=account.id).update(second_factor_method=SecondFactorMethod.TOTP)
    assert "「認証コード(メール)」に戻ります" in said(await someone.get(START))
    done = await someone.send_form(START, current=PASSWORD, answer="remove")
    assert done.headers["location"] == "/account/security?done=totp-gone-mail"
    assert "「認証コード(メール)」に戻りました" in notice(
        await someone.get(done.headers["location"])
    )
    kept = await Account.get(id=account.id)
    assert (kept.totp_sealed, kept.second_factor_method) == ("", SecondFactorMethod.MAIL)
    assert not await RecoveryCode.exists(), "there is nothing left to recover"
    event = await Event.filter(account=account).order_by("-id").first()
    assert event is not None
    assert event.details == {"changes": ["totp_removed", "mail"]}
    says = (await letters(parts))[-1].values["says"]
    assert says == [
        "認証アプリを削除しました。",
        "二段階認証方法を「認証コード(メール)」にしました。",
    ]
    again = await someone.send_form(START, current=PASSWORD, answer="remove")
    assert again.headers["location"] == "/account/security?done=nothing"


async def test_removed_while_it_is_not_the_method_changes_no_method(
    someone: Visitor, account: Account
) -> None:
    await confirm(someone, await start(someone))
    done = await someone.send_form(START, current=PASSWORD, answer="remove")
    assert done.headers["location"] == "/account/security?done=totp-gone"


async def test_the_pages_between_lead_to_the_beginning(someone: Visitor) -> None:
    assert (await someone.get(CONFIRM)).headers["location"] == START
