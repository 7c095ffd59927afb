"""Saving 組織設定: nobody's changes are overwritten unseen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import anyio.to_thread

from webapp import outbox
from webapp.audit.actions import Action
from webapp.audit.log import changed, values_of
from webapp.domain.logos import make_logo
from webapp.hours.opening import settle_cameras
from webapp.models import Organisation
from webapp.operator.office import Office
from webapp.operator.organisations import rename_at_provider
from webapp.organisations.forms import FIELDS, OrganisationForm, version_of
from webapp.services import Services

# Pages that were served just now still show the old logo.
_OLD_KEPT = timedelta(minutes=10)


class ChangedMeanwhile(Exception):
    """Somebody else changed the settings since the page was made; ``organisation`` is theirs."""

    def __init__(self, organisation: Organisation) -> None:
        super().__init__("changed meanwhile")
        self.organisation = organisation


async def store_logo(services: Services, organisation: Organisation, data: bytes) -> str:
    """Make a logo of an uploaded file and store it; returns its key.

    Raises ``PictureRefused`` and ``TemporaryFailure``. One that no row names is swept.
    """
    png = await anyio.to_thread.run_sync(make_logo, data)
    key = f"logos/{organisation.public_id}/{secrets.token_hex(16)}.png"
    await services.storage.put(key, png)
    return key


async def save_settings(
    office: Office, organisation_id: int, entered: OrganisationForm, logo: str | None, at: datetime
) -> Mapping[str, Any]:
    """Keep what was entered; returns what changed by it.

    ``logo`` is the key of a new one, empty for none, None to leave it as it is. Raises
    ``ChangedMeanwhile`` when the settings are not those that the page was made from.
    """
    async with office.transaction():
        organisation = await _locked(office, organisation_id)
        if version_of(organisation) != entered.version:
            raise ChangedMeanwhile(organisation)
        before = values_of(organisation, FIELDS)
        entered.fill(organisation)
        if logo is not None:
            organisation.logo = logo
        differs = changed(before, values_of(organisation, FIELDS), hidden=("logo",))
        if not differs:
            return {}
        await organisation.save(update_fields=FIELDS)
        if "time_zone" in differs:
            await settle_cameras(organisation, at)
        if "name" in differs:
            await rename_at_provider(office, organisation)
        if "logo" in differs and before["logo"]:
            await _retire_logo(organisation, before["logo"], at)
        await office.record(
            organisation,
            Action.ORGANISATION_CHANGED,
            at,
            target=organisation.public_id,
            target_name=organisation.name,
            changed=differs,
        )
    return differs


async def _locked(office: Office, organisation_id: int) -> Organisation:
    """The row, held until the transaction ends; SQLite has one writer at a time anyway."""
    rows = Organisation.filter(id=organisation_id)
    if not office.settings.is_sqlite:
        rows = rows.select_for_update()
    return await rows.get()


async def _retire_logo(organisation: Organisation, key: str, at: datetime) -> None:
    await outbox.write(
        organisation.id,
        outbox.PICTURES_DELETE,
        {"keys": [key], "prefixes": []},
        f"logo-gone:{key[-40:]}",
        at + _OLD_KEPT,
    )
