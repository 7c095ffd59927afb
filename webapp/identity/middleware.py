"""The session of a request to the provider, and the only kind of form that it takes."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.identity.sessions import COOKIE, load_session

_FORM = "application/x-www-form-urlencoded"


class SignedIn:
    """Puts the session into ``request.state`` (or None), by one query and only with a cookie.

    ``without`` are paths at which a cookie says nothing.
    """

    def __init__(self, app: ASGIApp, without: tuple[str, ...] = ()) -> None:
        self.app = app
        self.without = without

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load the session of the cookie."""
        if scope["type"] == "http" and not scope["path"].startswith(self.without):
            connection = HTTPConnection(scope)
            token = connection.cookies.get(COOKIE, "")
            connection.state.session = (
                await load_session(token, datetime.now(UTC)) if token else None
            )
        await self.app(scope, receive, send)


class PlainForms:
    """Refuses every body but a plain form, which is what our pages and OAuth send.

    The others name a charset of their own, and some of those hold halves of characters, which
    no database and no hash takes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at what the body is said to be."""
        if scope["type"] == "http":
            kind = Headers(scope=scope).get("content-type", _FORM)
            if kind.partition(";")[0].strip().lower() != _FORM:
                await PlainTextResponse("Unsupported Media Type", 415)(scope, receive, send)
                return
        await self.app(scope, receive, send)
