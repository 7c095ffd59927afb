"""The applications that sign people in at our provider, and the keys that sign for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from webapp.audit.actions import Action
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.models import Client
from webapp.identity.oauth import clients, keys
from webapp.operator.office import Office
from webapp.operator.organisations import operators

OWN_CLIENT = N_("%(client)s はNigiwai自身のアプリケーションです。設定から自動で登録されます。")


async def list_clients(office: Office, _at: datetime) -> list[dict[str, Any]]:
    """Every application, the oldest first."""
    office.need_accounts()
    return [_shown(client) for client in await clients.list_clients()]


async def add_client(
    office: Office,
    at: datetime,
    *,
    name: str,
    redirect_uris: Sequence[str],
    post_logout_redirect_uris: Sequence[str] = (),
    backchannel_logout_uri: str = "",
    is_public: bool = False,
) -> dict[str, Any]:
    """Register an application; its secret is in this answer and nowhere else."""
    office.need_accounts()
    log = await operators(office, at)
    async with office.transaction():
        client, secret = await clients.create_client(
            name,
            redirect_uris,
            post_logout_redirect_uris=post_logout_redirect_uris,
            backchannel_logout_uri=backchannel_logout_uri,
            is_public=is_public,
        )
        await office.record(log, Action.CLIENT_ADDED, at, **_target(client))
    return {**_shown(client), "secret": secret}


async def remove_client(office: Office, at: datetime, *, client: str) -> dict[str, Any]:
    """Remove an application: nobody signs in to it any more."""
    found, log = await _find(office, at, client)
    async with office.transaction():
        await clients.remove_client(found.client_id)
        await office.record(log, Action.CLIENT_REMOVED, at, **_target(found))
    return _shown(found)


async def renew_secret(office: Office, at: datetime, *, client: str) -> dict[str, Any]:
    """Give an application another secret; the old one is void at once."""
    found, log = await _find(office, at, client)
    async with office.transaction():
        secret = await clients.new_secret(found.client_id)
        await office.record(log, Action.CLIENT_SECRET_MADE, at, **_target(found))
    return {**_shown(found), "secret": secret}


async def rotate_signing_keys(office: Office, at: datetime) -> dict[str, Any]:
    """Publish a new signing key, which signs once every application has read of it."""
    office.need_accounts()
    log = await operators(office, at)
    # Making a key takes half a second: nobody has to wait for it in a transaction of the app.
    kid = await keys.rotate_keys(office.parts, at)
    await office.record(log, Action.KEYS_ROTATED, at, target_name=kid)
    signs_from = at + keys.PUBLISHED_AHEAD
    return {"kid": kid, "signs_from": signs_from.isoformat()}


async def _find(office: Office, at: datetime, client_id: str) -> tuple[Client, Any]:
    office.need_accounts()
    found = await clients.find_client(client_id)
    if client_id == office.settings.oidc_client_id:
        raise UserError(OWN_CLIENT, client=client_id)
    return found, await operators(office, at)


def _target(client: Client) -> dict[str, str]:
    return {"target": client.client_id[:40], "target_name": client.name}


def _shown(client: Client) -> dict[str, Any]:
    return {
        "client": client.client_id,
        "name": client.name,
        "redirect_uris": client.redirect_uris,
        "is_public": not client.secret_hash,
    }
