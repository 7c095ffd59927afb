"""What applications ask with a token: who somebody is, and that the token be revoked."""

from __future__ import annotations

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6750 import BearerTokenValidator, InvalidTokenError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oidc.core import UserInfoEndpoint

from webapp.identity.models import Account
from webapp.identity.oauth.claims import claims_of
from webapp.identity.oauth.holders import AccessGiven
from webapp.identity.oauth.server import ProtocolRequest, Provider, wait_for
from webapp.identity.oauth.store import find_access_token, revoke_token


class UserInfo(UserInfoEndpoint):
    """/userinfo: the claims that an access token's scopes open."""

    def __call__(self, request: ProtocolRequest) -> Any:
        """Answer the bearer of a good token, and nobody else."""
        self.resource_protector = Bearer(self.server, request)
        return super().__call__(request)

    def generate_user_info(self, user: Account, scope: str) -> dict[str, object]:
        """What may be known."""
        return claims_of(user, scope)


class Bearer(BearerTokenValidator):
    """Who brings an access token, in the one place where one is taken: the header."""

    def __init__(self, provider: Provider, request: ProtocolRequest) -> None:
        super().__init__(realm=provider.issuer)
        self.provider = provider
        self.request = request

    def acquire_token(self, scope: str) -> AccessGiven | None:
        """The token, if it is good for that scope. Authlib's endpoint asks for it."""
        scheme, _, text = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise NoToken(realm=self.realm)
        token = self.authenticate_token(text.strip())
        self.validate_token(token, [scope], self.request)
        return token

    def authenticate_token(self, token_string: str) -> AccessGiven | None:
        """The token of this text."""
        return wait_for(find_access_token, token_string, self.provider.at)


class NoToken(InvalidTokenError):
    """Nothing was brought: the answer says what to bring, and names no error (RFC 6750, 3.1)."""

    def get_headers(self) -> list[tuple[str, str]]:
        """Only the scheme and the realm."""
        return [*default_json_headers, ("WWW-Authenticate", f'Bearer realm="{self.realm}"')]


class Revocation(RevocationEndpoint):
    """/revoke: an application gives a token up. It learns nothing about others' tokens."""

    def create_endpoint_response(self, request: ProtocolRequest) -> Any:
        """Revoke the token if it is the application's own, and say yes in any case."""
        application = self.authenticate_endpoint_client(request)
        token = request.form.get("token")
        if not token:
            raise InvalidRequestError("Missing 'token' in request.")
        wait_for(revoke_token, token, application, self.server.at)
        return 200, {}, default_json_headers
