"""Passkeys: bound to our origin, to one login and one account, and to no copy (I4, TRUST 20)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette

from tests.html import one
from tests.identity.people import Visitor, letters, parts_on, said, visitor
from tests.identity.second_factor.authenticator import PRESENT, VERIFIED, Authenticator
from tests.identity.second_factor.logins import (
    STEP_COOKIE,
    careful_account,
    carried,
    carry,
    is_asked,
    is_signed_in,
    leave,
    show,
)
from webapp.errors import UserError
from webapp.identity.app import build_identity
from webapp.identity.models import (
    Account,
    Organisation,
    Passkey,
    SecondFactor,
    SecondFactorMethod,
    Session,
)
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.second_factor import passkeys
from webapp.settings import Settings

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)
REFUSED = "パスキーで確認できませんでした。もう一度お試しください。"


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    return await by_passkey(parts, organisation)


async def by_passkey(parts: Parts, organisation: Organisation, name: str = "Alice") -> Account:
    return await careful_account(
        parts,
        organisation,
        name,
        second_factor=SecondFactor.ALWAYS,
        second_factor_method=SecondFactorMethod.PASSKEY,
    )


async def enrol(parts: Parts, account: Account, **lies: object) -> Authenticator:
    authenticator = Authenticator(**lies)  # type: ignore[arg-type]
    options, challenge = await passkeys.registration_options(account, parts.settings)
    made = authenticator.make(options)
    await passkeys.register(account, "スマホ", made, challenge, NOW, parts.settings)
    return authenticator


async def options_for(person: Visitor) -> str:
    return (await person.send_form("/login/passkey/options")).text


async def test_a_passkey_signs_in(stranger: Visitor, parts: Parts, account: Account) -> None:
    authenticator = await enrol(parts, account)
    assert is_asked(await stranger.log_in(account.mail))
    page = await stranger.get("/login/code")
    assert said(page).startswith("パスキーによる確認")
    assert one(page, "form[data-passkey]")["data-passkey"] == "/login/passkey/options"
    options = json.loads(await options_for(stranger))
    assert options["rpId"] == "id.nigiwai.test"
    (known,) = options["allowCredentials"]
    assert known["transports"] == ["internal"]
    response = await show(stranger, authenticator.answer(json.dumps(options)), "passkey")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert is_signed_in(stranger)
    kept = await Passkey.get()
    assert (kept.sign_count, kept.name) == (1, "スマホ")
    assert kept.last_used_at is not None
    assert await letters(parts) == []


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://evil.test"},
        {"origin": "http://id.nigiwai.test"},
        {"origin": "https://id.nigiwai.test.evil.test"},
        {"origin": "https://nigiwai.test"},
        {"rp_id": "nigiwai.test"},
        {"flags": 0},
        {"flags": VERIFIED},
        {"step": 0, "count": 0},
        {"step": -1},
    ],
    ids=str,
)
async def test_a_lie_is_noticed(
    lie: dict[str, object], stranger: Visitor, parts: Parts, account: Account
) -> None:
    authenticator = await enrol(parts, account, count=5)
    for name, value in ({"count": 5} | lie).items():
        setattr(authenticator, name, value)
    await stranger.log_in(account.mail)
    response = await show(stranger, authenticator.answer(await options_for(stranger)), "passkey")
    assert response.status_code == 422
    assert REFUSED in said(response)
    assert not is_signed_in(stranger)


async def test_a_key_without_a_counter_or_a_fingerprint_is_fine(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    """Passkeys that are kept in a cloud do not count; the password was asked for before."""
    authenticator = await enrol(parts, account, step=0, flags=PRESENT)
    for _ in range(2):
        await stranger.log_in(account.mail)
        await show(stranger, authenticator.answer(await options_for(stranger)), "passkey")
        assert is_signed_in(stranger)
        leave(stranger)


async def test_another_key_and_another_accounts_key_are_refused(
    stranger: Visitor, parts: Parts, account: Account, organisation: Organisation
) -> None:
    right = await enrol(parts, account)
    theirs = await enrol(parts, await by_passkey(parts, organisation, "Mallory"))
    forged = Authenticator(credential_id=right.credential_id)
    await stranger.log_in(account.mail)
    for wrong in (theirs, forged, Authenticator()):
        response = await show(stranger, wrong.answer(await options_for(stranger)), "passkey")
        assert response.status_code == 422
    assert not is_signed_in(stranger)
    await show(stranger, right.answer(await options_for(stranger)), "passkey")
    assert is_signed_in(stranger)


async def test_an_answer_is_good_for_one_question_of_one_login(
    identity: Starlette, stranger: Visitor, parts: Parts, account: Account
) -> None:
    authenticator = await enrol(parts, account, step=0)
    await stranger.log_in(account.mail)
    earlier = await options_for(stranger)
    latest = await options_for(stranger)
    assert (await show(stranger, authenticator.answer(earlier), "passkey")).status_code == 422
    # That answer used the question up, though it was for another one.
    assert (await show(stranger, authenticator.answer(latest), "passkey")).status_code == 422
    answer = authenticator.answer(await options_for(stranger))
    async with visitor(identity) as thief:
        await thief.log_in(account.mail)
        await options_for(thief)
        assert (await show(thief, answer, "passkey")).status_code == 422
    token = carried(stranger, STEP_COOKIE)
    assert (await show(stranger, answer, "passkey")).status_code == 303
    async with visitor(identity) as thief:
        carry(thief, STEP_COOKIE, token)
        await show(thief, answer, "passkey")
        assert not is_signed_in(thief)
    assert await Session.all().count() == 1


async def test_of_twenty_with_one_answer_one_signs_in(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    identity = build_identity(parts)
    account = await by_passkey(parts, await Organisation.create(name="みなと商店街"))
    authenticator = await enrol(parts, account, step=0)
    people = [visitor(identity) for _ in range(20)]
    await people[0].log_in(account.mail)
    answer = authenticator.answer(await options_for(people[0]))
    for person in people:
        carry(person, STEP_COOKIE, carried(people[0], STEP_COOKIE))
    answers = await asyncio.gather(*(show(person, answer, "passkey") for person in people))
    assert max(answer.status_code for answer in answers) < 500
    assert await Session.all().count() == 1
    for person in people:
        await person.aclose()


NONSENSE = [
    "",
    "x",
    "null",
    "[]",
    '"x"',
    "{}",
    '{"id": 1}',
    '{"id": []}',
    '{"id": "x", "rawId": "y", "type": "public-key", "response": {}}',
    "[" * 5000,
    "あ" * 5000,
    '{"id": "\\ud800"}',
]


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda text: text[:20])
async def test_nonsense_is_merely_refused(
    answer: str, stranger: Visitor, parts: Parts, account: Account
) -> None:
    await enrol(parts, account)
    await stranger.log_in(account.mail)
    await options_for(stranger)
    assert (await show(stranger, answer, "passkey")).status_code == 422
    _, challenge = await passkeys.registration_options(account, parts.settings)
    with pytest.raises(UserError):
        await passkeys.register(account, "x", answer, challenge, NOW, parts.settings)


async def test_bent_answers_are_merely_refused(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    """Each field of a good answer, cut off, of another type, or left out."""
    authenticator = await enrol(parts, account)
    await stranger.log_in(account.mail)
    bends = (lambda value: str(value)[:-7], lambda value: 5, lambda value: {}, lambda value: "é")
    fields = ["id", "rawId", "type", "response"]
    inner = ["clientDataJSON", "authenticatorData", "signature"]
    for name in fields + inner:
        for bend in bends:
            answer = json.loads(authenticator.answer(await options_for(stranger)))
            place = answer if name in fields else answer["response"]
            place[name] = bend(place[name])
            response = await show(stranger, json.dumps(answer), "passkey")
            assert response.status_code == 422, (name, place[name])
    assert not is_signed_in(stranger)
    for name in [*fields, "clientDataJSON", "attestationObject", "transports"]:
        for bend in bends:
            options, challenge = await passkeys.registration_options(account, parts.settings)
            made = json.loads(Authenticator().make(options))
            place = made if name in fields else made["response"]
            place[name] = bend(place[name])
            try:
                await passkeys.register(
                    account, "x", json.dumps(made), challenge, NOW, parts.settings
                )
            except UserError:
                continue
            assert name == "transports", name


async def test_a_registration_is_for_one_challenge_and_our_origin(
    parts: Parts, account: Account
) -> None:
    options, challenge = await passkeys.registration_options(account, parts.settings)
    _, other = await passkeys.registration_options(account, parts.settings)
    for authenticator, asked in (
        (Authenticator(), other),
        (Authenticator(), ""),
        (Authenticator(origin="https://evil.test"), challenge),
        (Authenticator(rp_id="evil.test"), challenge),
        (Authenticator(flags=0), challenge),
        (Authenticator(credential_id=b"x" * 600), challenge),
    ):
        made = authenticator.make(options)
        with pytest.raises(UserError):
            await passkeys.register(account, "x", made, asked, NOW, parts.settings)
    assert not await passkeys.is_set_up(account)


async def test_a_passkey_is_registered_once_with_a_name(parts: Parts, account: Account) -> None:
    authenticator = Authenticator()
    options, challenge = await passkeys.registration_options(account, parts.settings)
    made = authenticator.make(options)
    for name in ("", "  ", "x" * 61, "a\nb"):
        with pytest.raises(UserError) as caught:
            await passkeys.register(account, name, made, challenge, NOW, parts.settings)
        assert caught.value.field == "name"
    await passkeys.register(account, " 家の鍵 ", made, challenge, NOW, parts.settings)
    assert [passkey.name for passkey in await passkeys.passkeys_of(account)] == ["家の鍵"]
    with pytest.raises(UserError):
        await passkeys.register(account, "again", made, challenge, NOW, parts.settings)
    options, _ = await passkeys.registration_options(account, parts.settings)
    assert len(json.loads(options)["excludeCredentials"]) == 1


async def test_ten_passkeys_are_the_most(parts: Parts, account: Account) -> None:
    for _ in range(10):
        await enrol(parts, account)
    with pytest.raises(UserError):
        await enrol(parts, account)
    assert await Passkey.all().count() == 10


async def test_one_removes_ones_own_passkeys_only(
    parts: Parts, account: Account, organisation: Organisation
) -> None:
    await enrol(parts, account)
    bob = await by_passkey(parts, organisation, "Bob")
    (passkey,) = await passkeys.passkeys_of(account)
    assert not await passkeys.remove(bob, passkey.public_id)
    assert await passkeys.remove(account, passkey.public_id)
    assert not await passkeys.remove(account, passkey.public_id)


async def test_without_a_step_nothing_is_asked(stranger: Visitor) -> None:
    assert json.loads(await options_for(stranger)) == {}


async def test_without_a_passkey_left_mail_is_the_way(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    assert json.loads(await options_for(stranger)) == {}
    assert [letter.event for letter in await letters(parts)] == ["second_factor_code"]
