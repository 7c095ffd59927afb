"""Sessions in the database: the cookie holds a random token, the row its hash (TRUST 17)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from webapp.models import Member, Session
from webapp.settings import Settings

COOKIE = "__Host-nigiwai"


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def start_session(member: Member, settings: Settings, at: datetime) -> str:
    """Sign a member in; returns the token for the cookie. Every sign-in has a new one."""
    token = secrets.token_urlsafe(32)
    await Session.create(
        organisation_id=member.organisation_id,
        member=member,
        token_hash=token_hash(token),
        csrf_token=secrets.token_urlsafe(24),
        expires_at=at + timedelta(hours=settings.session_hours),
    )
    return token


async def load_session(token: str) -> Session | None:
    """The living session of this token with its member and organisation, or None."""
    return await Session.get_or_none(
        token_hash=token_hash(token), expires_at__gt=datetime.now(UTC)
    ).select_related("member", "member__organisation")


async def end_session(session: Session) -> None:
    """Sign out: the token is worthless from now on."""
    await session.delete()


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Hand the token to the browser."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response) -> None:
    """Take the token back from the browser."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
