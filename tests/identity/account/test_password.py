"""A new password by whoever knows the current one; every other sign-in ends (TRUST 17, 18)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import error_of
from tests.identity.account.forms import notice
from tests.identity.people import (
    PASSWORD,
    Visitor,
    kinds_of_events,
    letters,
    make_account,
    parts_on,
    sign_in,
    visitor,
)
from webapp.errors import UserError
from webapp.identity.account.password import change_password
from webapp.identity.browser import Visitor as From
from webapp.identity.links import create_link, find_link
from webapp.identity.models import (
    Account,
    Client,
    LinkPurpose,
    Organisation,
    Outbox,
    Session,
    TokenFamily,
)
from webapp.identity.outbox import BACKCHANNEL_LOGOUT
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.sessions import COOKIE, load_session, start_session
from webapp.settings import Settings

NEW = "海辺の 自転車 と 古い時計"
WRONG = (
    "現在のパスワードが違うか、一時的にロックされています。5分ほどおいてもう一度お試しください。"
)
NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)


async def change(person: Visitor, **fields: str) -> httpx.Response:
    sent = {"current": PASSWORD, "password": NEW, "again": NEW, **fields}
    return await person.send_form("/account/password", **sent)


async def test_it_is_changed_and_this_browser_goes_on(
    someone: Visitor, identity: Starlette, account: Account, parts: Parts
) -> None:
    old = someone.cookies[COOKIE]
    async with visitor(identity, "192.0.2.9") as elsewhere:
        await sign_in(elsewhere, identity, account)
        response = await change(someone)
        assert (response.status_code, response.headers["location"]) == (
            303,
            "/account?done=password",
        )
        assert (await elsewhere.get("/account")).headers["location"] == "/login?next=%2Faccount"
    assert someone.cookies[COOKIE] != old, "a new session id"
    page = await someone.get("/account?done=password")
    assert notice(page) == "パスワードを変更しました。ほかの端末からはログアウトしました。"
    async with visitor(identity) as thief:
        thief.bring_cookie(old)
        assert (await thief.get("/account")).status_code == 303, "the old id is refused"
    assert await kinds_of_events(account) == ["password"]
    (letter,) = await letters(parts)
    assert (letter.event, letter.to) == ("password_changed", account.mail)
    assert letter.values["address"] == "198.51.100.4"
    async with visitor(identity) as person:
        assert (await person.log_in(account.mail, PASSWORD)).status_code == 422
        assert COOKIE not in person.cookies


async def test_the_csrf_token_is_new_as_well(someone: Visitor) -> None:
    await change(someone)
    assert (await someone.send_form("/account/devices/end-others")).status_code == 403


async def test_applications_hear_of_the_other_sign_ins_and_keep_this_one(
    someone: Visitor, identity: Starlette, account: Account
) -> None:
    client = await Client.create(
        client_id="app", name="App", backchannel_logout_uri="https://app.test/out"
    )
    here = await Session.get(account=account)
    async with visitor(identity) as elsewhere:
        await sign_in(elsewhere, identity, account)
    there = await Session.get(account=account, id__not=here.id)
    for session in (here, there):
        await TokenFamily.create(
            client=client, account=account, sid=session.sid, scope="openid", auth_time=NOW
        )
    await change(someone)
    (told,) = await Outbox.filter(kind=BACKCHANNEL_LOGOUT)
    assert told.payload["sid"] == there.sid
    assert (await TokenFamily.get(sid=there.sid)).revoked_at is not None
    assert (await TokenFamily.get(sid=here.sid)).revoked_at is None
    assert (await Session.get(account=account)).sid == here.sid


async def test_links_for_another_password_are_void(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    now = datetime.now(UTC)
    url = await create_link(account, LinkPurpose.RESET, parts.settings, now)
    await change(someone)
    assert await find_link(url.rpartition("/")[2], now) is None


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"current": ""}, "current", "現在のパスワードを入力してください。"),
        ({"current": NEW}, "current", WRONG),
        ({"current": f" {PASSWORD}"}, "current", WRONG),
        ({"password": ""}, "password", "新しいパスワードを入力してください。"),
        ({"password": "short"}, "password", "パスワードは10文字以上で入力してください。"),
        (
            {"password": "alice@nigiwai.test"},
            "password",
            "メールアドレスや名前と同じパスワードは使えません。",
        ),
        (
            {"password": PASSWORD, "again": PASSWORD},
            "password",
            "現在と同じパスワードです。別のパスワードにしてください。",
        ),
        ({"again": ""}, "again", "確認のための入力が、新しいパスワードと一致しません。"),
        ({"again": f"{NEW}."}, "again", "確認のための入力が、新しいパスワードと一致しません。"),
    ],
)
async def test_what_is_wrong_is_said_and_changes_nothing(
    sent: dict[str, str],
    field: str,
    message: str,
    someone: Visitor,
    account: Account,
    parts: Parts,
) -> None:
    token = someone.cookies[COOKIE]
    page = await change(someone, **sent)
    assert page.status_code == 422
    assert error_of(page, field) == message
    for secret in (PASSWORD, NEW, *sent.values()):
        if secret and secret not in message and secret != account.mail:
            assert secret not in page.text, "a password is never written into a page"
    kept = await Account.get(id=account.id)
    assert kept.password_hash == account.password_hash
    assert someone.cookies[COOKIE] == token
    assert await letters(parts) == []


async def test_guessing_the_current_one_is_locked_like_a_login(
    someone: Visitor, account: Account, identity: Starlette
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for _ in range(5):
            assert error_of(await change(someone, current="not this one"), "current") == WRONG
        assert error_of(await change(someone), "current") == WRONG, "locked, though right"
        async with visitor(identity) as person:
            assert (await person.log_in(account.mail)).status_code == 422
        clock.shift(timedelta(seconds=301))
        assert (await change(someone)).status_code == 303


async def test_a_guess_elsewhere_counts_here(
    someone: Visitor, account: Account, identity: Starlette
) -> None:
    async with visitor(identity) as guesser:
        for _ in range(3):
            await guesser.log_in(account.mail, "not this one")
        for _ in range(2):
            await change(someone, current="nor this one")
        assert (await guesser.log_in(account.mail)).status_code == 422
        assert COOKIE not in guesser.cookies


async def test_of_three_changes_at_once_one_counts(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    account = await make_account(parts, await Organisation.create(name="みなと商店街"))
    now = datetime.now(UTC)
    tokens = [await start_session(account, parts.settings, now) for _ in range(3)]
    sessions = [await load_session(token, now) for token in tokens]
    here = From("203.0.113.7", "")

    async def one(number: int) -> str | None:
        session = sessions[number]
        assert session is not None
        new = f"{NEW} {number}"
        try:
            return await change_password(parts, session, PASSWORD, new, new, here, now)
        except UserError:
            return None

    done = await asyncio.gather(*(one(number) for number in range(3)))
    winners = [number for number, token in enumerate(done) if token]
    assert len(winners) == 1
    (left,) = await Session.filter(account=account)
    known = sessions[winners[0]]
    assert known is not None
    assert left.id == known.id
    kept = await Account.get(id=account.id)
    assert await parts.passwords.verify(f"{NEW} {winners[0]}", kept.password_hash)
    assert len(await letters(parts)) == 1
