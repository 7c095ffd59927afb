"""The people every route is tried with: Alice, Bob, Charlie, Olivia, somebody from the street.

Alice is an admin (管理ユーザ) of an organisation, Bob a general member (一般ユーザ) of the
same one, Charlie the admin of another, Olivia an operator (事業者). Each is an httpx client
on the real app, signed in by a real session row. A test folder's ``conftest.py`` says
``from tests.people import *``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from starlette.applications import Starlette

from webapp.app import build_app
from webapp.models import Member, Organisation, Role, Session
from webapp.plugins import Engines, build_engines
from webapp.services import Services, build_services
from webapp.settings import Settings
from webapp.signin.sessions import COOKIE, start_session
from webapp.tokens import token_hash

__all__ = [
    "ORIGIN",
    "Person",
    "alice",
    "anonymous",
    "app",
    "bob",
    "charlie",
    "engines",
    "olivia",
    "operators",
    "organisation",
    "other_organisation",
    "services",
]

ORIGIN = "https://nigiwai.test"
# Where nobody listens: no test asks a provider that happens to run on this machine.
NO_PROVIDER = "http://localhost:1"

# What a browser of today says when one of our own pages sends a form.
SAME_ORIGIN = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


class Person(httpx.AsyncClient):
    """Somebody at a browser; ``member`` is None and ``csrf`` empty for a passer-by."""

    member: Member | None = None
    csrf: str = ""

    async def send_form(self, path: str, /, **fields: Any) -> httpx.Response:
        """Post a form of one of our pages, with the session's CSRF token."""
        return await self.post(path, data={"csrf": self.csrf, **fields})

    async def save(self, path: str, /, **fields: Any) -> httpx.Response:
        """Open the page of some settings, and post its form with the version that it carries."""
        page = BeautifulSoup((await self.get(path)).text, "html.parser")
        version = page.select_one("input[name=version]")
        assert version is not None, f"{path} carries no version"
        return await self.send_form(path, version=str(version["value"]), **fields)

    async def send_htmx(self, path: str, /, **fields: Any) -> httpx.Response:
        """Post a form as HTMX does."""
        return await self.post(
            path, data={"csrf": self.csrf, **fields}, headers={"HX-Request": "true"}
        )

    async def send_file(
        self, path: str, field: str, data: bytes, name: str = "picture.jpg", /, **fields: Any
    ) -> httpx.Response:
        """Post a form with one file in it."""
        return await self.post(
            path, data={"csrf": self.csrf, **fields}, files={field: (name, data)}
        )


@pytest.fixture(scope="session")
def engines() -> Engines:
    """The real engines, loaded once: their weights take longer than a test."""
    return build_engines(Settings())


@pytest.fixture
def services(database: Settings, engines: Engines) -> Services:
    """The real services on an open, empty database; footage lies in a folder of the test's own."""
    footage = database.data_dir / "footage"
    footage.mkdir(exist_ok=True)
    settings = database.model_copy(
        update={"origin": ORIGIN, "identity_origin": NO_PROVIDER, "footage_dir": footage}
    )
    return build_services(settings, engines)


@pytest.fixture
def app(services: Services) -> Starlette:
    """The real app."""
    return build_app(services)


@pytest.fixture
async def organisation(database: Settings) -> Organisation:
    """Where Alice and Bob work."""
    return await Organisation.create(name="みなと商店街")


@pytest.fixture
async def other_organisation(database: Settings) -> Organisation:
    """Where Charlie works."""
    return await Organisation.create(name="やまて図書館")


@pytest.fixture
async def operators(database: Settings) -> Organisation:
    """Where Olivia works: whoever runs the installation."""
    return await Organisation.create(name="にぎわい運営", is_operator=True)


def visitor(app: Starlette, **options: Any) -> Person:
    """A client without a cookie. Errors inside the app are answered, not raised."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return Person(transport=transport, base_url=ORIGIN, headers=SAME_ORIGIN, **options)


async def sign_in(app: Starlette, member: Member) -> Person:
    """A client with a session of the member."""
    settings = app.state.services.settings
    token = await start_session(member, settings, datetime.now(UTC))
    session = await Session.get(token_hash=token_hash(token))
    person = visitor(app)
    person.cookies.set(COOKIE, token)
    person.member = await Member.get(id=member.id).select_related("organisation")
    person.csrf = session.csrf_token
    return person


async def hire(organisation: Organisation, name: str, role: Role) -> Member:
    """A new member."""
    mail = f"{name.lower()}@nigiwai.test"
    return await Member.create(organisation=organisation, name=name, mail=mail, role=role)


@pytest.fixture
async def alice(app: Starlette, organisation: Organisation) -> AsyncIterator[Person]:
    """The admin."""
    async with await sign_in(app, await hire(organisation, "Alice", Role.ADMIN)) as person:
        yield person


@pytest.fixture
async def bob(app: Starlette, organisation: Organisation) -> AsyncIterator[Person]:
    """The general member of Alice's organisation."""
    async with await sign_in(app, await hire(organisation, "Bob", Role.GENERAL)) as person:
        yield person


@pytest.fixture
async def charlie(app: Starlette, other_organisation: Organisation) -> AsyncIterator[Person]:
    """The admin of another organisation."""
    async with await sign_in(app, await hire(other_organisation, "Charlie", Role.ADMIN)) as person:
        yield person


@pytest.fixture
async def olivia(app: Starlette, operators: Organisation) -> AsyncIterator[Person]:
    """The operator."""
    async with await sign_in(app, await hire(operators, "Olivia", Role.OPERATOR)) as person:
        yield person


@pytest.fixture
async def anonymous(app: Starlette) -> AsyncIterator[Person]:
    """Somebody who is not signed in."""
    async with visitor(app) as person:
        yield person
