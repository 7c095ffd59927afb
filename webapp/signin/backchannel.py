"""The provider says that a sign-in is over (OpenID Connect Back-Channel Logout 1.0).

Programs call this: it heeds no cookie, and the proof is the provider's signature. Hearing
the same token again ends nothing more, so that replaying it is harmless.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeGuard

import structlog
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.form_fields import text_field
from webapp.models import Session
from webapp.signin.claims import is_name
from webapp.signin.provider import Provider, ProviderUnreachable, SignInOver, provider_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"
SKEW = 120  # seconds by which clocks may differ

log = structlog.get_logger()


class NotALogout(Exception):
    """The token is not the provider's word that a sign-in of ours is over."""


async def backchannel_logout(request: Request) -> Response:
    """End the sessions that the logout token names."""
    at = datetime.now(UTC)
    provider = provider_of(request)
    form = await request.form(max_files=0, max_fields=5)
    try:
        claims = await _read(text_field(form, "logout_token"), provider, at)
    except (NotALogout, JoseError, ValueError) as error:
        log.warning("signin.logout_refused", error=str(error) or type(error).__name__)
        return _answer(400, {"error": "invalid_request", "error_description": str(error)})
    except (ProviderUnreachable, SignInOver) as error:
        # It called us, yet its keys cannot be had: it may well try again.
        log.warning("signin.provider_unreachable", error=str(error))
        return _answer(503, {"error": "temporarily_unavailable"})
    ended = await _end(claims)
    log.info("signin.logout", sessions=ended)
    return _answer(200, {})


async def _read(token: str, provider: Provider, at: datetime) -> dict[str, Any]:
    """The claims of a logout token, every one of them checked."""
    if token.count(".") != 2:
        raise NotALogout("There is no logout token.")
    header, claims = await provider.verify(token, at)
    now = at.timestamp()
    audience = claims.get("aud")
    events = claims.get("events")
    issued, expires = claims.get("iat"), claims.get("exp")
    reasons = {
        "typ": str(header.get("typ", "JWT")).lower() not in {"logout+jwt", "jwt"},
        "iss": claims.get("iss") != await provider.issuer(at),
        "aud": provider.settings.oidc_client_id
        not in (audience if isinstance(audience, list) else [audience]),
        "iat": not _is_time(issued) or abs(now - issued) > SKEW,
        "exp": expires is not None and (not _is_time(expires) or now > expires + SKEW),
        "events": not isinstance(events, dict) or not isinstance(events.get(EVENT), dict),
        "nonce": "nonce" in claims,
        "sub": not _is_name(claims.get("sub", "x")),
        "sid": not _is_name(claims.get("sid", "x")),
        "sub or sid": not {"sub", "sid"} & set(claims),
    }
    wrong = [name for name, is_wrong in reasons.items() if is_wrong]
    if wrong:
        raise NotALogout(f"The logout token is not good: {', '.join(wrong)}.")
    return claims


async def _end(claims: dict[str, Any]) -> int:
    """End one sign-in by its ``sid``, or all of a person."""
    sessions = Session.filter(member__issuer=claims["iss"])
    if "sid" in claims:
        sessions = sessions.filter(sid=claims["sid"])
    if "sub" in claims:
        sessions = sessions.filter(member__subject=claims["sub"])
    found = await sessions.values_list("id", flat=True)
    return await Session.filter(id__in=found).delete()


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and is_name(value)


def _answer(status: int, content: dict[str, str]) -> Response:
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})
