"""The app and our own provider, both serving on ports of localhost, as `make run` has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from jobs.identity_keeper import IdentityKeeper
from tests.html import one
from tests.identity.people import PASSWORD, make_account
from tests.signin.servers import browser, free_port, serving
from webapp.app import build_app
from webapp.identity.app import build_identity
from webapp.identity.models import Account
from webapp.identity.models import Organisation as Customer
from webapp.identity.oauth.clients import ensure_own_client
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.models import Organisation
from webapp.plugins import Engines
from webapp.sealing import Sealer
from webapp.services import build_services
from webapp.settings import Settings


@dataclass
class House:
    """Both apps on ports of localhost, and Alice's account."""

    settings: Settings
    parts: Parts
    account: Account
    bell: asyncio.Event
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self) -> httpx.AsyncClient:
        """A browser that is closed with the house."""
        self.browsers.append(browser(base_url=self.settings.origin))
        return self.browsers[-1]

    async def log_in(self, person: httpx.AsyncClient, path: str = "/cameras") -> httpx.Response:
        """Ask for a page of the app, log in at the provider, and allow what it asks."""
        form = await person.get(path)
        assert str(form.url).startswith(f"{self.settings.identity_origin}/login"), form.url
        fields = {"mail": self.account.mail, "password": PASSWORD}
        answer = await self.send(person, form, **fields)
        if "/consent" in str(answer.url):
            answer = await self.send(person, answer, answer="allow")
        return answer

    async def send(
        self, person: httpx.AsyncClient, page: httpx.Response, /, **fields: str
    ) -> httpx.Response:
        """Send the form of a page of the provider, as a browser does."""
        csrf = one(page, "main form input[name=csrf]")["value"]
        headers = {"Origin": self.settings.identity_origin, "Sec-Fetch-Site": "same-origin"}
        return await person.post(str(page.url), data={"csrf": csrf, **fields}, headers=headers)

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """With somebody who empties the provider's outbox."""
        keeper = IdentityKeeper(self.parts, self.bell)
        running = asyncio.create_task(keeper.run())
        try:
            yield
        finally:
            keeper.stop.set()
            await running


@pytest.fixture
async def house(
    database: Settings, engines: Engines, organisation: Organisation
) -> AsyncIterator[House]:
    ports = free_port(), free_port()
    settings = database.model_copy(
        update={
            "origin": f"http://localhost:{ports[0]}",
            "identity_origin": f"http://localhost:{ports[1]}",
            "footage_dir": None,
        }
    )
    bell = asyncio.Event()
    cheap = Passwords(memory_kib=64, passes=1)
    parts = Parts(settings, Sealer(settings.secret()), wake=bell.set, passwords=cheap)
    await ensure_own_client(parts)
    customer = await Customer.create(public_id=organisation.public_id, name=organisation.name)
    account = await make_account(parts, customer)
    app = build_app(build_services(settings, engines))
    async with serving(app, ports[0]), serving(build_identity(parts), ports[1]):
        house = House(settings, parts, account, bell)
        yield house
        for client in house.browsers:
            await client.aclose()
