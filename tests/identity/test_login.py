"""Logging in: a new session each time, the lock, and the same answer for whoever is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import error_of, one, parsed
from tests.identity.people import (
    PASSWORD,
    Visitor,
    kinds_of_events,
    make_account,
    parts_on,
    said,
    visitor,
)
from webapp.database import IDENTITY, transaction
from webapp.identity import guard
from webapp.identity.app import build_identity
from webapp.identity.models import Account, Event, Guard, Organisation, Session
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.sessions import COOKIE
from webapp.settings import Settings

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)
WRONG = "夜明けの灯台と三毛猫"
REFUSED = (
    "メールアドレスまたはパスワードが違うか、一時的にロックされています。"
    "5分ほどおいてお試しください。"
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


@pytest.fixture
async def somebody_else(identity: Starlette) -> AsyncIterator[Visitor]:
    async with visitor(identity, "192.0.2.9") as person:
        yield person


async def test_a_login_signs_in_and_is_written_down(stranger: Visitor, account: Account) -> None:
    stranger.headers["user-agent"] = CHROME
    response = await stranger.log_in(account.mail)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    home = await stranger.get("/account")
    assert home.status_code == 200
    assert "Alice" in said(home)
    assert "みなと商店街" in said(home)
    event = await Event.get(account=account)
    assert (event.kind, event.address, event.browser) == (
        "login",
        "203.0.113.7",
        "Chrome / Windows",
    )
    session = await Session.get(account=account)
    assert (session.address, session.browser) == ("203.0.113.7", "Chrome / Windows")


async def test_the_cookie_is_for_this_origin_alone(stranger: Visitor, account: Account) -> None:
    cookie = (await stranger.log_in(account.mail)).headers["set-cookie"]
    assert cookie.startswith("__Host-nigiwai-id=")
    for attribute in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    token = stranger.cookies[COOKIE]
    assert len(token) >= 43
    assert not await Session.filter(token_hash=token).exists(), "only its hash is kept"


@pytest.mark.parametrize(
    "mail", ["ALICE@nigiwai.test", "  alice@nigiwai.test ", "ａｌｉｃｅ＠nigiwai.test"]
)
async def test_a_mail_address_may_be_typed_as_people_type(
    mail: str, stranger: Visitor, account: Account
) -> None:
    assert (await stranger.log_in(mail)).status_code == 303


async def test_each_login_has_a_new_session_and_ends_the_old_one(
    identity: Starlette, stranger: Visitor, account: Account
) -> None:
    stranger.bring_cookie("chosen-by-somebody-else")
    await stranger.log_in(account.mail)
    first = stranger.cookies[COOKIE]
    assert first != "chosen-by-somebody-else"
    await stranger.log_in(account.mail)
    second = stranger.cookies[COOKIE]
    assert second != first
    async with visitor(identity) as thief:
        for token in (first, "chosen-by-somebody-else"):
            thief.bring_cookie(token)
            assert (await thief.get("/")).headers["location"] == "/login"
        thief.bring_cookie(second)
        assert (await thief.get("/account")).status_code == 200
    assert await Session.all().count() == 1


async def test_a_login_elsewhere_ends_nothing_here(
    stranger: Visitor, somebody_else: Visitor, account: Account
) -> None:
    await stranger.log_in(account.mail)
    await somebody_else.log_in(account.mail)
    assert (await stranger.get("/account")).status_code == 200


async def test_five_failures_lock_for_five_minutes(
    stranger: Visitor,
    somebody_else: Visitor,
    account: Account,
    parts: Parts,
    organisation: Organisation,
) -> None:
    other = await make_account(parts, organisation, "Bob")
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(5):
            await stranger.log_in(account.mail, WRONG)
        clock.shift(299)
        assert said(await stranger.log_in(account.mail)).startswith(f"ログイン {REFUSED}")
        assert (await stranger.log_in(other.mail)).status_code == 303, "others are not affected"
        clock.shift(2)
        assert (await somebody_else.log_in(account.mail)).status_code == 303
    assert await kinds_of_events(account) == ["login"]


async def test_four_failures_and_a_success_start_again(stranger: Visitor, account: Account) -> None:
    for _ in range(3):
        for _ in range(4):
            assert (await stranger.log_in(account.mail, WRONG)).status_code == 422
        assert (await stranger.log_in(account.mail)).status_code == 303


async def test_of_a_hundred_guesses_at_once_five_are_compared(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(memory_kib=64, passes=1))
    identity = build_identity(parts)
    account = await make_account(parts, await Organisation.create(name="みなと商店街"))
    guessers = [visitor(identity, f"192.0.2.{number}") for number in range(100)]

    async def guess(password: str) -> set[int]:
        answers = await asyncio.gather(
            *(
                guesser.send_form("/login", mail=account.mail, password=password)
                for guesser in guessers
            )
        )
        return {answer.status_code for answer in answers}

    with time_machine.travel(NOW, tick=False):
        assert await guess(WRONG) == {422}
        assert (await Guard.get(key=guard._mail_key(account.mail))).tries == 5
        assert await guess(PASSWORD) == {422}, "not one of a hundred right ones either"
    assert not await guard.begin_try(account.mail, NOW + timedelta(seconds=299))
    assert not await Session.exists()
    for guesser in guessers:
        await guesser.aclose()


def bytes_of(response: httpx.Response, mail: str) -> tuple[object, ...]:
    """Everything that whoever was refused gets, but the date and what they typed themselves."""
    headers = [(k, v) for k, v in response.headers.raw if k.lower() != b"date"]
    return (
        response.status_code,
        headers,
        response.content.replace(mail.encode(), b"MAIL") if mail else response.content,
    )


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_wrong_unknown_and_locked_look_the_same_and_suspended_to_a_guesser(
    language: str, stranger: Visitor, account: Account, parts: Parts, organisation: Organisation
) -> None:
    stranger.headers.update({"accept-language": language, "accept-encoding": "identity"})
    unknown = "alien@nigiwai.test"
    assert len(unknown) == len(account.mail)
    without = await make_account(parts, organisation, "Carol", password="")
    elsewhere = await Organisation.create(name="やまて図書館", suspended_at=NOW)
    suspended = await make_account(parts, elsewhere, "David")
    answers = [
        bytes_of(await stranger.log_in(account.mail, WRONG), account.mail),
        bytes_of(await stranger.log_in(unknown, WRONG), unknown),
        bytes_of(await stranger.log_in(without.mail, PASSWORD), without.mail),
        bytes_of(await stranger.log_in(suspended.mail, WRONG), suspended.mail),
    ]
    for _ in range(5):
        await stranger.log_in(account.mail, WRONG)
        await stranger.log_in(unknown, WRONG)
        await stranger.log_in(suspended.mail, WRONG)
    answers += [
        bytes_of(await stranger.log_in(suspended.mail, PASSWORD), suspended.mail),
        bytes_of(await stranger.log_in(account.mail, PASSWORD), account.mail),
        bytes_of(await stranger.log_in(unknown, PASSWORD), unknown),
    ]
    assert len(set(map(repr, answers))) == 1, "one answer, byte for byte"
    if language == "ja":
        assert REFUSED in answers[0][2].decode()  # type: ignore[attr-defined]


async def test_who_has_the_password_hears_that_the_organisation_is_suspended(
    stranger: Visitor, account: Account, organisation: Organisation
) -> None:
    await Organisation.all().update(suspended_at=NOW)
    for _ in range(2 * guard.TRIES):
        answer = await stranger.log_in(account.mail)
        assert answer.status_code == 422
        assert one(answer, "#refused").get_text() == (
            "この組織の利用は停止されています。事業者にお問い合わせください。"
        )
    assert not await Session.exists()
    await Organisation.all().update(suspended_at=None)
    assert (await stranger.log_in(account.mail)).status_code == 303


async def test_fifty_right_ones_at_once_take_no_tries_from_each_other(
    any_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 120)  # however slow this machine is
    parts = parts_on(any_database, Passwords(memory_kib=64, passes=1))
    identity = build_identity(parts)
    account = await make_account(parts, await Organisation.create(name="みなと商店街"))
    people = [visitor(identity, f"192.0.2.{number}") for number in range(50)]
    answers = await asyncio.gather(
        *(one.send_form("/login", mail=account.mail, password=PASSWORD) for one in people)
    )
    assert {answer.status_code for answer in answers} == {303}
    assert await Session.all().count() == 50
    assert not guard._under_way, "nothing is left behind"
    for person in people:
        await person.aclose()


@pytest.mark.parametrize("known", [True, False])
async def test_who_waits_for_others_waits_in_vain_when_they_are_wrong(
    known: bool, account: Account
) -> None:
    mail = account.mail if known else "alien@nigiwai.test"
    granted: list[bool] = []

    async def wrong() -> None:
        async with guard.one_try(mail, NOW) as tried:
            granted.append(tried.granted)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(wrong() for _ in range(100)))
    assert sum(granted) == guard.TRIES
    assert not guard._under_way


async def test_nobody_waits_for_ever(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 0.05)
    over, begun = asyncio.Event(), asyncio.Barrier(guard.TRIES + 1)

    async def slow() -> None:
        async with guard.one_try(account.mail, NOW):
            await begun.wait()
            await over.wait()

    tries = [asyncio.create_task(slow()) for _ in range(guard.TRIES)]
    await begun.wait()
    async with guard.one_try(account.mail, NOW) as late:
        assert not late.granted
    over.set()
    await asyncio.gather(*tries)


async def test_an_answer_tells_not_that_an_account_is_gone(
    stranger: Visitor, account: Account
) -> None:
    with_account = bytes_of(await stranger.log_in(account.mail, WRONG), "")
    await account.delete()
    assert bytes_of(await stranger.log_in(account.mail, WRONG), "") == with_account


async def test_whoever_is_refused_costs_the_same_statements(
    stranger: Visitor, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "tortoise.db_client")

    async def statements(mail: str, password: str) -> list[str]:
        caplog.clear()
        await stranger.log_in(mail, password)
        return [str(record.msg) + str(record.args[0]) for record in caplog.records if record.args]

    wrong = await statements(account.mail, WRONG)
    unknown = await statements("alien@nigiwai.test", WRONG)
    for _ in range(4):
        await stranger.log_in(account.mail, WRONG)
    locked = await statements(account.mail, PASSWORD)
    assert len(wrong) > 5
    assert wrong == unknown == locked


async def test_a_password_that_changed_meanwhile_signs_nobody_in(
    stranger: Visitor, account: Account, parts: Parts
) -> None:
    compare = parts.passwords.hasher.verify

    async def change() -> None:
        async with transaction(IDENTITY):
            await Account.filter(id=account.id).update(password_hash="another")

    loop = asyncio.get_running_loop()

    def verify(password: str, kept: str) -> bool:
        asyncio.run_coroutine_threadsafe(change(), loop).result(60)
        return bool(compare(password, kept))

    parts.passwords.hasher.verify = verify  # type: ignore[method-assign]
    assert (await stranger.log_in(account.mail)).status_code == 422
    assert not await Session.exists()


async def test_one_network_may_try_sixty_times_in_five_minutes(
    stranger: Visitor, somebody_else: Visitor, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for n in range(60):
            assert (await stranger.log_in(f"nobody{n}@nigiwai.test")).status_code == 422
        refused = await stranger.log_in(account.mail)
        assert refused.status_code == 429
        assert "このネットワークからの操作が多すぎます。" in said(refused)
        forged = {"X-Forwarded-For": "198.51.100.77", "Forwarded": "for=198.51.100.77"}
        again = await stranger.post(
            "/login", data={"mail": account.mail, "password": PASSWORD}, headers=forged
        )
        assert again.status_code == 429, "a forged header changes nothing"
        assert (await somebody_else.log_in(account.mail)).status_code == 303
        clock.shift(300)
        assert (await stranger.log_in(account.mail)).status_code == 303


async def test_what_is_missing_is_said_at_the_field(stranger: Visitor, account: Account) -> None:
    nothing = await stranger.log_in("", "")
    assert nothing.status_code == 422
    assert error_of(nothing, "mail") == "メールアドレスを入力してください。"
    assert error_of(nothing, "password") == "パスワードを入力してください。"
    assert not await Guard.exists(), "that was no try"
    refused = await stranger.log_in(account.mail, WRONG)
    assert one(refused, "#mail")["value"] == account.mail
    assert not one(refused, "#password").get("value")
    assert WRONG not in refused.text
    for name in ("mail", "password"):
        assert one(refused, f"#{name}")["aria-describedby"] == "refused"
    assert one(refused, "#refused").get_text() == REFUSED
    assert len(parsed(refused).select("[autofocus]")) == 1


async def test_what_helpers_of_browsers_need_is_said(stranger: Visitor) -> None:
    page = await stranger.get("/login")
    assert one(page, "#mail")["autocomplete"] == "username"
    assert one(page, "#password")["autocomplete"] == "current-password"
    assert one(page, "#password")["type"] == "password"
    assert "maxlength" not in one(page, "#password").attrs
    assert one(page, ".after a")["href"] == "/reset"


@pytest.mark.parametrize("password", ["a\x00b", "x" * 40_000, "🦊" * 100, "\ud83e", " "])
async def test_strange_passwords_are_merely_wrong(
    password: str, stranger: Visitor, account: Account
) -> None:
    fields = {"mail": account.mail, "password": password.encode("utf-8", "surrogatepass")}
    response = await stranger.post("/login", data=fields)
    assert response.status_code == 422


@pytest.mark.parametrize("mail", ["a\x00@b", "x" * 5000, "'; --", "a@b\r\nBcc: c@d", "\ufeff@"])
async def test_strange_mail_addresses_are_merely_unknown(mail: str, any_database: Settings) -> None:
    identity = build_identity(parts_on(any_database, Passwords(64, 1)))
    async with visitor(identity) as stranger:
        assert (await stranger.log_in(mail)).status_code == 422


@pytest.mark.parametrize("csrf", ["x" * 43, ""])
async def test_a_form_older_than_the_session_does_nothing_and_goes_on(
    csrf: str, someone: Visitor, account: Account
) -> None:
    before = await Session.get()
    someone.csrf = csrf
    for query, onward in (("", "/"), ("?next=/account", "/account"), ("?next=//b.test", "/")):
        answer = await someone.send_form("/login" + query, mail=account.mail, password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, onward)
        assert "set-cookie" not in answer.headers
    assert (await Session.get()).token_hash == before.token_hash
    assert not await Event.exists()
    assert not await Guard.exists()


async def test_whoever_is_signed_in_and_asked_by_nobody_goes_home(someone: Visitor) -> None:
    response = await someone.get("/login")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert (await someone.get("/login?next=/authorize%3Fprompt%3Dlogin")).status_code == 200
