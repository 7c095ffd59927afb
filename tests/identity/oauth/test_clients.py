"""Registering applications, and the app itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from pydantic import SecretStr

from tests.identity.oauth.conftest import CALLBACK, World
from tests.identity.people import APP_ORIGIN, parts_on
from webapp.errors import UserError
from webapp.identity.models import Client, Consent, TokenFamily
from webapp.identity.oauth.clients import (
    create_client,
    ensure_own_client,
    list_clients,
    new_secret,
    remove_client,
)
from webapp.identity.passwords import Passwords
from webapp.oidc_secret import own_client_secret
from webapp.settings import Settings
from webapp.tokens import token_hash


async def test_the_secret_is_told_once(database: Settings) -> None:
    client, secret = await create_client(
        "掲示板",
        [CALLBACK, CALLBACK],
        post_logout_redirect_uris=["https://app.nigiwai.test/"],
        backchannel_logout_uri="https://app.nigiwai.test/bye",
        scope="email openid",
    )
    kept = await Client.get().values()
    assert len(secret) >= 43
    assert secret not in str(kept)
    assert kept["redirect_uris"] == [CALLBACK]
    assert kept["scope"] == "openid email"
    assert await list_clients() == [client]


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.test/x",
        "https://a.test:8443/x?y=z",
        "http://localhost:3000/x",
        "http://127.0.0.1/x",
    ],
)
async def test_addresses_that_may_be_registered(database: Settings, uri: str) -> None:
    client, _ = await create_client("a", [uri])
    assert client.redirect_uris == [uri]


@pytest.mark.parametrize(
    "uri",
    [
        "http://a.test/x",
        "http://localhost.a.test/",
        "http://127.0.0.2/",
        "https://a.test/#",
        "https://a.test/#x",
        "https://*.a.test/",
        "https://a.test/*",
        "https://user@a.test/",
        "https://a.test;script-src/",
        "https://a.test,b.test/",
        "https://a_b.test/",
        "https://a'b.test/",
        "https://a.test:99999/",
        "https://a.test:0/",
        "https:///x",
        "https://a.test/ x",
        "https://a.test/\n",
        "https://a.test\\@b.test/",
        "https://あ.test/",
        "https://[a.test/",
        "//a.test/",
        "/x",
        "x",
        "javascript:alert(1)",
        "app://callback",
        "https://a.test/" + "x" * 500,
    ],
)
async def test_addresses_that_may_not(database: Settings, uri: str) -> None:
    for values in (
        {"redirect_uris": [uri]},
        {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": [uri]},
        {"redirect_uris": [CALLBACK], "backchannel_logout_uri": uri},
    ):
        with pytest.raises(UserError, match="登録できません"):
            await create_client("a", **values)  # type: ignore[arg-type]
    assert not await Client.exists()


@pytest.mark.parametrize(
    ("name", "uris", "scope", "field"),
    [
        ("", [CALLBACK], "openid", "name"),
        ("a" * 101, [CALLBACK], "openid", "name"),
        ("a", [], "openid", "redirect_uris"),
        ("a", [""], "openid", "redirect_uris"),
        ("a", [CALLBACK], "profile", "scope"),
        ("a", [CALLBACK], "openid root", "scope"),
        ("a", [CALLBACK], "", "scope"),
    ],
)
async def test_what_else_is_refused(
    database: Settings, name: str, uris: list[str], scope: str, field: str
) -> None:
    with pytest.raises(UserError) as refused:
        await create_client(name, uris, scope=scope)
    assert refused.value.field == field


async def test_removing_one_takes_all_of_it_along(world: World) -> None:
    tokens = await world.tokens()
    await remove_client(world.client.client_id)
    assert not await Consent.exists()
    assert not await TokenFamily.exists()
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
    for act in (remove_client, new_secret):
        with pytest.raises(UserError):
            await act(world.client.client_id)


async def test_a_public_one_has_no_secret_to_renew(database: Settings) -> None:
    client, secret = await create_client("端末", [CALLBACK], is_public=True)
    assert (secret, client.secret_hash) == ("", "")
    with pytest.raises(UserError):
        await new_secret(client.client_id)


async def test_the_app_is_registered_as_its_settings_say(
    any_database: Settings, passwords: Passwords
) -> None:
    parts = parts_on(any_database, passwords)
    await asyncio.gather(*(ensure_own_client(parts) for _ in range(5)))
    own = await Client.get()
    assert own.client_id == "nigiwai"
    assert own.secret_hash == token_hash(own_client_secret(parts.settings))
    assert own.redirect_uris == [f"{APP_ORIGIN}/sign-in/callback"]
    assert own.post_logout_redirect_uris == [f"{APP_ORIGIN}/signed-out"]
    assert own.backchannel_logout_uri == f"{APP_ORIGIN}/backchannel-logout"
    moved = parts.settings.model_copy(update={"origin": "https://elsewhere.test"})
    await ensure_own_client(replace(parts, settings=moved))
    again = await Client.get()
    assert again.id == own.id
    assert again.redirect_uris == ["https://elsewhere.test/sign-in/callback"]


async def test_the_own_secret_is_the_configured_one_or_of_the_secret_key(
    database: Settings,
) -> None:
    made = own_client_secret(database)
    assert len(made) == 64
    assert made == own_client_secret(database.model_copy())
    others = (
        {"secret_key": SecretStr("t" * 40)},
        {"oidc_client_id": "another"},
        {"oidc_client_secret": SecretStr("given")},
    )
    secrets = {own_client_secret(database.model_copy(update=change)) for change in others}
    assert len(secrets) == 3
    assert made not in secrets
    assert "given" in secrets
