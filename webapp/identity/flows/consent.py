"""許可: keeping what somebody lets an application read."""

from __future__ import annotations

from datetime import datetime

from webapp.database import IDENTITY, transaction
from webapp.identity.models import Account, Client, Consent
from webapp.identity.oauth.claims import scopes_of


async def allow(account: Account, client: Client, scope: str, at: datetime) -> None:
    """Let the application read what the scope says, beside what it may read already."""
    async with transaction(IDENTITY):
        before = await Consent.get_or_none(account=account, client=client)
        allowed = scopes_of(f"{before.scope if before else ''} {scope}")
        consent = Consent(account=account, client=client, scope=" ".join(allowed), given_at=at)
        await Consent.bulk_create(
            [consent], on_conflict=["account_id", "client_id"], update_fields=["scope", "given_at"]
        )
