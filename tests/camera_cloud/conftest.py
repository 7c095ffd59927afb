"""An app that knows a camera cloud, and the cloud."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cloud_server import OWNER, Simulated, cloud_settings, free_port, parameters, simulated
from tests.people import *  # noqa: F403 - fixtures
from tests.people import NO_PROVIDER, ORIGIN
from webapp.camera_cloud import consents
from webapp.camera_cloud.cloud import CameraCloud
from webapp.database import transaction
from webapp.models import CloudConsent, Organisation
from webapp.plugins import Engines
from webapp.services import Services, build_services
from webapp.settings import Settings


@pytest.fixture
def services(database: Settings, engines: Engines) -> Services:
    known = {"origin": ORIGIN, "identity_origin": NO_PROVIDER}
    settings = cloud_settings(database.model_copy(update=known), f"http://localhost:{free_port()}")
    return build_services(settings, engines)


@pytest.fixture
def cloud(services: Services) -> CameraCloud:
    assert services.camera_cloud is not None
    return services.camera_cloud


@pytest.fixture
async def there(services: Services) -> AsyncIterator[Simulated]:
    """The cloud, with its strictest rule: a refresh token is good for once."""
    async with simulated(services.settings, forgiven=timedelta(0)) as state:
        yield state


async def give_consent(
    cloud: CameraCloud, there: Simulated, organisation: Organisation, owner: str = OWNER
) -> CloudConsent:
    """A consent as it comes about: the owner says yes, the code is redeemed."""
    way = cloud.client.way_to_consent("state", "v" * 43, cloud.callback, "ja")
    code = parameters(await there.consent(way, owner))["code"]
    at = datetime.now(UTC)
    tokens = await cloud.client.redeem(code, "v" * 43, cloud.callback, at, 30)
    owners = await cloud.client.cameras(tokens.access, 30)
    async with transaction():
        return await consents.keep(cloud, organisation.id, owners, tokens, at, "Alice")


@pytest.fixture
async def consent(cloud: CameraCloud, there: Simulated, organisation: Organisation) -> CloudConsent:
    return await give_consent(cloud, there, organisation)


@pytest.fixture
async def cloud_on_postgres(
    postgres: Settings, engines: Engines
) -> AsyncIterator[tuple[CameraCloud, CloudConsent, Simulated]]:
    """The same on PostgreSQL."""
    known = {"origin": ORIGIN, "identity_origin": NO_PROVIDER}
    settings = cloud_settings(postgres.model_copy(update=known), f"http://localhost:{free_port()}")
    cloud = build_services(settings, engines).camera_cloud
    assert cloud is not None
    organisation = await Organisation.create(name="みなと商店街")
    async with simulated(settings, forgiven=timedelta(0)) as there:
        yield cloud, await give_consent(cloud, there, organisation), there
