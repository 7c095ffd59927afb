"""One-time sign-in links: the operator's emergency door."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.models import LoginLink, Member
from webapp.settings import Settings
from webapp.tokens import new_token, token_hash


async def create(settings: Settings, member: Member, at: datetime) -> str:
    """Make a link that signs the member in once, within ``settings.login_link_minutes``.

    The address begins with the configured origin. Only the hash of its token is kept.
    """
    token = new_token()
    await LoginLink.create(
        organisation_id=member.organisation_id,
        member=member,
        token_hash=token_hash(token),
        expires_at=at + timedelta(minutes=settings.login_link_minutes),
        created_at=at,
    )
    return f"{settings.origin}/login-link/{token}"


async def redeem(token: str, at: datetime) -> Member | None:
    """Use the link up and return its member with the organisation; None when it is no good.

    The conditional update chooses the one winner among requests that come at once.
    """
    link = LoginLink.filter(token_hash=token_hash(token))
    if await link.filter(used_at__isnull=True, expires_at__gt=at).update(used_at=at) != 1:
        return None
    found = await link.get().select_related("member", "member__organisation")
    return found.member
