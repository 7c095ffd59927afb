"""Logging out at an application's wish."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.html import parsed
from tests.identity.oauth.conftest import CALLBACK, GOODBYE, World
from tests.identity.people import make_account, sign_in, visitor
from webapp.identity.models import Client, Outbox, Session
from webapp.identity.oauth.backchannel import logout_token
from webapp.identity.oauth.clients import create_client
from webapp.identity.oauth.keys import signing_key
from webapp.identity.sessions import COOKIE


async def log_out(world: World, **query: str) -> httpx.Response:
    return await world.browser.get("/logout?" + urlencode(query))


def asks(answer: httpx.Response) -> dict[str, str]:
    """The fields of the form that asks, once it is certain that it does."""
    assert answer.status_code == 200
    [form] = parsed(answer).select("main form")
    assert (form["method"], form["action"]) == ("post", "/logout")
    return {str(field["name"]): str(field["value"]) for field in form.select("input")}


async def test_with_the_id_token_it_is_done_at_once(world: World) -> None:
    woken: list[bool] = []
    world.identity.state.parts = replace(world.parts, wake=lambda: woken.append(True))
    await Client.all().update(backchannel_logout_uri="https://app.nigiwai.test/bye")
    tokens = await world.tokens()
    session = await Session.get()
    answer = await log_out(
        world, id_token_hint=tokens["id_token"], post_logout_redirect_uri=GOODBYE, state="a&b"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"{GOODBYE}?state=a%26b")
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]
    assert not await Session.exists()
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
    assert (await world.refresh(tokens["refresh_token"])).status_code == 400
    row = await Outbox.get()
    assert row.payload == {
        "client": world.client.client_id,
        "sub": world.account.public_id,
        "sid": session.sid,
    }
    assert woken


async def test_an_expired_id_token_is_still_a_hint(world: World) -> None:
    hint = (await world.tokens())["id_token"]
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=5)):
        answer = await log_out(world, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert answer.headers["location"] == GOODBYE
    assert not await Session.exists()


async def test_without_an_address_a_page_says_that_it_is_done(world: World) -> None:
    answer = await log_out(world, id_token_hint=(await world.tokens())["id_token"])
    assert answer.status_code == 200
    assert "ログアウトしました" in parsed(answer).h1.text  # type: ignore[union-attr]
    assert "Alice" not in answer.text
    assert not await Session.exists()


async def test_without_the_cookie_the_named_sign_in_ends(world: World) -> None:
    hint = (await world.tokens())["id_token"]
    async with visitor(world.identity) as stranger:
        answer = await stranger.get("/logout?" + urlencode({"id_token_hint": hint}))
    assert answer.status_code == 200
    assert not await Session.exists()


async def test_other_sign_ins_of_the_same_person_go_on(world: World) -> None:
    hint = (await world.tokens())["id_token"]
    async with visitor(world.identity) as elsewhere:
        await sign_in(elsewhere, world.identity, world.account)
        await log_out(world, id_token_hint=hint)
        assert await Session.all().count() == 1
        assert (await elsewhere.get("/account")).status_code == 200


async def test_a_newer_sign_in_in_this_browser_ends_with_the_named_one(world: World) -> None:
    hint = (await world.tokens())["id_token"]
    await world.sign_in()
    assert await Session.all().count() == 2
    await log_out(world, id_token_hint=hint)
    assert not await Session.exists()


async def test_somebody_else_in_this_browser_is_asked(world: World) -> None:
    hint = (await world.tokens())["id_token"]
    bob = await make_account(world.parts, world.account.organisation, "Bob", password="")
    await sign_in(world.browser, world.identity, bob)
    answer = await log_out(world, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert asks(answer)["csrf"] == world.browser.csrf
    assert await Session.all().count() == 2


class TestNoHint:
    """What is no id_token of ours for an application of ours asks by a button."""

    async def hints(self, world: World) -> dict[str, str]:
        good = (await world.tokens())["id_token"]
        key = await signing_key(world.parts, datetime.now(UTC))
        claims: dict[str, Any] = dict(jwt.decode(good, key, ["RS256"]).claims)
        foreign = RSAKey.generate_key(2048, {"kid": str(key.kid)})

        def signed(by: RSAKey = key, **changes: object) -> str:
            header = {"alg": "RS256", "kid": str(key.kid)}
            return jwt.encode(header, {**claims, **changes}, by, ["RS256"])

        payload = {
            "client": world.client.client_id,
            "sub": world.account.public_id,
            "sid": claims["sid"],
        }
        return {
            "nothing": "",
            "no token": "abc",
            "cut": good[:-8],
            "unsigned": good.rpartition(".")[0] + ".",
            "of another key": signed(foreign),
            "of another issuer": signed(iss="https://elsewhere.test"),
            "for nobody": signed(aud="nobody"),
            "for several": signed(aud=[world.client.client_id, "x"]),
            "a logout token": await logout_token(world.parts, payload, datetime.now(UTC)),
        }

    async def test_it_asks(self, world: World) -> None:
        hints = await self.hints(world)
        for what, hint in hints.items():
            answer = await log_out(
                world,
                id_token_hint=hint,
                client_id=world.client.client_id,
                post_logout_redirect_uri=GOODBYE,
                state="s",
            )
            assert asks(answer) == {
                "csrf": world.browser.csrf,
                "post_logout_redirect_uri": GOODBYE,
                "client_id": world.client.client_id,
                "state": "s",
            }, what
            policy = answer.headers["content-security-policy"]
            assert "form-action 'self' https://app.nigiwai.test;" in policy
        assert await Session.exists()

    async def test_the_id_token_of_another_application_is_none(self, world: World) -> None:
        hint = (await world.tokens())["id_token"]
        other, _ = await create_client("他", [CALLBACK], post_logout_redirect_uris=[GOODBYE])
        asks(await log_out(world, id_token_hint=hint, client_id=other.client_id))
        two = urlencode([("id_token_hint", hint), ("id_token_hint", hint)])
        asks(await world.browser.get("/logout?" + two))
        assert await Session.exists()


async def test_the_button_logs_out_and_goes_on(world: World) -> None:
    tokens = await world.tokens()
    fields = asks(
        await log_out(
            world,
            client_id=world.client.client_id,
            post_logout_redirect_uri=GOODBYE,
            state="a&b",
        )
    )
    answer = await world.browser.post("/logout", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{GOODBYE}?state=a%26b")
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]
    assert not await Session.exists()
    assert (await world.userinfo(tokens["access_token"])).status_code == 401


async def test_the_button_alone_says_that_it_is_done(world: World) -> None:
    answer = await world.browser.post("/logout", data=asks(await log_out(world)))
    assert answer.status_code == 200
    assert "ログアウトしました" in answer.text
    assert not await Session.exists()


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}, {}]
)
async def test_nobody_else_can_press_it(world: World, headers: dict[str, str]) -> None:
    fields = {"csrf": world.browser.csrf if headers else "wrong"}
    answer = await world.browser.post("/logout", data=fields, headers=headers)
    assert answer.status_code == 403
    assert await Session.exists()


async def test_a_page_that_asks_for_an_unknown_address_leads_nowhere(world: World) -> None:
    answer = await log_out(
        world,
        client_id=world.client.client_id,
        post_logout_redirect_uri="https://evil.test/",
    )
    assert "form-action 'self';" in answer.headers["content-security-policy"]
    done = await world.browser.post("/logout", data=asks(answer))
    assert (done.status_code, "location" in done.headers) == (200, False)


@pytest.mark.parametrize("client_id", ["x" * 48, "x" * 49, "x" * 5000, "a\x00b", ""])
async def test_an_application_that_cannot_be_is_merely_unknown(
    world: World, client_id: str
) -> None:
    asks(await log_out(world, client_id=client_id))
    answer = await world.browser.send_form("/logout", client_id=client_id)
    assert answer.status_code == 200
