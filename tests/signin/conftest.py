"""The people of these tests, and an app that signs in with somebody else's provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from tests.people import *  # noqa: F403 - fixtures
from tests.people import Person, visitor
from tests.signin.forger import Forger
from tests.signin.house import house  # noqa: F401 - a fixture
from tests.signin.servers import Foreign, browser, foreign_provider, free_port, serving
from webapp.app import build_app
from webapp.models import Organisation
from webapp.plugins import Engines
from webapp.services import Services, build_services
from webapp.settings import Settings
from webapp.signin import checks, provider
from webapp.signin.sessions import COOKIE

SECRET = "the secret of the app at a foreign provider"
PATIENCE = (provider.PATIENCE, checks.PATIENCE)


@dataclass
class Site:
    """The app, serving, and the provider that it signs in with."""

    app: Starlette
    origin: str
    provider: Foreign
    settings: Settings
    organisation: Organisation
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, **options: Any) -> httpx.AsyncClient:
        """A browser that is closed with the site."""
        self.browsers.append(browser(base_url=self.origin, **options))
        return self.browsers[-1]

    async def knows(self, sub: str, **claims: Any) -> None:
        """The provider knows somebody of our organisation; ``claims`` say more, or otherwise."""
        usual = {
            "name": sub.title(),
            "email": f"{sub}@nigiwai.test",
            "email_verified": True,
            "organisation": self.organisation.public_id,
            "role": "general",
        }
        await self.provider.knows(sub, **{**usual, **claims})

    async def sign_in(self, sub: str, **claims: Any) -> httpx.AsyncClient:
        """A browser in which somebody has signed in."""
        await self.knows(sub, **claims)
        person = self.browser()
        answer = await person.get("/cameras")
        assert answer.status_code == 200, answer.text
        assert person.cookies.get(COOKIE)
        return person


@dataclass
class Desk:
    """The app without a network between, and a provider that is told what to say."""

    app: Starlette
    forger: Forger
    organisation: Organisation

    async def begin(self, person: Person, next_page: str = "/cameras") -> str:
        """Leave for the provider, which learns the nonce; returns the state."""
        answer = await person.get("/sign-in", params={"next": next_page})
        assert answer.status_code == 302, answer.text
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        self.forger.nonce = asked["nonce"][0]
        return asked["state"][0]

    async def sign_in(self, person: Person, next_page: str = "/cameras") -> httpx.Response:
        """Leave and come back."""
        state = await self.begin(person, next_page)
        return await self.come_back(person, state)

    async def come_back(self, person: Person, state: str, **more: str) -> httpx.Response:
        """The callback."""
        return await person.get("/sign-in/callback", params={"code": "c", "state": state, **more})


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy for some seconds is no provider that does not answer."""
    for module in (provider, checks):
        monkeypatch.setattr(module, "PATIENCE", 15.0)


@pytest.fixture
def no_more_patience(_patience: None, monkeypatch: pytest.MonkeyPatch) -> float:
    """Only that of the app, for the tests of just that; how many seconds it is."""
    for module, seconds in zip((provider, checks), PATIENCE, strict=True):
        monkeypatch.setattr(module, "PATIENCE", seconds)
    assert PATIENCE == (3.0, 3.0)
    return PATIENCE[0]


@pytest.fixture
async def desk(services: Services, organisation: Organisation) -> AsyncIterator[Desk]:
    """The app on the test's own origin, and the pliable provider on a port of loopback."""
    port = free_port()
    forger = Forger(issuer=f"http://localhost:{port}")
    forger.person = {
        "sub": "alice",
        "name": "Alice",
        "email": "alice@nigiwai.test",
        "email_verified": True,
        "organisation": organisation.public_id,
        "role": "general",
    }
    settings = services.settings.model_copy(
        update={"oidc_issuer": forger.issuer, "oidc_client_secret": SecretStr(SECRET)}
    )
    async with serving(forger.app(), port):
        yield Desk(build_app(replace(services, settings=settings)), forger, organisation)
        forger.hurry.set()


@pytest.fixture
async def person(desk: Desk) -> AsyncIterator[Person]:
    """Somebody who has not signed in yet."""
    async with visitor(desk.app) as person:
        yield person


@pytest.fixture
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the foreign provider does otherwise in a test (by indirect parameters)."""
    given: dict[str, Any] = getattr(request, "param", {})
    return given


@pytest.fixture
async def site(
    database: Settings, engines: Engines, organisation: Organisation, options: dict[str, Any]
) -> AsyncIterator[Site]:
    """The app and a foreign provider, both serving on ports of localhost."""
    port = free_port()
    origin = f"http://localhost:{port}"
    client = {
        "client_id": "nigiwai",
        "client_secret": SECRET,
        "redirect_uris": [f"{origin}/sign-in/callback"],
        "post_logout_redirect_uris": [f"{origin}/signed-out"],
        "backchannel_logout_uri": f"{origin}/backchannel-logout",
        "backchannel_logout_session_required": True,
        "grant_types": ["authorization_code", "refresh_token"],
    }
    async with foreign_provider(client, **options) as provider:
        footage = database.data_dir / "footage"
        footage.mkdir(exist_ok=True)
        settings = database.model_copy(
            update={
                "origin": origin,
                "listen_port": port,
                "footage_dir": footage,
                "oidc_issuer": provider.issuer,
                "oidc_client_secret": SecretStr(SECRET),
            }
        )
        app = build_app(build_services(settings, engines))
        async with serving(app, port):
            site = Site(app, origin, provider, settings, organisation)
            yield site
            for client in site.browsers:
                await client.aclose()
