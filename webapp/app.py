"""``build_app(services)``: the ASGI app. Importing this module does nothing."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.http import STATIC, error_page
from webapp.middleware import BodyLimit, HostCheck, SameOrigin, SecurityHeaders, SignedIn
from webapp.services import Services
from webapp.urls import UPLOAD_PATHS, routes


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


def build_app(services: Services) -> Starlette:
    """The app for these services. The database has to be open before it is served."""
    settings = services.settings
    # An uploaded picture may show people: it is not spooled to a folder of the system.
    MultiPartParser.spool_max_size = settings.max_upload_bytes + 1
    app = App(
        routes=[*routes(), Mount("/static", Assets(directory=STATIC), name="static")],
        middleware=[
            Middleware(HostCheck, settings),
            Middleware(GZipMiddleware, minimum_size=800),
            Middleware(BodyLimit, settings, UPLOAD_PATHS),
            Middleware(SameOrigin, settings),
            Middleware(SignedIn),
        ],
        exception_handlers={HTTPException: error_page, 500: error_page},
    )
    app.state.services = services
    return app
