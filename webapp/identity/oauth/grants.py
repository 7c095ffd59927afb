"""What Authlib asks of us: the two grants, PKCE for everybody, and the id_token."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeGrant, OAuth2Error, RefreshTokenGrant
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants.code import OpenIDToken
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt

from webapp.identity.models import Account, Session
from webapp.identity.oauth.claims import claims_of
from webapp.identity.oauth.holders import Application, CodeGiven, RefreshGiven
from webapp.identity.oauth.keys import ALGORITHM
from webapp.identity.oauth.locations import location_of
from webapp.identity.oauth.server import ProtocolRequest, Provider, wait_for
from webapp.identity.oauth.store import find_code, find_refresh_token, new_code, use_up

PROMPTS = ("none", "login", "consent", "select_account")
ID_TOKEN_LIVES = timedelta(minutes=10)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of S256: 32 bytes in base64url
_SECONDS = re.compile(r"[0-9]{1,9}")
_LONGEST_NONCE = 255

# Ways to ask that are refused by a name of their own.
_NOT_SUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


class CodeGrant(AuthorizationCodeGrant):
    """A code for whoever signed in and agreed, and tokens for the code, once."""

    @classmethod
    def check_authorization_endpoint(cls, request: ProtocolRequest) -> bool:  # noqa: ARG003
        """Every authorisation request comes here; ``Rules`` refuses the other kinds."""
        return True

    @staticmethod
    def validate_no_multiple_request_parameter(request: ProtocolRequest) -> None:
        """Refuse two answers to where errors go; ``Rules`` refuses the rest, by redirect."""
        if {"client_id", "redirect_uri"} & set(request.payload.repeated()):
            raise InvalidRequestError("A parameter is repeated.")

    @staticmethod
    def validate_authorization_redirect_uri(request: ProtocolRequest, client: Application) -> str:
        """Compare the address with the registered ones, letter by letter."""
        address = request.payload.redirect_uri
        if not address or not client.check_redirect_uri(address):
            raise InvalidRequestError("The redirect_uri is not registered.")
        return str(address)

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Session
    ) -> tuple[int, str, list[tuple[str, str]]]:
        """Send the browser back with a code."""
        request, provider = self.request, self.server
        code = wait_for(
            new_code,
            grant_user,
            request.client.row,
            request.scope,
            request.payload.data,
            provider.at,
        )
        values = {"code": code, "state": request.payload.state, "iss": provider.issuer}
        return 303, "", [("Location", location_of(redirect_uri, values))]

    def query_authorization_code(self, code: str, client: Application) -> CodeGiven | None:
        """The code, if this application may redeem it."""
        return wait_for(find_code, code, client, self.server.at)

    def create_token_response(self) -> Any:
        """Use the code up, and only then issue tokens."""
        if not wait_for(use_up, self.request.authorization_code, self.server.at):
            raise InvalidGrantError("Invalid 'code' in request.")
        return super().create_token_response()

    def authenticate_user(self, authorization_code: CodeGiven) -> Account:
        """Whose code it is."""
        return authorization_code.account

    def delete_authorization_code(self, authorization_code: CodeGiven) -> None:
        """It stays, used: whoever brings it again is to be noticed."""


class RefreshGrant(RefreshTokenGrant):
    """New tokens for a refresh token, once."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshGiven | None:
        """The token, if this application may use it."""
        return wait_for(find_refresh_token, refresh_token, self.request.client, self.server.at)

    def create_token_response(self) -> Any:
        """Use the token up, and only then issue others."""
        if not wait_for(use_up, self.request.refresh_token, self.server.at):
            raise InvalidGrantError
        return super().create_token_response()

    def authenticate_user(self, refresh_token: RefreshGiven) -> Account:
        """Whose token it is."""
        return refresh_token.account

    def revoke_old_credential(self, refresh_token: RefreshGiven) -> None:
        """It is used up already, and stays to be noticed when it comes again."""


class Rules:
    """What an authorisation request has to say, beyond what Authlib asks."""

    def __call__(self, grant: CodeGrant) -> None:
        """Check the parameters as soon as it is known where errors go."""
        grant.register_hook("before_validate_authorization_request_payload", self.check)

    def check(self, grant: CodeGrant, redirect_uri: str) -> None:  # noqa: ARG002 - of the hook
        """Raise what the standard calls it."""
        payload = grant.request.payload
        said = payload.data
        if payload.repeated():
            raise InvalidRequestError("A parameter is repeated.")
        for name, error in _NOT_SUPPORTED.items():
            if name in said:
                raise OAuth2Error(error=error)
        if "response_type" not in said:
            raise InvalidRequestError("Missing 'response_type'.")
        if said["response_type"] != "code":
            raise OAuth2Error(error="unsupported_response_type")
        if said.get("response_mode", "query") != "query":
            raise InvalidRequestError("Answers come in the query only.")
        if "openid" not in said.get("scope", "").split():
            raise InvalidScopeError("The scope has to include openid.")
        self._check_session(said)

    def _check_session(self, said: dict[str, str]) -> None:
        """Check what is said about the sign-in that is wanted."""
        prompts = said.get("prompt", "").split()
        if not set(prompts) <= set(PROMPTS) or ("none" in prompts and len(prompts) > 1):
            raise InvalidRequestError("Invalid 'prompt'.")
        if "max_age" in said and not _SECONDS.fullmatch(said["max_age"]):
            raise InvalidRequestError("Invalid 'max_age'.")
        nonce = said.get("nonce", "")
        if len(nonce) > _LONGEST_NONCE or not nonce.isprintable():
            raise InvalidRequestError("Invalid 'nonce'.")


class ProofKey(CodeChallenge):
    """PKCE by S256, for every application (TRUST 14): Authlib would let those without one by."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:  # noqa: ARG002
        """Refuse a request without a challenge, or with one of another kind."""
        said = grant.request.payload.data
        if said.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method has to be S256.")
        if not _CHALLENGE.fullmatch(said.get("code_challenge", "")):
            raise InvalidRequestError("Invalid 'code_challenge'.")


class IdToken(OpenIDToken):
    """Adds the id_token to every answer that has an access token."""

    def encode_id_token(self, token: dict[str, Any], request: ProtocolRequest) -> str:
        """Sign who signed in, when and for whom."""
        grant = request.authorization_code or request.refresh_token
        provider: Provider = self.provider
        claims = {
            "iss": provider.issuer,
            "aud": request.client.client_id,
            "iat": int(provider.at.timestamp()),
            "exp": int((provider.at + ID_TOKEN_LIVES).timestamp()),
            "auth_time": int(grant.family.auth_time.timestamp()),
            "sid": grant.family.sid,
            "at_hash": create_half_hash(token["access_token"], ALGORITHM).decode(),
            **claims_of(grant.account, token["scope"]),
        }
        if request.authorization_code and request.authorization_code.row.nonce:
            claims["nonce"] = request.authorization_code.row.nonce
        key = provider.key
        assert key is not None  # there is one wherever tokens are issued
        return jwt.encode({"alg": ALGORITHM, "kid": str(key.kid)}, claims, key, [ALGORITHM])

    def __init__(self, provider: Provider) -> None:
        self.provider = provider


def provider_with_grants(provider: Provider) -> Provider:
    """The provider, able to answer /authorize and /token."""
    id_token = IdToken(provider)
    provider.register_grant(CodeGrant, [Rules(), ProofKey(required=True), id_token])
    provider.register_grant(RefreshGrant, [id_token])
    return provider
