"""A refresh token is good once; one that comes again ends them all (TRUST 16)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import time_machine

from tests.identity.oauth.conftest import World
from webapp.identity.endings import end_sign_in
from webapp.identity.models import Client, Outbox, Session, TokenFamily
from webapp.identity.outbox import BACKCHANNEL_LOGOUT


async def test_of_20_refreshes_at_once_at_most_one_survives(any_world: World) -> None:
    token = (await any_world.tokens())["refresh_token"]
    answers = await asyncio.gather(*(any_world.refresh(token) for _ in range(20)))
    issued = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(issued) == 1
    assert sum(answer.json().get("error") == "invalid_grant" for answer in answers) == 19
    survivors = [
        tokens for tokens in issued if (await any_world.refresh(tokens["refresh_token"])).is_success
    ]
    assert len(survivors) <= 1
    # It is strict here: the 19 others were reuse, so that the family is revoked.
    assert survivors == []
    assert (await TokenFamily.get()).revoked_at is not None


async def test_each_refresh_token_is_followed_by_another(any_world: World) -> None:
    tokens = await any_world.tokens()
    seen = {tokens["refresh_token"]}
    for _ in range(3):
        answer = await any_world.refresh(tokens["refresh_token"])
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        assert tokens["refresh_token"] not in seen
        seen.add(tokens["refresh_token"])
        assert (await any_world.userinfo(tokens["access_token"])).status_code == 200
    assert await TokenFamily.all().count() == 1


async def test_reuse_revokes_the_family_for_good(any_world: World) -> None:
    first = await any_world.tokens()
    second = (await any_world.refresh(first["refresh_token"])).json()
    assert (await any_world.refresh(first["refresh_token"])).status_code == 400
    # The answer was a refusal, and what it decided was kept all the same.
    assert (await any_world.refresh(second["refresh_token"])).status_code == 400
    for tokens in (first, second):
        assert (await any_world.userinfo(tokens["access_token"])).status_code == 401


async def test_it_needs_no_offline_access_for_it_outlives_no_sign_in(world: World) -> None:
    tokens = await world.tokens(scope="openid profile")
    assert tokens["scope"] == "openid profile"
    assert (await world.refresh(tokens["refresh_token"])).status_code == 200
    session = await Session.get().select_related("account")
    await end_sign_in(session.account, session.sid, datetime.now(UTC))
    assert (await world.refresh(tokens["refresh_token"])).status_code == 400


async def test_a_refresh_may_narrow_the_scope_and_never_widen_it(world: World) -> None:
    tokens = await world.tokens(scope="openid email offline_access")
    wide = await world.refresh(tokens["refresh_token"], scope="openid email nigiwai")
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    narrow = (await world.refresh(tokens["refresh_token"], scope="openid")).json()
    assert narrow["scope"] == "openid"
    assert set((await world.userinfo(narrow["access_token"])).json()) == {"sub"}
    again = (await world.refresh(narrow["refresh_token"])).json()
    assert again["scope"] == "openid email offline_access", "the person allowed that"


async def test_it_ends_with_the_sign_in(world: World) -> None:
    tokens = await world.tokens()
    over = (await Session.get()).expires_at
    with time_machine.travel(over - timedelta(minutes=4), tick=False) as clock:
        tokens = (await world.refresh(tokens["refresh_token"])).json()
        assert tokens["expires_in"] == 4 * 60, "not its ten minutes"
        clock.shift(timedelta(minutes=4))
        assert (await world.userinfo(tokens["access_token"])).status_code == 401
        assert (await world.refresh(tokens["refresh_token"])).status_code == 400


async def test_an_access_token_lives_ten_minutes(world: World) -> None:
    tokens = await world.tokens()
    assert tokens["expires_in"] == 600
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=9, seconds=50), tick=False):
        assert (await world.userinfo(tokens["access_token"])).status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10, seconds=1), tick=False):
        assert (await world.userinfo(tokens["access_token"])).status_code == 401


async def test_an_application_is_told_of_a_logout_even_after_its_tokens_were_revoked(
    world: World,
) -> None:
    await Client.all().update(backchannel_logout_uri="https://app.test/backchannel-logout")
    tokens = await world.tokens()
    await world.refresh(tokens["refresh_token"])
    await world.refresh(tokens["refresh_token"])  # used twice: the family is revoked
    session = await Session.get().select_related("account")
    await end_sign_in(session.account, session.sid, datetime.now(UTC))
    row = await Outbox.get(kind=BACKCHANNEL_LOGOUT)
    assert row.payload["sid"] == session.sid
