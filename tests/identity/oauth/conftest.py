"""An application at the real provider, and a browser of somebody who is signed in there."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from tests.identity.people import ORIGIN, Visitor, make_account, parts_on, sign_in, visitor
from webapp.identity.app import build_identity
from webapp.identity.models import Account, Client, Consent, Organisation
from webapp.identity.oauth.clients import create_client
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.settings import Settings

CALLBACK = "https://app.nigiwai.test/callback?from=id"
GOODBYE = "https://app.nigiwai.test/goodbye"
EVERYTHING = "openid profile email nigiwai offline_access"


@dataclass
class Proof:
    """A verifier of PKCE and its challenge."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass
class World:
    """The provider, one application, one account and its browser."""

    parts: Parts
    identity: Starlette
    account: Account
    client: Client
    secret: str
    browser: Visitor
    proof: Proof = field(default_factory=Proof)

    def server(self) -> httpx.AsyncClient:
        """The application's own server: no cookie, no Origin."""
        transport = httpx.ASGITransport(self.identity)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    async def sign_in(self) -> None:
        """Let the person sign in, now."""
        await sign_in(self.browser, self.identity, self.account)

    def query(self, **changes: str | None) -> dict[str, str]:
        """The parameters of a good request, changed; None leaves one out."""
        good = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": CALLBACK,
            "scope": EVERYTHING,
            "state": "st/ate=1&2",
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": self.proof.challenge,
            "code_challenge_method": "S256",
        }
        return {name: text for name, text in {**good, **changes}.items() if text is not None}

    async def authorize(self, **changes: str | None) -> httpx.Response:
        """Ask with the browser."""
        return await self.browser.get("/authorize?" + urlencode(self.query(**changes)))

    async def code(self, **changes: str | None) -> str:
        """A fresh code."""
        return said_in(await self.authorize(**changes))["code"]

    async def ask(self, path: str, auth: bool = True, **form: str) -> httpx.Response:
        """Post to an endpoint as the application."""
        proof = (self.client.client_id, self.secret) if auth else None
        async with self.server() as server:
            return await server.post(path, data=form, auth=proof)

    async def redeem(self, code: str, auth: bool = True, **changes: str) -> httpx.Response:
        """Bring a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        form |= {"code_verifier": self.proof.verifier, **changes}
        return await self.ask("/token", auth, **form)

    async def refresh(self, token: str, **changes: str) -> httpx.Response:
        """Bring a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token, **changes}
        return await self.ask("/token", **form)

    async def tokens(self, **changes: str | None) -> dict[str, Any]:
        """Tokens of a fresh sign-in."""
        answer = await self.redeem(await self.code(**changes))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def userinfo(self, token: str) -> httpx.Response:
        """Ask who somebody is."""
        async with self.server() as server:
            return await server.get("/userinfo", headers={"Authorization": f"Bearer {token}"})


def said_in(answer: httpx.Response) -> dict[str, str]:
    """What a redirect tells the application, after a look at where it goes."""
    location = answer.headers["location"]
    assert answer.status_code == 303
    assert location.startswith(CALLBACK + "&"), location
    return {name: texts[0] for name, texts in parse_qs(urlsplit(location).query).items()}


async def allow(account: Account, client: Client, scope: str = EVERYTHING) -> None:
    """Let the account have agreed."""
    await Consent.update_or_create(
        {"scope": scope, "given_at": datetime.now(UTC)}, account=account, client=client
    )


async def make_world(settings: Settings, passwords: Passwords) -> World:
    """The world on an open database; close the browser after."""
    parts = parts_on(settings, passwords)
    identity = build_identity(parts)
    organisation = await Organisation.create(name="みなと商店街")
    account = await make_account(parts, organisation, password="")
    client, secret = await create_client("掲示板", [CALLBACK], post_logout_redirect_uris=[GOODBYE])
    await allow(account, client)
    world = World(parts, identity, account, client, secret, visitor(identity))
    await world.sign_in()
    return world


@pytest.fixture
async def world(database: Settings, passwords: Passwords) -> AsyncIterator[World]:
    made = await make_world(database, passwords)
    yield made
    await made.browser.aclose()


@pytest.fixture
async def any_world(any_database: Settings, passwords: Passwords) -> AsyncIterator[World]:
    made = await make_world(any_database, passwords)
    yield made
    await made.browser.aclose()
