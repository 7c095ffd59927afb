"""A code is good once, for a minute, for whom it was made (TRUST 13)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.identity.oauth.conftest import World
from webapp.database import IDENTITY, transaction
from webapp.identity.endings import end_sign_ins
from webapp.identity.models import (
    AccessToken,
    AuthorizationCode,
    Organisation,
    RefreshToken,
    TokenFamily,
)
from webapp.identity.oauth.clients import create_client

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def test_of_50_redemptions_at_once_one_succeeds(any_world: World) -> None:
    code = await any_world.code()
    answers = await asyncio.gather(*(any_world.redeem(code) for _ in range(50)))
    good = [answer for answer in answers if answer.status_code == 200]
    bad = [answer for answer in answers if answer.status_code != 200]
    assert len(good) == 1
    assert {(answer.status_code, answer.json()["error"]) for answer in bad} == {
        (400, "invalid_grant")
    }
    assert await AccessToken.all().count() == 1
    assert await RefreshToken.all().count() == 1
    # The 49 others were reuse, and nobody knows which of the 50 was the honest one.
    assert (await any_world.userinfo(good[0].json()["access_token"])).status_code == 401
    assert (await any_world.refresh(good[0].json()["refresh_token"])).status_code == 400


async def test_later_reuse_revokes_what_came_of_the_code(any_world: World) -> None:
    code = await any_world.code()
    first = (await any_world.redeem(code)).json()
    second = (await any_world.refresh(first["refresh_token"])).json()
    for tokens in (first, second):
        assert (await any_world.userinfo(tokens["access_token"])).status_code == 200
    again = await any_world.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    for tokens in (first, second):
        assert (await any_world.userinfo(tokens["access_token"])).status_code == 401
    assert (await any_world.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"


async def test_another_sign_in_keeps_its_tokens(world: World) -> None:
    code, other = await world.code(), await world.tokens()
    await world.redeem(code)
    await world.redeem(code)
    assert (await world.userinfo(other["access_token"])).status_code == 200


@pytest.mark.parametrize(("after", "status"), [(59.9, 200), (60, 400), (3600, 400)])
async def test_a_code_lives_60_seconds(world: World, after: float, status: int) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        await world.sign_in()
        code = await world.code()
        clock.shift(timedelta(seconds=after))
        assert (await world.redeem(code)).status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://app.nigiwai.test/callback"},
        {"redirect_uri": ""},
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
        {"code_verifier": "short"},
        {"code_verifier": "ü" * 43},
        {"code": "a" * 43},
        {"code": ""},
    ],
)
async def test_what_does_not_fit_is_refused_and_uses_nothing_up(
    world: World, wrong: dict[str, str]
) -> None:
    code = await world.code()
    answer = await world.redeem(**{"code": code, **wrong})
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}
    assert not await AccessToken.exists()
    assert (await world.redeem(code)).status_code == 200, "whoever it belongs to still may"


async def test_a_missing_verifier_is_refused_to_a_client_with_a_secret(world: World) -> None:
    code = await world.code()
    answer = await world.ask(
        "/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri="https://app.nigiwai.test/callback?from=id",
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_another_application_cannot_redeem_it_nor_void_it(world: World) -> None:
    other, secret = await create_client("別のアプリ", world.client.redirect_uris)
    code = await world.code()
    mine = (world.client, world.secret)
    world.client, world.secret = other, secret
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"
    world.client, world.secret = mine
    tokens = (await world.redeem(code)).json()
    world.client, world.secret = other, secret
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"
    assert (await world.userinfo(tokens["access_token"])).status_code == 200


async def test_a_code_of_an_ended_sign_in_is_void(world: World) -> None:
    code = await world.code()
    async with transaction(IDENTITY):
        await end_sign_ins(world.account, datetime.now(UTC))
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"


async def test_a_code_of_a_suspended_organisation_is_void(world: World) -> None:
    code, tokens = await world.code(), await world.tokens()
    await Organisation.all().update(suspended_at=datetime.now(UTC))
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"
    assert (await world.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.userinfo(tokens["access_token"])).status_code == 401


async def test_only_hashes_are_kept(world: World) -> None:
    code = await world.code()
    tokens = (await world.redeem(code)).json()
    kept = str(
        [
            await model.all().values()
            for model in (AuthorizationCode, AccessToken, RefreshToken, TokenFamily)
        ]
    )
    for secret in (code, tokens["access_token"], tokens["refresh_token"], tokens["id_token"]):
        assert len(secret) >= 43, "at least 256 bits"
        assert secret not in kept
