"""The views of the protocol, for ``webapp/identity/urls.py``."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.identity.oauth.authorize import authorize
from webapp.identity.oauth.endpoints import Revocation, UserInfo
from webapp.identity.oauth.grants import provider_with_grants
from webapp.identity.oauth.keys import LIST_KEPT, published_keys
from webapp.identity.oauth.logout import confirm_logout, end_session
from webapp.identity.oauth.metadata import metadata
from webapp.identity.oauth.server import Asked, Provider, answer
from webapp.identity.parts import parts_of

__all__ = [
    "authorize",
    "confirm_logout",
    "discovery",
    "end_session",
    "jwks",
    "revoke",
    "token",
    "userinfo",
]

# The list of keys is public and may lag behind by less than a new key is published ahead.
_PUBLIC = {"Cache-Control": f"public, max-age={int(LIST_KEPT.total_seconds())}"}


async def token(request: Request) -> Response:
    """Tokens for a code or for a refresh token."""
    return await answer(request, _token)


async def userinfo(request: Request) -> Response:
    """What the holder of an access token may know of its person."""
    return await answer(request, _userinfo)


async def revoke(request: Request) -> Response:
    """Revoke a token of the application that asks."""
    return await answer(request, _revoke)


async def jwks(request: Request) -> Response:
    """The public keys that tokens are signed with."""
    return JSONResponse(await published_keys(parts_of(request), datetime.now(UTC)), 200, _PUBLIC)


async def discovery(request: Request) -> Response:
    """What this provider can do, and where."""
    return JSONResponse(metadata(parts_of(request).settings.identity_origin), 200, _PUBLIC)


def _token(provider: Provider, asked: Asked) -> Response:
    response: Response = provider_with_grants(provider).create_token_response(asked)
    return response


def _userinfo(provider: Provider, asked: Asked) -> Response:
    provider.register_endpoint(UserInfo())
    response: Response = provider.create_endpoint_response("userinfo", asked)
    return response


def _revoke(provider: Provider, asked: Asked) -> Response:
    provider.register_endpoint(Revocation)
    response: Response = provider.create_endpoint_response("revocation", asked)
    return response
