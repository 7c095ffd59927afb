"""What every request passes on its way in and every answer on its way out.

All of it is plain ASGI, from the outside inwards: headers, host, size, origin, session.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.settings import Settings
from webapp.signin.sessions import COOKIE, load_session

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SMALL_BODY = 64 * 1024
# A multipart form with a picture has boundaries and other fields around it.
FORM_OVERHEAD = 64 * 1024

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


# What anybody may have: no session is looked up, and a cookie that came along says nothing.
_NEVER_SIGNED_IN = ("/static/", "/healthz", "/metrics", "/p/", "/pictures/")


class SecurityHeaders:
    """Headers of every response. A route may set its own Content-Security-Policy before."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the answer of the app inside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
                headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class HostCheck:
    """Only the configured origin's host is answered: links are never built from the header."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.hosts = {urlsplit(settings.origin).netloc.lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 to any other host."""
        if scope["type"] in {"http", "websocket"}:
            host = Headers(scope=scope).get("host", "").lower()
            if host not in self.hosts:
                refusal = PlainTextResponse("This host is not served here.", 400)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses a body over the limit by its announced and by its real size (TRUST 26)."""

    def __init__(self, app: ASGIApp, settings: Settings, upload_paths: tuple[str, ...]) -> None:
        self.app = app
        self.upload = settings.max_upload_bytes + FORM_OVERHEAD
        self.upload_paths = upload_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives and stop at the limit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.upload if scope["path"].endswith(self.upload_paths) else SMALL_BODY
        announced = Headers(scope=scope).get("content-length", "0")
        received = int(announced) if announced.isdigit() else limit + 1
        if received <= limit:
            received = 0

        async def limited() -> Message:
            nonlocal received
            if received <= limit:
                message = await receive()
                received += len(message.get("body", b""))
            if received > limit:
                # Raised where the view reads its form, so that a page of ours answers.
                raise HTTPException(413)
            return message

        await self.app(scope, limited, send)


class SameOrigin:
    """Unsafe methods are taken from our own pages only (TRUST 24).

    Every browser of today sends Sec-Fetch-Site; an older one at least sends Origin.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.origin = settings.origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to an unsafe method from elsewhere."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            headers = Headers(scope=scope)
            site, origin = headers.get("sec-fetch-site"), headers.get("origin")
            same = site == "same-origin" if site else origin == self.origin
            if not same or (origin is not None and origin != self.origin):
                refusal = PlainTextResponse("This request did not come from our own page.", 403)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


class SignedIn:
    """Puts the session into ``request.state`` (or None), by one query and only with a cookie."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load the session of the cookie."""
        if scope["type"] == "http" and not scope["path"].startswith(_NEVER_SIGNED_IN):
            connection = HTTPConnection(scope)
            token = connection.cookies.get(COOKIE, "")
            connection.state.session = await load_session(token) if token else None
        await self.app(scope, receive, send)
