"""``build_identity(parts)``: the provider's ASGI app. Importing this module does nothing."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from webapp.asgi import App, Assets
from webapp.identity.http import error_page
from webapp.identity.middleware import PlainForms, SignedIn
from webapp.identity.parts import Parts
from webapp.identity.urls import BETWEEN_SERVERS, routes
from webapp.middleware import BodyLimit, ClientAddress, HostCheck, SameOrigin
from webapp.templating import STATIC


def build_identity(parts: Parts) -> Starlette:
    """The provider for these parts. Its database has to be open before it is served."""
    settings = parts.settings
    origin = settings.identity_origin
    app = App(
        routes=[*routes(), Mount("/static", Assets(directory=STATIC), name="static")],
        middleware=[
            Middleware(HostCheck, origin),
            Middleware(GZipMiddleware, minimum_size=800),
            Middleware(BodyLimit),
            Middleware(PlainForms),
            Middleware(SameOrigin, origin, BETWEEN_SERVERS),
            Middleware(ClientAddress, settings.trusted_proxies),
            Middleware(SignedIn, ("/static/", *BETWEEN_SERVERS)),
        ],
        exception_handlers={HTTPException: error_page, 500: error_page},
    )
    app.state.parts = parts
    return app
