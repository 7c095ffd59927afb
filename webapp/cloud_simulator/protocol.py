"""OAuth 2 as the cloud speaks it: Authlib's server over the world in memory.

Code and PKCE (S256) for the one client, refresh tokens that rotate, revocation. All of it is
quick and asks nobody, so that one request is one undivided step.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeGrant,
    AuthorizationCodeMixin,
    AuthorizationServer,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
    RefreshTokenGrant,
    TokenMixin,
)
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.cloud_simulator.world import CODE_LIVES, Access, Cloud, Code, Refresh, hash_of

SCOPE = "cameras:read"

# At DEBUG Authlib logs the very tokens that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Application(ClientMixin):
    """The one application that may ask for consents."""

    client_id: str
    secret: str
    redirect_uris: tuple[str, ...]

    @property
    def client_metadata(self) -> dict[str, Any]:
        """Nothing beside what stands above."""
        return {}

    def get_client_id(self) -> str:
        """Its name in the protocol."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """Every request says where its answer goes."""

    def get_allowed_scope(self, scope: str | None) -> str:  # noqa: ARG002 - there is one
        """The one scope there is."""
        return SCOPE

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare letter by letter."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether this is its secret."""
        return hmac.compare_digest(client_secret.encode(), self.secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """It proves itself by its secret in the header."""
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        """Codes only."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Both."""
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass(frozen=True, slots=True)
class Held(AuthorizationCodeMixin, TokenMixin):
    """A code or a token that was brought, with the consent it came of."""

    name: str
    grant: str
    redirect_uri: str = ""
    code_challenge: str = ""
    code_challenge_method: str = "S256"

    def check_client(self, client: Application) -> bool:  # noqa: ARG002 - there is one
        """It is the one client's."""
        return True

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What was allowed."""
        return SCOPE


class ProtocolRequest(OAuth2Request):
    """A request in Authlib's terms."""

    def __init__(self, method: str, url: str, said: Mapping[str, str], headers: Any) -> None:
        super().__init__(method, url, headers=headers)
        self.said = dict(said)
        self.payload = _Payload(self.said)

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return self.said

    @property
    def form(self) -> dict[str, str]:
        """The parameters too."""
        return self.said


class _Payload(OAuth2Payload):
    def __init__(self, said: dict[str, str]) -> None:
        self._said = said

    @property
    def data(self) -> dict[str, str]:
        return self._said

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [text] for name, text in self._said.items()}


class CodeGrant(AuthorizationCodeGrant):
    """A code for the owner who agreed; tokens for the code, once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)
    server: Server

    def save_authorization_code(self, code: str, request: ProtocolRequest) -> None:
        """Begin the consent and keep the code."""
        cloud = self.server.cloud
        said = request.payload.data
        cloud.world.codes[hash_of(code)] = Code(
            grant=cloud.consent(request.user, SCOPE),
            redirect_uri=said["redirect_uri"],
            challenge=said["code_challenge"],
            until=cloud.now + CODE_LIVES.total_seconds(),
        )
        cloud.save()

    def query_authorization_code(self, code: str, client: Application) -> Held | None:  # noqa: ARG002
        """The code, as long as it may be redeemed."""
        cloud = self.server.cloud
        name = hash_of(code)
        found = cloud.world.codes.get(name)
        if found is None or found.until <= cloud.now:
            return None
        return Held(name, found.grant, found.redirect_uri, found.challenge)

    def authenticate_user(self, authorization_code: Held) -> str:
        """The consent stands for its owner."""
        return authorization_code.grant

    def delete_authorization_code(self, authorization_code: Held) -> None:
        """It was good for once."""
        self.server.cloud.world.codes.pop(authorization_code.name, None)
        self.server.cloud.save()


class RefreshGrant(RefreshTokenGrant):
    """New tokens for a refresh token; the old one is over once its successor is used."""

    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)
    server: Server

    def authenticate_refresh_token(self, refresh_token: str) -> Held | None:
        """The token, if it may be used; one that comes again too late ends the consent."""
        cloud = self.server.cloud
        name = hash_of(refresh_token)
        found = cloud.world.refresh.get(name)
        if found is None or not cloud.holds(found.grant):
            return None
        if found.used and not self._is_forgiven(cloud, found):
            cloud.end(found.grant)
            return None
        return Held(name, found.grant)

    def authenticate_user(self, refresh_token: Held) -> str:
        """The consent stands for its owner."""
        return refresh_token.grant

    def revoke_old_credential(self, refresh_token: Held) -> None:
        """Note that it was used, and what came of it."""
        cloud = self.server.cloud
        found = cloud.world.refresh[refresh_token.name]
        found.used, found.successor = cloud.now, self.server.newest
        cloud.save()

    @staticmethod
    def _is_forgiven(cloud: Cloud, found: Refresh) -> bool:
        successor = cloud.world.refresh.get(found.successor)
        is_early = cloud.now < found.used + cloud.forgiven.total_seconds()
        return is_early and successor is not None and not successor.used


class ProofKey(CodeChallenge):
    """PKCE by S256 from everybody: Authlib would let a client without one by."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Refuse a request without a challenge of that kind."""
        said = grant.request.payload.data
        if said.get("code_challenge_method") != "S256" or not said.get("code_challenge"):
            raise InvalidRequestError("A code_challenge (S256) is needed.")
        super().validate_code_challenge(grant, redirect_uri)


