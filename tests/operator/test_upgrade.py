"""An installation that is older than the provider: its organisations come along."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tortoise.connection import get_connection
from tortoise.migrations.api.migrate import migrate as run_migrations

from webapp.database import (
    APP,
    close_database,
    connection_name,
    migrate,
    open_database,
    tortoise_config,
)
from webapp.errors import UserError
from webapp.identity import provisioning
from webapp.identity.models import Account
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.models import Organisation
from webapp.operator import members, organisations
from webapp.operator.office import Office, open_office
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
BEFORE = "core.0004_health"  # the last state of the app without a provider
OLD = """
INSERT INTO organisation (public_id, name, time_zone, language, created_at) VALUES
('minato', 'みなと商店街', 'Asia/Tokyo', 'ja', '2025-01-01 00:00:00+00:00'),
('yamate', 'やまて図書館', 'Asia/Tokyo', 'en', '2025-01-01 00:00:00+00:00')
"""


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation that was filled before there was a provider, upgraded once."""
    folder = tmp_path_factory.mktemp("upgraded")
    asyncio.run(_upgrade(Settings(data_dir=folder)))
    return folder


@pytest.fixture
async def office(settings: Settings, upgraded: Path) -> AsyncIterator[Office]:
    """The office of such an installation."""
    for file in ("nigiwai.db", "identity.db"):
        shutil.copy(upgraded / file, settings.data_dir / file)
    await open_database(settings)
    yield open_office(settings)
    await close_database()


async def _upgrade(settings: Settings) -> None:
    config = tortoise_config(settings)
    await run_migrations(config=config, app_labels=[APP], target=BEFORE)
    await open_database(settings, (APP,))
    try:
        await get_connection(connection_name(settings)).execute_script(OLD)
    finally:
        await close_database()
    await migrate(settings)


async def invite(office: Office, mail: str, organisation: str = "minato") -> None:
    await members.invite_member(
        office, AT, organisation=organisation, mail=mail, name="花子", role="admin"
    )


async def test_it_has_nobody_and_is_made_at_the_provider_by_the_first_invitation(
    office: Office,
) -> None:
    assert await members.list_members(office, AT, organisation="minato") == []
    assert [o["members"] for o in await organisations.list_organisations(office, AT)] == [0, 0]
    await invite(office, "a@example.jp")
    made = await IdentityOrganisation.get()
    assert (made.public_id, made.name, made.is_operator) == ("minato", "みなと商店街", False)
    assert made.created_at == datetime(2025, 1, 1, tzinfo=UTC)
    [listed] = await members.list_members(office, AT, organisation="minato")
    assert listed["mail"] == "a@example.jp"


async def test_two_at_once_make_it_once(office: Office) -> None:
    await asyncio.gather(*(invite(office, f"a{number}@example.jp") for number in range(5)))
    assert await IdentityOrganisation.all().count() == 1
    assert await Account.all().count() == 5


async def test_a_suspended_one_stays_so_until_it_is_resumed(office: Office) -> None:
    await organisations.suspend_organisation(office, AT, organisation="yamate")
    with pytest.raises(UserError) as caught:
        await invite(office, "a@example.jp", "yamate")
    assert caught.value.message == provisioning.SUSPENDED
    await organisations.resume_organisation(office, AT, organisation="yamate")
    await invite(office, "a@example.jp", "yamate")
    assert (await IdentityOrganisation.get()).suspended_at is None


async def test_it_is_suspended_and_renamed_though_the_provider_does_not_know_it(
    office: Office,
) -> None:
    await organisations.suspend_organisation(office, AT, organisation="minato")
    await Organisation.filter(public_id="minato").update(name="港", suspended_at=None)
    await organisations.rename_at_provider(office, await Organisation.get(public_id="minato"))
    assert not await IdentityOrganisation.exists()
    await invite(office, "a@example.jp")
    assert (await IdentityOrganisation.get()).name == "港"
