"""The simulator as an ASGI app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.cloud_simulator import api, pages
from webapp.cloud_simulator.footage import Footage
from webapp.cloud_simulator.protocol import Application, Server
from webapp.cloud_simulator.world import Cloud

# Where programs post, with a proof of their own; pages of the cloud itself post elsewhere.
BETWEEN_SERVERS = ("/oauth/token", "/oauth/revoke")
LARGEST = 16_384  # bytes of a posted form

View = Callable[..., Awaitable[object]]


def build_simulator(cloud: Cloud, application: Application, clip: Path, origin: str) -> Starlette:
    """Build the app: a cloud, the one application that may ask, and the footage."""
    app = Starlette(
        routes=[
            Route("/", pages.home),
            Route("/oauth/authorize", pages.consent),
            Route("/oauth/authorize", pages.decide, methods=["POST"]),
            Route("/oauth/token", api.token, methods=["POST"]),
            Route("/oauth/revoke", api.revoke, methods=["POST"]),
            Route("/api/v1/cameras", api.cameras),
            Route("/api/v1/cameras/{camera}/still", api.still),
            Route("/switches", pages.switches),
            Route("/switches", pages.switch, methods=["POST"]),
            Route("/withdraw", pages.withdraw, methods=["POST"]),
            Mount("/static", StaticFiles(directory=pages.FOLDER / "static")),
        ]
    )
    app.state.cloud = cloud
    app.state.server = Server(cloud, application)
    app.state.footage = Footage(clip)
    app.add_middleware(Manners, origin=origin)
    return app


class Manners:
    """Answers its own host alone, takes forms from its own pages alone, and small ones."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app = app
        self.origin = origin
        self.host = urlsplit(origin).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
                # Not "no-referrer": forms would then name no origin.
                headers["Referrer-Policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() != self.host:
            return PlainTextResponse("This host is not served here.", 400)
        if scope["method"] != "POST":
            return None
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            return PlainTextResponse("Too much.", 413)
        if scope["path"] in BETWEEN_SERVERS or headers.get("origin") == self.origin:
            return None
        return PlainTextResponse("This request did not come from our own page.", 403)
