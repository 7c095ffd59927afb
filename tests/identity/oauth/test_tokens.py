"""The answers that applications get: tokens, claims, refusals, revocation."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.identity.oauth.conftest import CALLBACK, World, allow
from tests.identity.people import ORIGIN
from webapp.identity.models import AccessToken, Client, Role
from webapp.identity.oauth.clients import create_client, new_secret
from webapp.tokens import token_hash

NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


async def keys_of(world: World) -> KeySet:
    async with world.server() as server:
        return KeySet.import_key_set((await server.get("/jwks.json")).json())


async def test_the_answer_to_a_code(world: World) -> None:
    answer = await world.redeem(await world.code())
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    tokens = answer.json()
    assert set(tokens) == {
        "token_type",
        "access_token",
        "expires_in",
        "scope",
        "refresh_token",
        "id_token",
    }
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)


async def test_the_id_token_says_who_signed_in_when_and_for_whom(world: World) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        await world.sign_in()
        clock.shift(timedelta(minutes=5))
        tokens = await world.tokens()
    read = jwt.decode(tokens["id_token"], await keys_of(world), ["RS256"])
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    sid = read.claims.pop("sid")
    assert 16 <= len(sid) <= 32
    assert set(read.header) == {"typ", "alg", "kid"}
    assert read.claims == {
        "iss": ORIGIN,
        "aud": world.client.client_id,
        "iat": NOON.timestamp() + 300,
        "exp": NOON.timestamp() + 900,
        "auth_time": NOON.timestamp(),
        "nonce": "n-0S6_WzA2Mj",
        "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "sub": world.account.public_id,
        "name": "Alice",
        "locale": "ja",
        "email": "alice@nigiwai.test",
        "email_verified": True,
        "organisation": world.account.organisation.public_id,
        "organisation_name": "みなと商店街",
        "role": "admin",
    }


async def test_after_a_refresh_it_says_the_same_of_the_sign_in(world: World) -> None:
    tokens = await world.tokens()
    keys = await keys_of(world)
    first = jwt.decode(tokens["id_token"], keys, ["RS256"]).claims
    answer = (await world.refresh(tokens["refresh_token"])).json()
    second = jwt.decode(answer["id_token"], keys, ["RS256"]).claims
    for name in ("iss", "aud", "sub", "sid", "auth_time"):
        assert first[name] == second[name]
    assert "nonce" not in second, "it belongs to the one request"


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", set()),
        ("openid profile", {"name", "locale"}),
        ("openid email", {"email", "email_verified"}),
        ("openid nigiwai", {"organisation", "organisation_name", "role"}),
        ("openid offline_access", set()),
        ("email openid profile", {"name", "locale", "email", "email_verified"}),
    ],
)
async def test_each_scope_opens_its_claims(world: World, scope: str, claims: set[str]) -> None:
    tokens = await world.tokens(scope=scope)
    about = (await world.userinfo(tokens["access_token"])).json()
    assert set(about) == {"sub"} | claims
    said = jwt.decode(tokens["id_token"], await keys_of(world), ["RS256"]).claims
    assert {name: said[name] for name in about} == about
    sign_in = {"iss", "aud", "iat", "exp", "auth_time", "nonce", "sid", "at_hash"}
    assert set(said) == sign_in | set(about)


async def test_userinfo_tells_what_is_true_now(world: World) -> None:
    tokens = await world.tokens()
    world.account.role, world.account.language = Role.GENERAL, "en"
    await world.account.save()
    about = (await world.userinfo(tokens["access_token"])).json()
    assert (about["role"], about["locale"]) == ("general", "en")


async def test_userinfo_wants_a_good_token_in_the_header(world: World) -> None:
    tokens = await world.tokens()
    good = tokens["access_token"]
    async with world.server() as server:
        answer = await server.post("/userinfo", headers={"Authorization": f"bearer {good}"})
        assert answer.json()["sub"] == world.account.public_id
        assert answer.headers["cache-control"] == "no-store"
        bare = await server.get("/userinfo")
        assert bare.status_code == 401
        assert bare.headers["www-authenticate"] == f'Bearer realm="{ORIGIN}"'
        for value in (
            "Bearer",
            "Bearer ",
            f"Bearer {good}x",
            f"Bearer {good} {good}",
            f"Bearer {tokens['refresh_token']}",
            f"Bearer {tokens['id_token']}",
            f"Basic {good}",
            good,
        ):
            refused = await server.get("/userinfo", headers={"Authorization": value})
            assert refused.status_code == 401, value
            assert refused.headers["www-authenticate"].startswith("Bearer ")
        assert (await server.get(f"/userinfo?access_token={good}")).status_code == 401
        assert (await server.post("/userinfo", data={"access_token": good})).status_code == 401
    # A cookie is no token.
    assert (await world.browser.get("/userinfo")).status_code == 401


class TestProof:
    """How an application proves itself."""

    async def test_by_the_header_or_by_the_form(self, world: World) -> None:
        named = {"client_id": world.client.client_id, "client_secret": world.secret}
        assert (await world.redeem(await world.code())).status_code == 200
        assert (await world.redeem(await world.code(), auth=False, **named)).status_code == 200

    async def test_both_are_form_encoded_in_the_header(self, world: World) -> None:
        secret = "geheim: +%"
        await Client.filter(id=world.client.id).update(secret_hash=token_hash(secret))
        world.secret = quote_plus(secret)
        assert (await world.redeem(await world.code())).status_code == 200

    @pytest.mark.parametrize(
        "header",
        [
            "Basic",
            "Basic ",
            "Basic !",
            "Basic YWJj",
            "Basic " + base64.b64encode(b"\xff:\xff").decode(),
            "Bearer YWJj",
            "",
        ],
    )
    async def test_a_broken_header_is_a_wrong_proof(self, world: World, header: str) -> None:
        async with world.server() as server:
            answer = await server.post(
                "/token",
                data={"grant_type": "authorization_code", "code": "x"},
                headers={"Authorization": header},
            )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")

    async def test_wrong_missing_and_unknown_look_the_same(self, world: World) -> None:
        code, seen = await world.code(), set()
        right = (world.client, world.secret)
        for client, secret in (
            (right[0], "wrong"),
            (right[0], ""),
            (right[0], world.client.secret_hash),
            (Client(client_id="nobody"), "wrong"),
            (Client(client_id="nobody\0"), "wrong"),
            (Client(client_id=""), ""),
        ):
            world.client, world.secret = client, secret
            answer = await world.redeem(code)
            seen.add((answer.status_code, answer.text, answer.headers["www-authenticate"]))
        world.client, world.secret = right
        bare = await world.redeem(code, auth=False, client_id=world.client.client_id)
        seen.add((bare.status_code, bare.text, bare.headers["www-authenticate"]))
        assert len(seen) == 1
        assert next(iter(seen))[0] == 401
        assert (await world.redeem(code)).status_code == 200

    async def test_one_way_at_a_time(self, world: World) -> None:
        code = await world.code()
        for form in ({"client_secret": world.secret}, {"client_id": "another"}):
            answer = await world.redeem(code, **form)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert (await world.redeem(code, client_id=world.client.client_id)).status_code == 200

    async def test_an_old_secret_is_void_at_once(self, world: World) -> None:
        code, old = await world.code(), world.secret
        world.secret = await new_secret(world.client.client_id)
        assert (await world.redeem(code)).status_code == 200
        world.secret = old
        assert (await world.redeem(code)).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": 'é"\\'}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "\0é"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": ["a", "b"]}, "invalid_request"),
    ],
)
async def test_what_is_no_good_request(world: World, form: dict[str, str], error: str) -> None:
    answer = await world.ask("/token", **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"


async def test_parameters_are_taken_from_the_form_alone(world: World) -> None:
    code = await world.code()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": world.proof.verifier,
    }
    proof = (world.client.client_id, world.secret)
    async with world.server() as server:
        for answer in (
            await server.post("/token", params=form, auth=proof),
            await server.post("/token", json=form, auth=proof),
            await server.post("/token", data=form, files={"f": b""}, auth=proof),
        ):
            assert 400 <= answer.status_code < 500
        assert (await server.get("/token", params=form, auth=proof)).status_code == 405
        assert (await server.post("/token", data=form, auth=proof)).status_code == 200


class TestRevocation:
    async def test_an_access_token_goes_alone(self, world: World) -> None:
        tokens = await world.tokens()
        answer = await world.ask("/revoke", token=tokens["access_token"])
        assert answer.status_code == 200
        assert (await world.userinfo(tokens["access_token"])).status_code == 401
        assert (await world.refresh(tokens["refresh_token"])).status_code == 200

    async def test_a_refresh_token_takes_all_with_it(self, world: World) -> None:
        tokens = await world.tokens()
        answer = await world.ask(
            "/revoke", token=tokens["refresh_token"], token_type_hint="access_token"
        )
        assert answer.status_code == 200
        assert (await world.userinfo(tokens["access_token"])).status_code == 401
        assert (await world.refresh(tokens["refresh_token"])).status_code == 400

    async def test_nobody_elses_token_is_touched(self, world: World) -> None:
        tokens = await world.tokens()
        mine = (world.client, world.secret)
        world.client, world.secret = await create_client("他", [CALLBACK])
        for name in ("access_token", "refresh_token"):
            assert (await world.ask("/revoke", token=tokens[name])).status_code == 200
        assert (await world.ask("/revoke", token="\0é")).status_code == 200
        assert (await world.ask("/revoke")).status_code == 400
        world.secret = "wrong"
        assert (await world.ask("/revoke", token=tokens["access_token"])).status_code == 401
        world.client, world.secret = mine
        assert (await world.userinfo(tokens["access_token"])).status_code == 200
        assert (await world.refresh(tokens["refresh_token"])).status_code == 200

    async def test_a_public_application_revokes_by_its_name(self, world: World) -> None:
        world.client, world.secret = await create_client("端末", [CALLBACK], is_public=True)
        await allow(world.account, world.client)
        mine = {"client_id": world.client.client_id}
        tokens = (await world.redeem(await world.code(), auth=False, **mine)).json()
        answer = await world.ask("/revoke", auth=False, token=tokens["access_token"], **mine)
        assert answer.status_code == 200
        assert not await AccessToken.exists()


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the log says when all of it is asked for, as with NIGIWAI_LOG_LEVEL=DEBUG."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


async def test_no_token_code_or_secret_is_logged(
    world: World, everything_logged: pytest.LogCaptureFixture
) -> None:
    code = await world.code()
    tokens = (await world.redeem(code)).json()
    newer = (await world.refresh(tokens["refresh_token"])).json()
    await world.userinfo(newer["access_token"])
    await world.ask("/revoke", token=newer["refresh_token"])
    text = "\n".join(
        record.getMessage()
        for record in everything_logged.records
        # The test's own client, and what it sends.
        if not record.name.startswith(("httpx", "httpcore"))
    )
    secrets = [code, world.secret, world.proof.verifier]
    secrets += [tokens[n] for n in ("access_token", "refresh_token", "id_token")]
    secrets += [newer[n] for n in ("access_token", "refresh_token", "id_token")]
    assert text, "something was logged"
    assert [secret for secret in secrets if secret in text] == []


async def test_discovery_is_complete_and_true(world: World) -> None:
    async with world.server() as server:
        answer = await server.get("/.well-known/openid-configuration")
        said = answer.json()
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert said["issuer"] == ORIGIN
        for name, status in {
            "authorization_endpoint": 400,
            "userinfo_endpoint": 401,
            "end_session_endpoint": 200,
            "jwks_uri": 200,
        }.items():
            assert said[name].startswith(ORIGIN + "/")
            assert (await server.get(said[name])).status_code == status, name
        for name in ("token_endpoint", "revocation_endpoint"):
            assert (await server.post(said[name])).status_code in {400, 401}, name
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    tokens = await world.tokens(prompt=None)
    claims = jwt.decode(tokens["id_token"], await keys_of(world), ["RS256"]).claims
    assert set(claims) == set(said["claims_supported"])
