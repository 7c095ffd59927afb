"""Somebody at a browser in front of the real provider.

A test folder's ``conftest.py`` says ``from tests.identity.people import *``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.html import parsed
from webapp.identity.app import build_identity
from webapp.identity.models import Account, Event, Organisation, Outbox, Role, SecondFactor, Session
from webapp.identity.outbox import RESET_REQUESTED
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.sessions import COOKIE, start_session
from webapp.mail.letters import MAIL_SEND, Letter, unseal
from webapp.sealing import Sealer
from webapp.settings import Settings
from webapp.tokens import token_hash

__all__ = [
    "account",
    "identity",
    "organisation",
    "parts",
    "passwords",
    "someone",
    "stranger",
]

ORIGIN = "https://id.nigiwai.test"
APP_ORIGIN = "https://nigiwai.test"
SAME_ORIGIN = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
PASSWORD = "夜明けの 灯台 と 三毛猫"


class Visitor(httpx.AsyncClient):
    """Somebody at a browser; ``csrf`` is empty for whoever is not signed in."""

    csrf: str = ""

    def bring_cookie(self, token: str) -> None:
        """Come with this cookie instead of one's own."""
        self.cookies.set(COOKIE, token, domain="id.nigiwai.test")

    async def send_form(self, path: str, /, **fields: Any) -> httpx.Response:
        """Post a form of one of our pages."""
        return await self.post(path, data={"csrf": self.csrf, **fields})

    async def log_in(
        self, mail: str, password: str = PASSWORD, path: str = "/login"
    ) -> httpx.Response:
        """Send the login form; a sign-in brings its CSRF token for the forms to come."""
        response = await self.send_form(path, mail=mail, password=password)
        if COOKIE in self.cookies:
            session = await Session.get(token_hash=token_hash(self.cookies[COOKIE]))
            self.csrf = session.csrf_token
        return response


@pytest.fixture
def passwords() -> Passwords:
    """Cheap ones: what argon2 costs has a test of its own."""
    return Passwords(memory_kib=64, passes=1)


@pytest.fixture
def parts(database: Settings, passwords: Passwords) -> Parts:
    """The provider's parts on an open, empty database."""
    return parts_on(database, passwords)


def parts_on(settings: Settings, passwords: Passwords) -> Parts:
    """The provider's parts on that database."""
    settings = settings.model_copy(update={"origin": APP_ORIGIN, "identity_origin": ORIGIN})
    return Parts(settings, Sealer(settings.secret()), passwords=passwords)


@pytest.fixture
def identity(parts: Parts) -> Starlette:
    """The real provider."""
    return build_identity(parts)


@pytest.fixture
async def organisation(parts: Parts) -> Organisation:
    """Where Alice works."""
    return await Organisation.create(name="みなと商店街")


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    """Alice's account."""
    return await make_account(parts, organisation)


async def make_account(
    parts: Parts,
    organisation: Organisation,
    name: str = "Alice",
    password: str = PASSWORD,
    **fields: Any,
) -> Account:
    """An account whose password is known, and is all that a login takes."""
    hashed = await parts.passwords.hash(password) if password else ""
    values = {
        "mail": f"{name.lower()}@nigiwai.test",
        "role": Role.ADMIN,
        "second_factor": SecondFactor.OFF,
        **fields,
    }
    return await Account.create(
        organisation=organisation, name=name, password_hash=hashed, **values
    )


def visitor(identity: Starlette, address: str = "203.0.113.7", **options: Any) -> Visitor:
    """A client without a cookie. Errors inside the provider are answered, not raised."""
    transport = httpx.ASGITransport(identity, raise_app_exceptions=False, client=(address, 50000))
    return Visitor(transport=transport, base_url=ORIGIN, headers=SAME_ORIGIN, **options)


@pytest.fixture
async def stranger(identity: Starlette) -> AsyncIterator[Visitor]:
    """Somebody who is not signed in."""
    async with visitor(identity) as person:
        yield person


@pytest.fixture
async def someone(identity: Starlette, account: Account) -> AsyncIterator[Visitor]:
    """Alice, signed in by a session row."""
    async with visitor(identity, "198.51.100.4") as person:
        await sign_in(person, identity, account)
        yield person


async def sign_in(person: Visitor, identity: Starlette, account: Account) -> None:
    """Give the browser a session of the account."""
    settings = identity.state.parts.settings
    token = await start_session(account, settings, datetime.now(UTC))
    person.bring_cookie(token)
    person.csrf = (await Session.get(token_hash=token_hash(token))).csrf_token


async def letters(parts: Parts) -> list[Letter]:
    """The letters that wait to be sent, the oldest first."""
    rows = await Outbox.filter(kind=MAIL_SEND).order_by("id")
    return [unseal(row.payload, parts.sealer) for row in rows]


async def requests_for_reset() -> list[dict[str, Any]]:
    """The payloads of the requests that wait."""
    rows = await Outbox.filter(kind=RESET_REQUESTED).order_by("id")
    return [row.payload for row in rows]


async def kinds_of_events(account: Account) -> list[str]:
    """What happened to an account, the oldest first."""
    return [event.kind for event in await Event.filter(account=account).order_by("id")]


def path_of(url: str) -> str:
    """The path of an address at the provider."""
    assert url.startswith(ORIGIN + "/")
    return url.removeprefix(ORIGIN)


def said(response: httpx.Response) -> str:
    """What the page says, blanks run together."""
    return re.sub(r"\s+", " ", parsed(response).main.get_text(" ")).strip()  # type: ignore[union-attr]
