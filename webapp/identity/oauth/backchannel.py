"""Telling an application that a sign-in is over (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
from joserfc import jwt

from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.identity.models import Client
from webapp.identity.oauth.keys import ALGORITHM, signing_key
from webapp.identity.parts import Parts

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LIVES = timedelta(minutes=2)
_PATIENCE = 5.0  # seconds
_TRY_AGAIN = frozenset({408, 425, 429})


async def tell_client(parts: Parts, payload: Mapping[str, Any]) -> None:
    """Send a logout token to the application named in the payload.

    Raises ``TemporaryFailure`` when it cannot be reached, ``PermanentFailure`` when it will
    not hear. One that was removed meanwhile, or wants to hear nothing, is left in peace.
    """
    client = await Client.get_or_none(client_id=payload["client"])
    if client is None or not client.backchannel_logout_uri:
        return
    token = await logout_token(parts, payload, datetime.now(UTC))
    status = await _post(client.backchannel_logout_uri, token)
    if status >= 500 or status in _TRY_AGAIN:
        raise TemporaryFailure(f"{client.client_id} answered a logout with {status}.")
    if status >= 300:
        raise PermanentFailure(f"{client.client_id} refused a logout with {status}.")


async def logout_token(parts: Parts, payload: Mapping[str, Any], at: datetime) -> str:
    """Build the logout token: signed, short-lived, and no id_token in disguise."""
    key = await signing_key(parts, at)
    header = {"alg": ALGORITHM, "kid": str(key.kid), "typ": "logout+jwt"}
    claims = {
        "iss": parts.settings.identity_origin,
        "aud": payload["client"],
        "iat": int(at.timestamp()),
        "exp": int((at + _LIVES).timestamp()),
        "jti": secrets.token_urlsafe(16),
        "events": {_EVENT: {}},
        "sub": payload["sub"],
        "sid": payload["sid"],
    }
    return jwt.encode(header, claims, key, [ALGORITHM])


async def _post(address: str, token: str) -> int:
    """The status of the answer; what else the application says does not matter."""
    try:
        async with (
            asyncio.timeout(_PATIENCE),
            httpx.AsyncClient(timeout=_PATIENCE, trust_env=False, verify=_trusted()) as http,
            http.stream("POST", address, data={"logout_token": token}) as answer,
        ):
            return answer.status_code
    except (httpx.HTTPError, TimeoutError) as error:
        raise TemporaryFailure(f"A logout was not heard: {type(error).__name__}.") from None


@cache
def _trusted() -> ssl.SSLContext:
    # Reading the certificates takes 20 ms, and logouts come by the hundred.
    return httpx.create_ssl_context(trust_env=False)
