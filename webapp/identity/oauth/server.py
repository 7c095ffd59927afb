"""Authlib's server behind Starlette.

Authlib's core asks and waits, so that it runs in a thread. What it asks of the database is
done by the event loop meanwhile, in the transaction that the request has open.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, TypeVarTuple, Unpack
from urllib.parse import unquote_plus

import anyio.from_thread
import anyio.to_thread
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.database import IDENTITY, transaction
from webapp.identity.oauth.claims import SCOPES
from webapp.identity.oauth.holders import Application
from webapp.identity.oauth.keys import signing_key
from webapp.identity.oauth.store import find_application, keep_tokens
from webapp.identity.parts import Parts, parts_of
from webapp.tokens import new_token

# At DEBUG Authlib logs the very tokens that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)

FORM = "application/x-www-form-urlencoded"

Answer = TypeVar("Answer")
Arguments = TypeVarTuple("Arguments")
Parameters = Sequence[tuple[str, str]]


def wait_for(
    question: Callable[[Unpack[Arguments]], Coroutine[Any, Any, Answer]], *arguments: *Arguments
) -> Answer:
    """Let the event loop answer, from within Authlib's thread."""
    return anyio.from_thread.run(question, *arguments)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says, read to its end before a thread looks at it."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]


async def read_form(request: Request) -> Asked:
    """Read what an application posted; the query of the address says nothing here."""
    parameters: Parameters = ()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        form = await request.form(max_files=0, max_fields=50)
        parameters = [(name, text) for name, text in form.multi_items() if isinstance(text, str)]
    return Asked(request.method, request.url.path, tuple(parameters), request.headers)


class Payload(OAuth2Payload):
    """The parameters of a request, in Authlib's terms."""

    def __init__(self, parameters: Parameters) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, text in parameters:
            self._lists.setdefault(name, []).append(text)

    @property
    def data(self) -> dict[str, str]:
        """The first of each."""
        return {name: texts[0] for name, texts in self._lists.items()}

    @property
    def datalist(self) -> dict[str, list[str]]:
        """All of each."""
        return self._lists

    def repeated(self) -> list[str]:
        """What was said more than once, which no parameter may be."""
        return [name for name, texts in self._lists.items() if len(texts) > 1]


class ProtocolRequest(OAuth2Request):
    """A request in Authlib's terms."""

    def __init__(self, asked: Asked, origin: str) -> None:
        super().__init__(asked.method, origin + asked.path, headers=asked.headers)
        self.payload = Payload(asked.parameters)

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """The parameters too: each endpoint reads only the one place that it should."""
        return self.payload.data


class Provider(AuthorizationServer):
    """Authlib's server for one request: its moment, its key, its transaction."""

    def __init__(self, parts: Parts, at: datetime, key: RSAKey | None = None) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.parts = parts
        self.at = at
        self.key = key
        self.issuer = parts.settings.identity_origin
        self.register_token_generator("default", _new_tokens)

    def create_oauth2_request(self, request: Asked | ProtocolRequest) -> ProtocolRequest:
        """Put what was asked in Authlib's terms."""
        if isinstance(request, ProtocolRequest):
            return request
        return ProtocolRequest(request, self.issuer)

    def query_client(self, client_id: str | None) -> Application | None:
        """The application of this id."""
        return wait_for(find_application, client_id) if client_id else None

    def authenticate_client(
        self,
        request: ProtocolRequest,
        methods: object,  # noqa: ARG002 - each application has one way, whatever the endpoint
        endpoint: str = "token",  # noqa: ARG002
    ) -> Application:
        """The application that asks, after its proof; a public one proves itself by PKCE."""
        repeated = request.payload.repeated()
        if repeated:
            raise InvalidRequestError("A parameter is repeated.")
        client_id, secret, request.auth_method = _credentials(request)
        application = self.query_client(client_id)
        if application is None or not application.accepts(secret):
            raise InvalidClientError("The client is not known by this proof.", status_code=401)
        return application

    def save_token(self, token: dict[str, Any], request: ProtocolRequest) -> None:
        """Keep the hashes of new tokens; they end with the sign-in at the latest."""
        grant = request.authorization_code or request.refresh_token
        token["expires_in"] = wait_for(keep_tokens, grant, token, self.at)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: object, headers: Sequence[tuple[str, str]]
    ) -> Response:
        """The answer for Starlette."""
        given = {name: value for name, value in headers if name.lower() != "content-type"}
        if isinstance(body, str):
            return Response(body, status, given)
        return JSONResponse(body, status, given)


async def answer(request: Request, act: Callable[[Provider, Asked], Response]) -> Response:
    """Let Authlib answer what an application posted, in one transaction.

    A refusal is an answer too: what was revoked because of it is kept.
    """
    at = datetime.now(UTC)
    parts = parts_of(request)
    asked = await read_form(request)
    provider = Provider(parts, at, await signing_key(parts, at))
    async with transaction(IDENTITY):
        return await anyio.to_thread.run_sync(act, provider, asked)


def _new_tokens(
    grant_type: str,  # noqa: ARG001 - Authlib says what for, and who asks: all are served alike
    client: Application,  # noqa: ARG001
    user: object = None,  # noqa: ARG001
    scope: str = "",
    expires_in: int | None = None,  # noqa: ARG001
    include_refresh_token: bool = True,
) -> dict[str, Any]:
    """New tokens. A refresh token is good for as long as its person is signed in, and no longer.

    So it needs no ``offline_access``, which elsewhere means tokens that outlive a logout.
    """
    token: dict[str, Any] = {
        "token_type": "Bearer",
        "access_token": new_token(),
        "expires_in": 0,  # filled in when they are kept
        "scope": scope,
    }
    if include_refresh_token:
        token["refresh_token"] = new_token()
    return token


def _credentials(request: ProtocolRequest) -> tuple[str | None, str, str]:
    """The client id, the secret and by which way they came; one way only is taken."""
    client_id = request.form.get("client_id")
    posted = request.form.get("client_secret", "")
    header = request.headers.get("Authorization")
    if header is None:
        return client_id, posted, "client_secret_post" if posted else "none"
    named, secret = _basic(header)
    if posted or (client_id is not None and client_id != named):
        raise InvalidRequestError("The client names itself in two ways.")
    return named, secret, "client_secret_basic"


def _basic(header: str) -> tuple[str, str]:
    """Client id and secret of a Basic header; both are form-encoded inside (RFC 6749, 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        text = ""
    if scheme.lower() != "basic" or ":" not in text:
        raise InvalidClientError("The client is not known by this proof.", status_code=401)
    name, _, secret = text.partition(":")
    return unquote_plus(name), unquote_plus(secret)
