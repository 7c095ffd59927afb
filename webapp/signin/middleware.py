"""The session of a request."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.database import shared_now
from webapp.models import Session
from webapp.signin.checks import NotKnown, still_good
from webapp.signin.provider import provider_of
from webapp.signin.sessions import COOKIE, load_session

# What anybody may have: no session is looked up, and a cookie that came along says nothing.
_NEVER_SIGNED_IN = (
    *("/static/", "/healthz", "/metrics", "/p/", "/e/", "/s/", "/pictures/", "/api/"),
    "/backchannel-logout",
)
# Whoever leaves may do so without a word of the provider.
_LEAVING = "/sign-out"


class SignedIn:
    """Puts the session into ``request.state`` (or None), by one query and only with a cookie.

    On PostgreSQL another one tells the time. ``not_known`` says that there is a session of
    which nobody can tell at the moment whether it holds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load the session of the cookie."""
        if scope["type"] == "http" and not scope["path"].startswith(_NEVER_SIGNED_IN):
            connection = HTTPConnection(scope)
            connection.state.session = None
            try:
                connection.state.session = await _session_of(connection)
            except NotKnown:
                connection.state.not_known = True
        await self.app(scope, receive, send)


async def _session_of(connection: HTTPConnection) -> Session | None:
    """The session of the cookie, when it still holds by the provider."""
    token = connection.cookies.get(COOKIE, "")
    if not token:
        return None
    session = await load_session(token, datetime.now(UTC))
    if session is None or connection.scope["path"] == _LEAVING:
        return session
    provider, at = provider_of(connection), await shared_now()
    if session.sealed_tokens:
        await provider.meet(at)
    return await still_good(session, provider, at)
