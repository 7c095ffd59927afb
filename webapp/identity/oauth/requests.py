"""Reading an authorisation request, for /authorize and for the page that asks for consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import anyio.to_thread
from authlib.oauth2.rfc6749 import OAuth2Error

from webapp.database import IDENTITY, transaction
from webapp.errors import NigiwaiError
from webapp.identity.models import Client, Session
from webapp.identity.oauth.grants import provider_with_grants
from webapp.identity.oauth.locations import location_of
from webapp.identity.oauth.server import Asked, ProtocolRequest, Provider
from webapp.identity.parts import Parts

AUTHORIZE = "/authorize"
_MOST_PARAMETERS = 50

Pairs = tuple[tuple[str, str], ...]


class BadAuthorisation(NigiwaiError):
    """A request that cannot be granted.

    ``location`` is where the browser takes the refusal to; empty when the application or its
    address is not known, so that only a page of ours may say it.
    """

    def __init__(self, error: str, location: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.location = location


@dataclass(frozen=True, slots=True)
class AuthorisationRequest:
    """What an application asks for, checked."""

    client: Client
    redirect_uri: str
    scope: str
    state: str
    issuer: str
    prompts: frozenset[str]
    max_age: timedelta | None
    id_token_hint: str
    ui_locales: str
    asked: Asked

    def refusal(self, error: str) -> str:
        """Where the browser goes when it is refused: with ``access_denied``, for example."""
        values = {"error": error, "state": self.state, "iss": self.issuer}
        return location_of(self.redirect_uri, values)


def pairs_of(query: str) -> Pairs:
    """The parameters of a query. Raises ``BadAuthorisation`` when it is flooded with them."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise BadAuthorisation("invalid_request") from None
    # Without a value a parameter is as good as not there (RFC 6749, 3.1).
    return tuple((name, text) for name, text in pairs if text)


async def read_request(parts: Parts, query: str) -> AuthorisationRequest:
    """Check the query of an authorisation request; it changes nothing.

    Raises ``BadAuthorisation``.
    """
    asked = Asked("GET", AUTHORIZE, pairs_of(query), {})
    provider = provider_with_grants(Provider(parts, datetime.now(UTC)))
    async with transaction(IDENTITY):
        request = await anyio.to_thread.run_sync(_validate, provider, asked)
    said = request.payload.data
    return AuthorisationRequest(
        client=request.client.row,
        redirect_uri=said["redirect_uri"],
        scope=request.scope,
        state=said.get("state", ""),
        issuer=provider.issuer,
        prompts=frozenset(said.get("prompt", "").split()),
        max_age=timedelta(seconds=int(said["max_age"])) if "max_age" in said else None,
        id_token_hint=said.get("id_token_hint", ""),
        ui_locales=said.get("ui_locales", ""),
        asked=asked,
    )


async def grant_request(
    parts: Parts, request: AuthorisationRequest, session: Session, at: datetime
) -> str:
    """Grant a request; returns where the browser takes the code to."""
    provider = provider_with_grants(Provider(parts, at))
    async with transaction(IDENTITY):
        return await anyio.to_thread.run_sync(_respond, provider, request.asked, session)


def _validate(provider: Provider, asked: Asked) -> ProtocolRequest:
    """In Authlib's thread: everything that can be said of the request alone."""
    try:
        request: ProtocolRequest = provider.get_consent_grant(asked).request
    except OAuth2Error as error:
        raise _refused(provider, asked, error) from None
    return request


def _respond(provider: Provider, asked: Asked, session: Session) -> str:
    """In Authlib's thread: check it again, as of now, and make the code."""
    try:
        grant = provider.get_consent_grant(asked)
    except OAuth2Error as error:
        raise _refused(provider, asked, error) from None
    response = provider.create_authorization_response(grant.request, session, grant)
    return str(response.headers["location"])


def _refused(provider: Provider, asked: Asked, error: OAuth2Error) -> BadAuthorisation:
    if not error.redirect_uri:
        return BadAuthorisation(error.error)
    states = [text for name, text in asked.parameters if name == "state"]
    values = {
        "error": error.error,
        "error_description": error.get_error_description(),
        "state": states[0] if len(states) == 1 else "",
        "iss": provider.issuer,
    }
    return BadAuthorisation(error.error, location_of(error.redirect_uri, values))
