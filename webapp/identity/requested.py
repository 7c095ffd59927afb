"""The application behind a login or a choice, if there is one."""

from __future__ import annotations

from starlette.requests import Request

from webapp.identity.flows.onward import authorisation_query
from webapp.identity.oauth.requests import AuthorisationRequest, BadAuthorisation, read_request
from webapp.identity.parts import parts_of


async def authorisation_of(request: Request, onward_to: str) -> AuthorisationRequest | None:
    """The authorisation request that is gone on to; None when it is none, or no good one."""
    query = authorisation_query(onward_to)
    if not query:
        return None
    try:
        return await read_request(parts_of(request), query)
    except BadAuthorisation:
        return None