class Revocation(RevocationEndpoint):
    """An application gives a token up, and the whole consent with it."""

    CLIENT_AUTH_METHODS = ("client_secret_basic",)
    server: Server

    def query_token(self, token_string: str, token_type_hint: str | None) -> Held | None:  # noqa: ARG002
        """The token, of whichever kind."""
        world, name = self.server.cloud.world, hash_of(token_string)
        found = world.refresh.get(name) or world.access.get(name)
        return Held(name, found.grant) if found is not None else None

    def revoke_token(self, token: Held, request: ProtocolRequest) -> None:  # noqa: ARG002
        """End the consent."""
        self.server.cloud.end(token.grant)


class Server(AuthorizationServer):
    """Authlib's server for this cloud and its one application."""

    def __init__(self, cloud: Cloud, application: Application) -> None:
        super().__init__(scopes_supported=[SCOPE])
        self.cloud = cloud
        self.application = application
        self.newest = ""
        self.register_token_generator("default", self._new_tokens)
        self.register_grant(CodeGrant, [ProofKey(required=True)])
        self.register_grant(RefreshGrant)
        self.register_endpoint(Revocation)

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        """It is one already."""
        return request

    def query_client(self, client_id: str | None) -> Application | None:
        """The application, if it is named."""
        return self.application if client_id == self.application.client_id else None

    def save_token(self, token: dict[str, Any], request: ProtocolRequest) -> None:
        """Keep the hashes of what was issued."""
        world, now = self.cloud.world, self.cloud.now
        grant = str(request.user)
        until = now + token["expires_in"]
        world.access[hash_of(token["access_token"])] = Access(grant, until)
        self.newest = hash_of(token["refresh_token"])
        world.refresh[self.newest] = Refresh(grant)
        self.cloud.save()

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

    def _new_tokens(self, **_asked: object) -> dict[str, Any]:
        return {
            "token_type": "Bearer",
            "access_token": secrets.token_urlsafe(32),
            "refresh_token": secrets.token_urlsafe(32),
            "expires_in": int(self.cloud.access_lives.total_seconds()),
            "scope": SCOPE,
        }


async def posted(request: Request) -> ProtocolRequest:
    """What an application posted."""
    form = await request.form(max_files=0, max_fields=20)
    said = {name: text for name, text in form.items() if isinstance(text, str)}
    return ProtocolRequest(request.method, str(request.url), said, request.headers)


def asked(request: Request) -> ProtocolRequest:
    """What stands in the address."""
    said = dict(request.query_params)
    return ProtocolRequest("GET", str(request.url), said, request.headers)
