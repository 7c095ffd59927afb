"""Codes of an authenticator: half a minute early or late is fine, twice is not (I4, TRUST 20)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import error_of, one
from tests.identity.people import Visitor, letters, parts_on, said, visitor
from tests.identity.second_factor.logins import (
    careful_account,
    carried,
    carry,
    is_asked,
    is_signed_in,
    leave,
    other_code,
    show,
)
from webapp.identity.app import build_identity
from webapp.identity.models import (
    Account,
    Organisation,
    SecondFactor,
    SecondFactorMethod,
    Session,
)
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.second_factor import totp
from webapp.identity.second_factor.steps import COOKIE as STEP_COOKIE
from webapp.settings import Settings

NOW = datetime(2025, 4, 1, 4, 0, 10, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WRONG = "認証コードが違うか、すでに使われています。"
LONG_AGO = NOW - timedelta(days=1)


def code_at(at: datetime) -> str:
    return pyotp.TOTP(SECRET).at(at)


async def with_authenticator(parts: Parts, organisation: Organisation) -> Account:
    account = await careful_account(
        parts,
        organisation,
        second_factor=SecondFactor.ALWAYS,
        second_factor_method=SecondFactorMethod.TOTP,
    )
    assert await totp.turn_on(account, SECRET, code_at(LONG_AGO), LONG_AGO, parts.sealer)
    return account


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    return await with_authenticator(parts, organisation)


async def test_an_authenticator_signs_in_without_any_mail(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False):
        assert is_asked(await stranger.log_in(account.mail))
        page = await stranger.get("/login/code")
        assert "認証アプリに表示されている6桁の認証コード" in said(page)
        assert one(page, "#code")["autocomplete"] == "one-time-code"
        assert (await show(stranger, code_at(NOW), "totp")).status_code == 303
    assert is_signed_in(stranger)
    assert "second_factor_code" not in [letter.event for letter in await letters(parts)]


@pytest.mark.parametrize(
    ("off", "good"), [(-61, False), (-41, False), (-40, True), (0, True), (49, True), (50, False)]
)
async def test_a_clock_may_be_one_step_off(
    off: int, good: bool, stranger: Visitor, account: Account
) -> None:
    """NOW is ten seconds into its step: from 40 seconds ago to 50 from now."""
    with time_machine.travel(NOW, tick=False):
        await stranger.log_in(account.mail)
        await show(stranger, code_at(NOW + timedelta(seconds=off)), "totp")
    assert is_signed_in(stranger) is good


async def test_each_step_of_time_is_good_once(
    identity: Starlette, stranger: Visitor, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        await stranger.log_in(account.mail)
        await show(stranger, code_at(NOW), "totp")
        assert is_signed_in(stranger)
        async with visitor(identity) as thief:
            await thief.log_in(account.mail)
            assert error_of(await show(thief, code_at(NOW), "totp"), "code") == WRONG
            before = code_at(NOW - timedelta(seconds=30))
            assert error_of(await show(thief, before, "totp"), "code") == WRONG
            clock.shift(30)
            assert not is_signed_in(thief)
            assert (await show(thief, code_at(NOW + timedelta(seconds=30)), "totp")).is_redirect


async def test_of_twenty_with_one_code_one_signs_in(any_database: Settings) -> None:
    """Ten from one login, ten from another that has the password too."""
    parts = parts_on(any_database, Passwords(64, 1))
    identity = build_identity(parts)
    account = await with_authenticator(parts, await Organisation.create(name="みなと商店街"))
    people = [visitor(identity) for _ in range(20)]
    with time_machine.travel(NOW, tick=False):
        for first in (0, 10):
            await people[first].log_in(account.mail)
            for person in people[first : first + 10]:
                carry(person, STEP_COOKIE, carried(people[first], STEP_COOKIE))
        answers = await asyncio.gather(*(show(person, code_at(NOW), "totp") for person in people))
    assert max(answer.status_code for answer in answers) < 500
    assert await Session.all().count() == 1
    for person in people:
        await person.aclose()


async def test_three_wrong_codes_end_the_login(stranger: Visitor, account: Account) -> None:
    with time_machine.travel(NOW, tick=False):
        await stranger.log_in(account.mail)
        near = {code_at(NOW + timedelta(seconds=30 * step)) for step in (-1, 0, 1)}
        wrong = other_code(code_at(NOW))
        while wrong in near:
            wrong = other_code(wrong)
        for _ in range(3):
            assert error_of(await show(stranger, wrong, "totp"), "code") == WRONG
        response = await show(stranger, code_at(NOW), "totp")
        over = "3回まちがえました。もう一度ログインしてください。"
        assert error_of(response, "code") == over
        assert not is_signed_in(stranger)
        await stranger.log_in(account.mail)
        assert (await show(stranger, code_at(NOW), "totp")).status_code == 303


async def test_mail_is_no_way_round_an_authenticator(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    page = await stranger.get("/login/code?way=mail")
    assert one(page, "main [name=way]")["value"] == "totp"
    await stranger.send_form("/login/code/resend")
    assert await letters(parts) == []


async def test_a_method_that_is_not_set_up_falls_back_to_mail(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    await totp.turn_off(account)
    await stranger.log_in(account.mail)
    page = await stranger.get("/login/code")
    assert one(page, "main [name=way]")["value"] == "mail"
    assert [letter.event for letter in await letters(parts)] == ["second_factor_code"]


async def test_an_authenticator_is_offered_beside_the_mail_that_was_chosen(
    stranger: Visitor, account: Account
) -> None:
    account.second_factor_method = SecondFactorMethod.MAIL
    await account.save()
    with time_machine.travel(NOW, tick=False):
        await stranger.log_in(account.mail)
        page = await stranger.get("/login/code")
        assert one(page, "main [name=way]")["value"] == "mail"
        assert one(page, 'main a[href="/login/code?way=totp"]')
        await show(stranger, code_at(NOW), "totp")
    assert is_signed_in(stranger)


async def test_the_secret_is_sealed_and_the_first_code_is_used_up(
    parts: Parts, organisation: Organisation
) -> None:
    account = await careful_account(parts, organisation)
    secret = totp.new_secret()
    assert len(secret) == 32
    generator = pyotp.TOTP(secret)
    wrong = other_code(generator.at(NOW))
    if not generator.verify(wrong, for_time=NOW, valid_window=1):
        assert not await totp.turn_on(account, secret, wrong, NOW, parts.sealer)
        assert not totp.is_set_up(account)
    assert await totp.turn_on(account, secret, generator.at(NOW), NOW, parts.sealer)
    kept = await Account.get(id=account.id)
    assert totp.is_set_up(kept)
    assert secret not in kept.totp_sealed
    assert not await totp.check(kept, generator.at(NOW), NOW, parts.sealer)
    later = NOW + timedelta(seconds=30)
    assert await totp.check(kept, generator.at(later), later, parts.sealer)
    assert not await totp.check(kept, generator.at(later), later, parts.sealer)
    await totp.turn_off(kept)
    assert not await totp.check(kept, generator.at(later), later, parts.sealer)


def test_the_address_for_the_qr_code_says_whose_it_is() -> None:
    address = urlsplit(totp.provisioning_uri(SECRET, "alice@nigiwai.test"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert address.path == "/Nigiwai%20ID:alice%40nigiwai.test"
    assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["Nigiwai ID"]}


async def test_leaving_and_coming_back_asks_again(stranger: Visitor, account: Account) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        await stranger.log_in(account.mail)
        await show(stranger, code_at(NOW), "totp")
        leave(stranger)
        assert is_asked(await stranger.log_in(account.mail))
        clock.shift(30)
        await show(stranger, code_at(NOW + timedelta(seconds=30)), "totp")
        assert is_signed_in(stranger)
