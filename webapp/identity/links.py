"""One-time links: looking at one changes nothing, redeeming it works once (TRUST 17, 21)."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.identity.models import Account, LinkPurpose, OneTimeLink
from webapp.settings import Settings
from webapp.tokens import new_token, token_hash

LIVES = {
    LinkPurpose.RESET: timedelta(hours=1),
    LinkPurpose.FIRST_PASSWORD: timedelta(hours=72),
}


async def create_link(
    account: Account, purpose: LinkPurpose, settings: Settings, at: datetime
) -> str:
    """Make a link and return its address; earlier ones for the same purpose are void."""
    await OneTimeLink.filter(account=account, purpose=purpose, used_at=None).delete()
    token = new_token()
    await OneTimeLink.create(
        account=account,
        purpose=purpose,
        token_hash=token_hash(token),
        created_at=at,
        expires_at=at + LIVES[purpose],
    )
    return f"{settings.identity_origin}/password/{token}"


async def find_link(token: str, at: datetime) -> OneTimeLink | None:
    """The link, with its account and organisation, if it is still good."""
    return await OneTimeLink.get_or_none(
        token_hash=token_hash(token), used_at=None, expires_at__gt=at
    ).select_related("account__organisation")


async def was_invitation(token: str) -> bool:
    """Whether this was a link for the first password, as long as the link is remembered."""
    return await OneTimeLink.exists(
        token_hash=token_hash(token), purpose=LinkPurpose.FIRST_PASSWORD, used_at=None
    )


async def redeem_link(link: OneTimeLink, at: datetime) -> bool:
    """Use the link up; False when somebody else was quicker. Inside a transaction."""
    used = await OneTimeLink.filter(id=link.id, used_at=None, expires_at__gt=at).update(used_at=at)
    return used == 1
