"""The code by mail: three tries, ten an hour, ten minutes, one browser, one login (TRUST 20)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from starlette.applications import Starlette
from tortoise import Tortoise

from tests.html import error_of, one
from tests.identity.people import Visitor, parts_on, said, visitor
from tests.identity.second_factor.logins import (
    STEP_COOKIE,
    at_home,
    careful_account,
    carried,
    carry,
    code_for,
    codes_for,
    complete_login,
    is_asked,
    is_signed_in,
    leave,
    other_code,
    show,
)
from webapp.identity.app import build_identity
from webapp.identity.models import Account, Organisation, SecondFactor, SecondStep, Session
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.retention import STEPS_KEPT, sweep
from webapp.identity.second_factor.codes import code_hash
from webapp.settings import Settings
from webapp.tokens import token_hash

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WRONG = "認証コードが違います。"
TOO_MANY = "入力できる回数を超えました。1時間ほどおいて、もう一度ログインしてください。"
USED_UP = "3回まちがえたため、この認証コードは使えません。認証コードを再送信してください。"
OVER = "もう一度ログインしてください"


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    return await careful_account(parts, organisation, second_factor=SecondFactor.ALWAYS)


async def test_a_mailed_code_signs_in(stranger: Visitor, parts: Parts, account: Account) -> None:
    assert is_asked(await stranger.log_in(account.mail))
    assert not is_signed_in(stranger)
    assert not await Session.exists()
    page = await stranger.get("/login/code")
    assert said(page).startswith(
        "認証コードの入力 a***@nigiwai.testに、6桁の認証コードを送信しました。"
        "10分以内に入力してください。"
    )
    assert account.mail not in page.text
    field = one(page, "#code")
    assert field["inputmode"] == "numeric"
    assert field["autocomplete"] == "one-time-code"
    (letter,) = await codes_for(parts, account)
    assert (letter.values["minutes"], letter.values["address"]) == (10, "203.0.113.7")
    response = await show(stranger, str(letter.values["code"]))
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert is_signed_in(stranger)
    assert STEP_COOKIE not in stranger.cookies


WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@pytest.mark.parametrize(
    "typed_as",
    [
        lambda code: f" {code}\n",
        lambda code: f"{code[:3]} {code[3:]}",
        lambda code: f"{code[:3]}-{code[3:]}",
        lambda code: "　".join(code),
        lambda code: code.translate(WIDE),
    ],
    ids=["blanks around", "halves", "hyphen", "full-width blanks", "full-width"],
)
async def test_a_code_may_be_pasted_as_it_comes(
    typed_as: Callable[[str], str], stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    typed = typed_as(await code_for(parts, account))
    assert (await show(stranger, typed)).status_code == 303
    assert is_signed_in(stranger)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "12345६", "６" * 7, "x" * 5000]
)
async def test_what_cannot_be_a_code_costs_no_try(
    typed: str, stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    for _ in range(4):
        response = await show(stranger, typed)
        assert response.status_code == 422
        assert error_of(response, "code") == "6桁の数字を入力してください。"
    assert (await show(stranger, await code_for(parts, account))).status_code == 303


async def test_a_code_has_three_tries(stranger: Visitor, parts: Parts, account: Account) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        await stranger.log_in(account.mail)
        code = await code_for(parts, account)
        for _ in range(3):
            response = await show(stranger, other_code(code))
            assert response.status_code == 422
            assert error_of(response, "code") == WRONG
        response = await show(stranger, code)
        assert error_of(response, "code") == USED_UP
        assert not is_signed_in(stranger)
        clock.shift(60)
        assert (await stranger.send_form("/login/code/resend")).status_code == 303
        newer = await code_for(parts, account)
        if newer != code:
            assert error_of(await show(stranger, code), "code") == WRONG
        assert (await show(stranger, newer)).status_code == 303


async def test_two_mistakes_are_forgiven(stranger: Visitor, parts: Parts, account: Account) -> None:
    await stranger.log_in(account.mail)
    code = await code_for(parts, account)
    for _ in range(2):
        await show(stranger, other_code(code))
    assert (await show(stranger, code)).status_code == 303


@pytest.mark.parametrize(("after", "good"), [(599, True), (600, False)])
async def test_a_code_lives_ten_minutes(
    after: int, good: bool, stranger: Visitor, parts: Parts, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        await stranger.log_in(account.mail, path="/login?next=%2Fauthorize%3Fx%3D1")
        code = await code_for(parts, account)
        clock.shift(after)
        response = await show(stranger, code)
        assert is_signed_in(stranger) is good
        if not good:
            page = await stranger.get(response.headers["location"])
            assert said(page).startswith(OVER)
            # The way on is not lost with the code.
            assert one(page, "main a.button")["href"] == "/login?next=%2Fauthorize%3Fx%3D1"


async def test_a_resent_code_lives_ten_minutes_but_a_login_only_thirty(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        await stranger.log_in(account.mail)
        for _ in range(3):
            clock.shift(540)
            assert (await stranger.send_form("/login/code/resend")).status_code == 303
        clock.shift(179)
        assert said(await stranger.get("/login/code")).startswith("認証コードの入力")
        clock.shift(1)
        await show(stranger, await code_for(parts, account))
        assert not is_signed_in(stranger)


async def test_a_code_is_good_in_its_browser_only(
    identity: Starlette, stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    code = await code_for(parts, account)
    async with visitor(identity) as thief:
        assert said(await thief.get("/login/code")).startswith(OVER)
        await show(thief, code)
        carry(thief, STEP_COOKIE, "x" * 43)
        await show(thief, code)
        carry(thief, STEP_COOKIE, token_hash(carried(stranger, STEP_COOKIE)))
        await show(thief, code)
        # The thief knows the password too, and has a step of their own.
        assert is_asked(await thief.log_in(account.mail))
        own = await code_for(parts, account)
        if own != code:
            assert error_of(await show(thief, code), "code") == WRONG
        assert not is_signed_in(thief)
    assert (await show(stranger, code)).status_code == 303, "nothing of that disturbed its owner"


async def test_a_code_of_another_account_is_wrong(
    identity: Starlette,
    stranger: Visitor,
    parts: Parts,
    account: Account,
    organisation: Organisation,
) -> None:
    mallory = await careful_account(parts, organisation, "Mallory")
    await stranger.log_in(account.mail)
    async with visitor(identity, "192.0.2.1") as thief:
        await thief.log_in(mallory.mail)
        theirs = await code_for(parts, mallory)
        token = carried(thief, STEP_COOKIE)
        if theirs != await code_for(parts, account):
            assert error_of(await show(stranger, theirs), "code") == WRONG
        await show(thief, theirs)
    assert {session.account_id for session in await Session.all()} == {mallory.id}
    # Their step is over, and opens nothing with it.
    carry(stranger, STEP_COOKIE, token)
    await show(stranger, theirs)
    assert await Session.all().count() == 1


async def test_a_code_is_good_once(
    identity: Starlette, stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    code, token = await code_for(parts, account), carried(stranger, STEP_COOKIE)
    assert (await show(stranger, code)).status_code == 303
    async with visitor(identity) as again:
        carry(again, STEP_COOKIE, token)
        response = await show(again, code)
        assert said(await again.get(response.headers["location"])).startswith(OVER)
        assert not is_signed_in(again)
    assert await Session.all().count() == 1


async def test_of_twenty_right_codes_at_once_one_signs_in(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    identity = build_identity(parts)
    account = await careful_account(parts, await Organisation.create(name="みなと商店街"))
    people = [visitor(identity) for _ in range(20)]
    await people[0].log_in(account.mail)
    code, token = await code_for(parts, account), carried(people[0], STEP_COOKIE)
    for person in people:
        carry(person, STEP_COOKIE, token)
    answers = await asyncio.gather(*(show(person, code) for person in people))
    assert max(answer.status_code for answer in answers) < 500
    assert await Session.all().count() == 1
    assert sum(is_signed_in(person) for person in people) == 1
    for person in people:
        await person.aclose()


async def test_of_a_hundred_guesses_at_once_ten_are_compared(any_database: Settings) -> None:
    """From twenty logins that were begun, so that the three tries of a code are no limit."""
    parts = parts_on(any_database, Passwords(64, 1))
    identity = build_identity(parts)
    account = await careful_account(parts, await Organisation.create(name="みなと商店街"))
    with time_machine.travel(NOW, tick=False):
        people = [visitor(identity, f"192.0.2.{number}") for number in range(20)]
        for person in people:
            assert is_asked(await person.log_in(account.mail))
        assert len(await codes_for(parts, account)) == 10, "and ten letters are enough"
        mailed = {letter.values["code"] for letter in await codes_for(parts, account)}
        wrong = [guess for guess in (f"{number:06}" for number in range(20)) if guess not in mailed]
        answers = await asyncio.gather(
            *(show(person, guess) for person in people for guess in wrong[:5])
        )
        assert sum(WRONG in answer.text for answer in answers) == 10
        assert {answer.status_code for answer in answers} == {422, 429}
    for person in people:
        await person.aclose()


async def test_a_guesser_is_right_less_than_once_in_ten_thousand_hours(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    """They know the password, begin as many logins as they like, and never rest.

    A guess counts when it was compared. Two hours and a half.
    """
    compared: list[datetime] = []
    with time_machine.travel(NOW, tick=False) as clock:
        for minute in range(0, 150, 3):
            async with visitor(identity, f"192.0.2.{minute}") as guesser:
                assert is_asked(await guesser.log_in(account.mail))
                # No guess of this test is right by chance: each is counted.
                guess = other_code(await code_for(parts, account))
                for _ in range(4):
                    answer = await show(guesser, guess)
                    if WRONG in answer.text:
                        compared.append(datetime.now(UTC))
                assert not is_signed_in(guesser)
            clock.shift(180)
    most = max(
        sum(begun <= at < begun + HOUR for at in compared)
        for begun in (NOW + timedelta(minutes=minute) for minute in range(150))
    )
    assert len(compared) == 30
    assert most == 10, "in any hour, not only in those that begin with the first guess"
    chance = most / 10**6
    print(f"{most} guesses an hour, right with {chance:.4%}")  # noqa: T201
    assert chance < 0.0001
    assert 3 * chance < 0.0001, "of an authenticator's codes three are good at a time"


async def test_when_the_ten_are_used_up_the_right_code_is_not_compared_either(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for number in range(4):
            async with visitor(identity, f"192.0.2.{number}") as guesser:
                await guesser.log_in(account.mail)
                code = await code_for(parts, account)
                for _ in range(3):
                    await show(guesser, other_code(code))
        async with visitor(identity) as person:
            await person.log_in(account.mail)
            response = await show(person, await code_for(parts, account))
            assert response.status_code == 429
            assert error_of(response, "code") == TOO_MANY
            assert not is_signed_in(person)
            clock.shift(3600)
            await complete_login(person, parts, account)


async def test_another_account_is_not_affected(
    identity: Starlette, stranger: Visitor, parts: Parts, account: Account
) -> None:
    bob = await careful_account(parts, await Organisation.create(name="やまて図書館"), "Bob")
    for number in range(5):
        async with visitor(identity, f"192.0.2.{number}") as guesser:
            await guesser.log_in(account.mail)
            for _ in range(3):
                await show(guesser, "000000")
    await complete_login(stranger, parts, bob)


async def test_codes_are_resent_after_a_minute_and_five_times_an_hour(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        await stranger.log_in(account.mail)
        clock.shift(59)
        early = await stranger.send_form("/login/code/resend")
        assert early.status_code == 429
        assert "認証コードは送信したばかりです。" in said(early)
        assert one(early, "[data-wait]")["data-wait"] == "1"
        for _ in range(5):
            clock.shift(60)
            assert (await stranger.send_form("/login/code/resend")).status_code == 303
        clock.shift(60)
        sixth = await stranger.send_form("/login/code/resend")
        assert sixth.status_code == 429
        assert "認証コードを送信できる回数を超えました。" in said(sixth)
    assert len(await codes_for(parts, account)) == 6


async def test_ten_letters_an_hour_are_enough(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for number in range(12):
            async with visitor(identity, f"192.0.2.{number}") as person:
                await person.log_in(account.mail)
                page = await person.get("/login/code")
                assert ("送信できる回数を超えました" in said(page)) is (number >= 10)
        assert len(await codes_for(parts, account)) == 10
        clock.shift(3600)
        async with visitor(identity) as person:
            await complete_login(person, parts, account)


async def test_of_twenty_resends_at_once_one_is_sent(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    identity = build_identity(parts)
    account = await careful_account(parts, await Organisation.create(name="みなと商店街"))
    async with visitor(identity) as person:
        with time_machine.travel(NOW, tick=False) as clock:
            await person.log_in(account.mail)
            clock.shift(60)
            answers = await asyncio.gather(
                *(person.send_form("/login/code/resend") for _ in range(20))
            )
            assert sorted({answer.status_code for answer in answers}) == [303, 429]
            assert len(await codes_for(parts, account)) == 2
            await show(person, await code_for(parts, account))
            assert is_signed_in(person)


async def test_the_database_alone_gives_no_code_away(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    code, token = await code_for(parts, account), carried(stranger, STEP_COOKIE)
    rows = []
    for model in (Tortoise.apps or {})["identity"].values():
        rows += await model.all().values()
    kept = repr(rows)
    assert token not in kept
    step = await SecondStep.get()
    assert step.code_hash == code_hash(code, token)
    # Whoever tries every code with what the row says finds nothing.
    guesses = {code_hash(code, known) for known in ("", step.token_hash, str(step.id))}
    assert step.code_hash not in guesses
    assert token_hash(code) not in kept


async def test_the_step_gives_a_new_session_and_ends_the_old_one(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    async with at_home(identity) as person:
        await complete_login(person, parts, account)
        first = carried(person, "__Host-nigiwai-id")
        assert is_asked(await person.log_in(account.mail))
        assert carried(person, "__Host-nigiwai-id") == first, "the password alone changes nothing"
        step = carried(person, STEP_COOKIE)
        await show(person, await code_for(parts, account))
        second = carried(person, "__Host-nigiwai-id")
    assert len({first, second, step}) == 3
    async with at_home(identity) as thief:
        for token in (first, step):
            thief.bring_cookie(token)
            assert (await thief.get("/")).headers["location"].startswith("/login")
    assert await Session.all().count() == 1


async def test_a_step_is_no_sign_in(stranger: Visitor, account: Account) -> None:
    await stranger.log_in(account.mail)
    assert (await stranger.get("/")).headers["location"].startswith("/login")
    stranger.bring_cookie(carried(stranger, STEP_COOKIE))
    assert (await stranger.get("/")).headers["location"].startswith("/login")


@pytest.mark.parametrize("way", ["", "totp", "passkey", "recovery", "password", "MAIL", "\x00"])
async def test_a_way_that_is_not_set_up_leads_nowhere(
    way: str, stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    code = await code_for(parts, account)
    await show(stranger, code, way)
    assert not is_signed_in(stranger)
    page = await stranger.get("/login/code", params={"way": way})
    assert one(page, "main [name=way]")["value"] == "mail"


async def test_looking_sends_and_changes_nothing(
    stranger: Visitor, parts: Parts, account: Account
) -> None:
    await stranger.log_in(account.mail)
    before = await SecondStep.all().values()
    for path in ("/login/code", "/login/code?way=mail", "/login/code?way=totp"):
        assert (await stranger.get(path)).status_code == 200
    assert await SecondStep.all().values() == before
    assert len(await codes_for(parts, account)) == 1


async def test_a_suspended_organisation_ends_the_step(
    stranger: Visitor, parts: Parts, account: Account, organisation: Organisation
) -> None:
    await stranger.log_in(account.mail)
    organisation.suspended_at = NOW
    await organisation.save()
    await show(stranger, await code_for(parts, account))
    assert not is_signed_in(stranger)


async def test_steps_are_deleted_when_they_are_long_over(
    stranger: Visitor, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False):
        await stranger.log_in(account.mail)
    over = NOW + timedelta(minutes=10) + STEPS_KEPT
    await sweep(over - timedelta(seconds=1))
    assert await SecondStep.exists()
    await sweep(over)
    assert not await SecondStep.exists()


async def test_the_demo_says_where_its_mails_are(
    parts: Parts, account: Account, stranger: Visitor
) -> None:
    await stranger.log_in(account.mail)
    assert "デモ" not in said(await stranger.get("/login/code"))
    settings = parts.settings.model_copy(update={"mail_url": "mailbox:"})
    demo = build_identity(Parts(settings, parts.sealer, passwords=parts.passwords))
    async with visitor(demo) as person:
        await person.log_in(account.mail)
        page = await person.get("/login/code")
        assert one(page, "main .told a")["href"] == "https://nigiwai.test/mailbox"


async def test_a_login_may_be_left_and_begun_again(
    identity: Starlette, parts: Parts, account: Account
) -> None:
    async with at_home(identity) as person:
        await person.log_in(account.mail)
        await person.log_in(account.mail)
        await show(person, await code_for(parts, account))
        assert is_signed_in(person)
        leave(person)
        await complete_login(person, parts, account)
