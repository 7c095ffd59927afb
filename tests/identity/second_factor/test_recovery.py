"""Recovery codes: ten, each good once, also at the same time (I4, TRUST 20)."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest
from tortoise import Tortoise

from tests.html import error_of, one
from tests.identity.people import Visitor, parts_on, said, visitor
from tests.identity.second_factor.logins import (
    careful_account,
    carried,
    carry,
    is_asked,
    is_signed_in,
    leave,
    show,
)
from webapp.identity.app import build_identity
from webapp.identity.models import (
    Account,
    Event,
    Organisation,
    RecoveryCode,
    SecondFactor,
    SecondFactorMethod,
    Session,
)
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.second_factor import recovery
from webapp.identity.second_factor.steps import COOKIE as STEP_COOKIE
from webapp.settings import Settings

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)
WRONG = "リカバリーコードが違うか、すでに使われています。"


async def with_lost_authenticator(parts: Parts, organisation: Organisation) -> Account:
    return await careful_account(
        parts,
        organisation,
        second_factor=SecondFactor.ALWAYS,
        second_factor_method=SecondFactorMethod.TOTP,
        totp_sealed=parts.sealer.seal({"totp": "JBSWY3DPEHPK3PXP"}),
    )


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    return await with_lost_authenticator(parts, organisation)


async def test_ten_different_codes_of_which_only_hashes_are_kept(account: Account) -> None:
    codes = await recovery.make_codes(account)
    assert len(set(codes)) == 10 == await recovery.remaining(account)
    rows = []
    for model in (Tortoise.apps or {})["identity"].values():
        rows += await model.all().values()
    for code in codes:
        assert re.fullmatch(r"([2-9a-hjkmnp-z]{4}-){3}[2-9a-hjkmnp-z]{4}", code)
        assert code not in repr(rows)
        assert code.replace("-", "") not in repr(rows)


async def test_a_code_is_good_once(stranger: Visitor, account: Account) -> None:
    code, *_ = await recovery.make_codes(account)
    assert is_asked(await stranger.log_in(account.mail))
    assert one(await stranger.get("/login/code"), 'main a[href="/login/code?way=recovery"]')
    page = await stranger.get("/login/code?way=recovery")
    assert said(page).startswith("リカバリーコードの入力")
    assert (await show(stranger, code, "recovery")).status_code == 303
    assert is_signed_in(stranger)
    assert (await Event.get(account=account)).details == {"second_factor": "recovery"}
    assert await recovery.remaining(account) == 9
    leave(stranger)
    await stranger.log_in(account.mail)
    assert error_of(await show(stranger, code, "recovery"), "code") == WRONG
    assert not is_signed_in(stranger)


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.replace("-", ""),
        lambda code: code.upper(),
        lambda code: f" {code.replace('-', ' ')} ",
        lambda code: code.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}),
    ],
    ids=["without hyphens", "large", "blanks", "full-width"],
)
async def test_a_code_may_be_typed_as_people_type(
    typed: object, stranger: Visitor, account: Account
) -> None:
    assert callable(typed)
    code, *_ = await recovery.make_codes(account)
    await stranger.log_in(account.mail)
    await show(stranger, typed(code), "recovery")
    assert is_signed_in(stranger)


async def test_of_twenty_at_once_one_signs_in(any_database: Settings) -> None:
    """Two logins, ten browsers each, one code."""
    parts = parts_on(any_database, Passwords(64, 1))
    identity = build_identity(parts)
    account = await with_lost_authenticator(parts, await Organisation.create(name="商店街"))
    code, *_ = await recovery.make_codes(account)
    people = [visitor(identity) for _ in range(20)]
    for first in (0, 10):
        await people[first].log_in(account.mail)
        for person in people[first : first + 10]:
            carry(person, STEP_COOKIE, carried(people[first], STEP_COOKIE))
    answers = await asyncio.gather(*(show(person, code, "recovery") for person in people))
    assert max(answer.status_code for answer in answers) < 500
    assert await Session.all().count() == 1
    assert await recovery.remaining(account) == 9
    for person in people:
        await person.aclose()


async def test_of_twenty_uses_at_once_one_succeeds(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    account = await careful_account(parts, await Organisation.create(name="みなと商店街"))
    code, *_ = await recovery.make_codes(account)
    used = await asyncio.gather(*(recovery.use(account, code, NOW) for _ in range(20)))
    assert sum(used) == 1


async def test_a_code_of_another_account_is_wrong(
    stranger: Visitor, account: Account, parts: Parts, organisation: Organisation
) -> None:
    bob = await careful_account(parts, organisation, "Bob")
    (theirs, *_) = await recovery.make_codes(bob)
    await recovery.make_codes(account)
    await stranger.log_in(account.mail)
    assert error_of(await show(stranger, theirs, "recovery"), "code") == WRONG
    assert await recovery.remaining(bob) == 10


async def test_new_codes_make_the_old_ones_void(stranger: Visitor, account: Account) -> None:
    old, *_ = await recovery.make_codes(account)
    new, *_ = await recovery.make_codes(account)
    assert await RecoveryCode.all().count() == 10
    await stranger.log_in(account.mail)
    await show(stranger, old, "recovery")
    assert not is_signed_in(stranger)
    await show(stranger, new, "recovery")
    assert is_signed_in(stranger)


async def test_without_any_left_none_is_offered(stranger: Visitor, account: Account) -> None:
    code, *_ = await recovery.make_codes(account)
    await recovery.forget(account)
    await stranger.log_in(account.mail)
    page = await stranger.get("/login/code")
    assert "way=recovery" not in page.text
    await show(stranger, code, "recovery")
    assert not is_signed_in(stranger)


@pytest.mark.parametrize("typed", ["", "123456", "x" * 15, "x" * 17, "あ" * 16, "\x00" * 16])
async def test_what_cannot_be_a_code_costs_no_try(
    typed: str, stranger: Visitor, account: Account
) -> None:
    code, *_ = await recovery.make_codes(account)
    await stranger.log_in(account.mail)
    for _ in range(4):
        response = await show(stranger, typed, "recovery")
        expected = "リカバリーコードを入力してください。16文字の英数字です。"
        assert error_of(response, "code") == expected
    await show(stranger, code, "recovery")
    assert is_signed_in(stranger)


async def test_recovery_codes_share_the_three_tries(stranger: Visitor, account: Account) -> None:
    code, *_ = await recovery.make_codes(account)
    await stranger.log_in(account.mail)
    for _ in range(3):
        assert error_of(await show(stranger, "x" * 16, "recovery"), "code") == WRONG
    await show(stranger, code, "recovery")
    assert not is_signed_in(stranger)
    assert await recovery.remaining(account) == 10, "it was not even compared"
