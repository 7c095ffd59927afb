"""Codes and tokens in the database: found by their hashes, used once, revoked as a family.

All of it runs inside the transaction of a request. What may happen once is decided by a
conditional update, so that of any number at once one wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from webapp.identity.models import (
    AccessToken,
    AuthorizationCode,
    Client,
    RefreshToken,
    Session,
    TokenFamily,
)
from webapp.identity.oauth.holders import AccessGiven, Application, CodeGiven, Grant, RefreshGiven
from webapp.tokens import new_token, token_hash

CODE_LIVES = timedelta(seconds=60)
ACCESS_LIVES = timedelta(minutes=10)
REFRESH_LIVES = timedelta(days=30)

_LONGEST_CLIENT_ID = 48


async def find_application(client_id: str) -> Application | None:
    """The application of this id."""
    if not 0 < len(client_id) <= _LONGEST_CLIENT_ID or not client_id.isprintable():
        return None
    row = await Client.get_or_none(client_id=client_id)
    return Application(row) if row else None


async def new_code(
    session: Session, client: Client, scope: str, parameters: Mapping[str, str], at: datetime
) -> str:
    """Begin a family with a code for the parameters of an authorisation request."""
    family = await TokenFamily.create(
        client=client,
        account=session.account,
        sid=session.sid,
        scope=scope,
        auth_time=session.signed_in_at,
    )
    code = new_token()
    await AuthorizationCode.create(
        family=family,
        code_hash=token_hash(code),
        redirect_uri=parameters["redirect_uri"],
        code_challenge=parameters["code_challenge"],
        nonce=parameters.get("nonce", ""),
        expires_at=at + CODE_LIVES,
    )
    return code


async def find_code(code: str, application: Application, at: datetime) -> CodeGiven | None:
    """The code that this application may redeem. One that was used already revokes its family."""
    row = await AuthorizationCode.get_or_none(code_hash=token_hash(code)).select_related("family")
    if row is None:
        return None
    living = await _living_family(row, application, at)
    return None if living is None else CodeGiven(*living, row)


async def find_refresh_token(
    token: str, application: Application, at: datetime
) -> RefreshGiven | None:
    """The token that this application may use. One that was used already revokes its family."""
    row = await RefreshToken.get_or_none(token_hash=token_hash(token)).select_related("family")
    if row is None:
        return None
    living = await _living_family(row, application, at)
    return None if living is None else RefreshGiven(*living, row)


async def _living_family(
    row: AuthorizationCode | RefreshToken, application: Application, at: datetime
) -> tuple[TokenFamily, datetime] | None:
    """The family of what may be used once by this application, and when it is over.

    None when it may not be used; one that was used already revokes its family.
    """
    if row.family.client_id != application.row.id:
        return None
    if row.used_at is not None:
        await revoke(row.family, at)
        return None
    family = await _family(row.family_id)
    over_at = await _over_at(family, at)
    return None if over_at is None or row.expires_at <= at else (family, over_at)


async def find_access_token(token: str, at: datetime) -> AccessGiven | None:
    """The access token, if it is good for anything."""
    row = await AccessToken.get_or_none(
        token_hash=token_hash(token),
        expires_at__gt=at,
        family__revoked_at=None,
        family__account__organisation__suspended_at=None,
    )
    return AccessGiven(row, await _family(row.family_id)) if row else None


async def use_up(given: CodeGiven | RefreshGiven, at: datetime) -> bool:
    """Use a code or a refresh token, once. Whoever comes second revokes the family.

    It may have been found unused by both: the second waits here for the first, and is told.
    """
    model = type(given.row)
    if await model.filter(id=given.row.id, used_at=None).update(used_at=at):
        return True
    await revoke(given.family, at)
    return False


async def keep_tokens(grant: Grant, token: Mapping[str, Any], at: datetime) -> int:
    """Keep the hashes of new tokens; returns for how many seconds the access token is good."""
    over_at = min(at + ACCESS_LIVES, grant.over_at)
    await AccessToken.create(
        family=grant.family,
        token_hash=token_hash(token["access_token"]),
        scope=token["scope"],
        expires_at=over_at,
    )
    if "refresh_token" in token:
        await RefreshToken.create(
            family=grant.family,
            token_hash=token_hash(token["refresh_token"]),
            expires_at=min(at + REFRESH_LIVES, grant.over_at),
        )
    return int((over_at - at).total_seconds())


async def revoke(family: TokenFamily, at: datetime) -> None:
    """Revoke everything that came of one authorisation."""
    await TokenFamily.filter(id=family.id, revoked_at=None).update(revoked_at=at)


async def revoke_token(token: str, application: Application, at: datetime) -> None:
    """Revoke a token at its own application's wish: a refresh token with all that came of it."""
    wanted = {"token_hash": token_hash(token), "family__client_id": application.row.id}
    refresh = await RefreshToken.get_or_none(**wanted).select_related("family")
    if refresh is not None:
        await revoke(refresh.family, at)
    access = await AccessToken.get_or_none(**wanted)
    if access is not None:
        await access.delete()


async def _family(family_id: int) -> TokenFamily:
    """The family with everybody it names.

    Asked for by itself: along with a token, the names of the columns would be longer than
    the 63 letters that PostgreSQL heeds.
    """
    return await TokenFamily.get(id=family_id).select_related("client", "account__organisation")


async def _over_at(family: TokenFamily, at: datetime) -> datetime | None:
    """When the sign-in of a family is over, or None when it is already."""
    if family.revoked_at is not None or family.account.organisation.suspended_at is not None:
        return None
    session = await Session.get_or_none(
        account_id=family.account_id, sid=family.sid, expires_at__gt=at
    )
    return session.expires_at if session else None
