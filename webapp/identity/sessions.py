"""Sign-ins at the provider: the cookie holds a random token, the row its hash (TRUST 17)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from starlette.responses import Response

from webapp.cookies import hand_over, take_back
from webapp.identity.models import Account, Session
from webapp.settings import Settings
from webapp.tokens import new_token, token_hash

COOKIE = "__Host-nigiwai-id"


async def start_session(
    account: Account, settings: Settings, at: datetime, address: str = "", browser: str = ""
) -> str:
    """Sign an account in; returns the token for the cookie. Every sign-in has a new one."""
    token = new_token()
    await Session.create(
        account=account,
        token_hash=token_hash(token),
        csrf_token=new_token(),
        sid=secrets.token_urlsafe(16),
        signed_in_at=at,
        expires_at=at + timedelta(hours=settings.session_hours),
        address=address[:45],
        browser=browser[:200],
    )
    return token


async def load_session(token: str, at: datetime) -> Session | None:
    """The living session of this token with its account and organisation, or None."""
    return await Session.get_or_none(
        token_hash=token_hash(token),
        expires_at__gt=at,
        account__organisation__suspended_at=None,
    ).select_related("account__organisation")


async def renew_session(session: Session) -> str:
    """Give a living sign-in a new token, for the cookie; the old one is refused from then on.

    Applications know it by ``sid``, which stays.
    """
    token = new_token()
    session.token_hash, session.csrf_token = token_hash(token), new_token()
    await session.save(update_fields=["token_hash", "csrf_token"])
    return token


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Hand the token to the browser."""
    hand_over(response, COOKIE, token, timedelta(hours=settings.session_hours))


def clear_cookie(response: Response) -> None:
    """Take the token back from the browser."""
    take_back(response, COOKIE)
