"""What both of our ASGI apps are made of: static files, and headers around everything."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.middleware import SecurityHeaders


class Assets(StaticFiles):
    """Static files; their addresses carry a hash of the content, so they never change."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one file, cacheable for a year when it was asked for by its hash."""
        hashed = scope.get("query_string", b"").startswith(b"v=")

        async def send_cacheable(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in {200, 304}:
                age = b"public, max-age=31536000, immutable" if hashed else b"no-cache"
                message["headers"].append((b"cache-control", age))
            await send(message)

        await super().__call__(scope, receive, send_cacheable)


class App(Starlette):
    """Starlette with the headers around all of it: its own answer to a crash has them too."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the headers outside of everything."""
        return SecurityHeaders(super().build_middleware_stack())
