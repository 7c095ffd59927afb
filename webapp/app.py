"""``build_app(services)``: the ASGI app. Importing this module does nothing."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from webapp.asgi import App, Assets
from webapp.http import error_page
from webapp.middleware import BodyLimit, ClientAddress, HostCheck, SameOrigin
from webapp.services import Services
from webapp.signin.middleware import SignedIn
from webapp.templating import STATIC
from webapp.urls import BETWEEN_SERVERS, TOKENS_ALONE, UPLOAD_PATHS, pages, routes


def build_app(services: Services) -> Starlette:
    """The app for these services. The database has to be open before it is served."""
    settings = services.settings
    # An uploaded picture may show people: it is not spooled to a folder of the system.
    MultiPartParser.spool_max_size = settings.max_upload_bytes + 1
    app = App(
        routes=[*routes(), Mount("/static", Assets(directory=STATIC), name="static")],
        middleware=[
            Middleware(HostCheck, settings.origin),
            Middleware(GZipMiddleware, minimum_size=800),
            Middleware(BodyLimit, settings.max_upload_bytes, UPLOAD_PATHS),
            Middleware(SameOrigin, settings.origin, BETWEEN_SERVERS, TOKENS_ALONE),
            Middleware(ClientAddress, settings.trusted_proxies),
            Middleware(SignedIn),
        ],
        exception_handlers={HTTPException: error_page, 500: error_page},
    )
    app.state.services = services
    app.state.pages = pages()
    return app
