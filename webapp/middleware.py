"""What every request passes on its way in and every answer on its way out.

All of it is plain ASGI, from the outside inwards: headers, host, size, origin, address. The
app and the identity provider share it; each adds its own session (``SignedIn``).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Network = IPv4Network | IPv6Network

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SMALL_BODY = 64 * 1024
# A multipart form with a picture has boundaries and other fields around it.
FORM_OVERHEAD = 64 * 1024

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


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

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app = app
        self.hosts = {urlsplit(origin).netloc.lower()}

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

    def __init__(
        self, app: ASGIApp, max_upload_bytes: int = 0, upload_paths: tuple[str, ...] = ()
    ) -> None:
        self.app = app
        self.upload = max_upload_bytes + FORM_OVERHEAD
        self.upload_paths = upload_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives and stop at the limit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        uploads = bool(self.upload_paths) and scope["path"].endswith(self.upload_paths)
        limit = self.upload if uploads else SMALL_BODY
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
    ``between_servers`` are paths that other programs post to, ``tokens_alone`` beginnings of
    such paths. They must not heed a cookie.
    """

    def __init__(
        self,
        app: ASGIApp,
        origin: str,
        between_servers: tuple[str, ...] = (),
        tokens_alone: tuple[str, ...] = (),
    ) -> None:
        self.app = app
        self.origin = origin
        self.between_servers = frozenset(between_servers)
        self.tokens_alone = tokens_alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to an unsafe method from elsewhere."""
        if (
            scope["type"] == "http"
            and scope["method"] not in SAFE_METHODS
            and scope["path"] not in self.between_servers
            and not scope["path"].startswith(self.tokens_alone)
        ):
            headers = Headers(scope=scope)
            site, origin = headers.get("sec-fetch-site"), headers.get("origin")
            same = site == "same-origin" if site else origin == self.origin
            if not same or (origin is not None and origin != self.origin):
                refusal = PlainTextResponse("This request did not come from our own page.", 403)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


class ClientAddress:
    """Puts the visitor's address into ``request.state.address`` (TRUST 22).

    X-Forwarded-For is believed only as far as it was written by ``trusted`` proxies: from the
    right, the first address that is none of them. Anybody else's header changes nothing.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network] = ()) -> None:
        self.app = app
        self.trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks."""
        if scope["type"] == "http":
            peer = scope["client"][0] if scope.get("client") else ""
            forwarded = Headers(scope=scope).getlist("x-forwarded-for")
            hops = [hop.strip() for line in forwarded for hop in line.split(",")]
            scope.setdefault("state", {})["address"] = self._address(peer, hops)
        await self.app(scope, receive, send)

    def _address(self, peer: str, hops: list[str]) -> str:
        address = peer
        while hops and self._is_trusted(address):
            hop = hops.pop()
            if not _is_address(hop):
                break
            address = hop
        return address

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(
            ip_address(address) in network for network in self.trusted
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
