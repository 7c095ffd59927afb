"""Sessions in the database: the cookie holds a random token, the row its hash (TRUST 17)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from starlette.responses import Response

from webapp.cookies import hand_over, take_back
from webapp.models import Member, Session
from webapp.settings import Settings
from webapp.tokens import new_token, token_hash

COOKIE = "__Host-nigiwai"


async def start_session(
    member: Member, settings: Settings, at: datetime, *, sid: str = "", sealed_tokens: str = ""
) -> str:
    """Sign a member in; returns the token for the cookie. Every sign-in has a new one.

    ``sid`` and ``sealed_tokens`` are the provider's; the operator's link has none.
    """
    token = new_token()
    await Session.create(
        organisation_id=member.organisation_id,
        member=member,
        token_hash=token_hash(token),
        csrf_token=secrets.token_urlsafe(24),
        sid=sid,
        sealed_tokens=sealed_tokens,
        checked_at=at if sealed_tokens else None,
        expires_at=at + timedelta(hours=settings.session_hours),
    )
    return token


async def load_session(token: str, at: datetime) -> Session | None:
    """The living session of this token with its member and organisation, or None."""
    return await Session.get_or_none(
        token_hash=token_hash(token),
        expires_at__gt=at,
        member__organisation__suspended_at=None,
    ).select_related("member__organisation")


async def end_session(session: Session) -> None:
    """Sign out: the token is worthless from now on."""
    await session.delete()


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Hand the token to the browser."""
    hand_over(response, COOKIE, token, timedelta(hours=settings.session_hours))


def clear_cookie(response: Response) -> None:
    """Take the token back from the browser."""
    take_back(response, COOKIE)
