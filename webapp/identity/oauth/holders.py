"""Rows of ours in the shape in which Authlib asks for them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

from webapp.identity.models import (
    AccessToken,
    Account,
    AuthorizationCode,
    Client,
    RefreshToken,
    TokenFamily,
)
from webapp.identity.oauth.claims import scopes_of
from webapp.tokens import token_hash


@dataclass(frozen=True, slots=True)
class Application(ClientMixin):
    """A client."""

    row: Client

    @property
    def client_id(self) -> str:
        """Its name in the protocol."""
        return self.row.client_id

    @property
    def client_metadata(self) -> dict[str, Any]:
        """What it registered beside that; nothing that changes how it is answered."""
        return {}

    def get_client_id(self) -> str:
        """Its name in the protocol."""
        return self.row.client_id

    def get_default_redirect_uri(self) -> None:
        """There is none: every request says where its answer goes."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes in our order, or None when there is one that it may not have."""
        asked = scopes_of(scope or "")
        return " ".join(asked) if set(asked) <= set(self.row.scope.split()) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it is registered, letter by letter."""
        return redirect_uri in self.row.redirect_uris

    def accepts(self, secret: str) -> bool:
        """Whether this is its secret, in the same time whatever is wrong; empty if public."""
        given = token_hash(secret) if secret else ""
        return hmac.compare_digest(given, self.row.secret_hash)

    def check_response_type(self, response_type: str | None) -> bool:  # noqa: ARG002
        """The rules of a request say that (``grants.py``), and redirect when it is wrong."""
        return True

    def check_grant_type(self, grant_type: str) -> bool:
        """All may do both."""
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass(frozen=True, slots=True)
class Grant:
    """Where new tokens come from: a family, and the moment at which its sign-in is over."""

    family: TokenFamily
    over_at: datetime

    @property
    def account(self) -> Account:
        """Whose it is."""
        return self.family.account

    def get_scope(self) -> str:
        """What was allowed."""
        return self.family.scope

    def check_client(self, client: Application) -> bool:
        """Whether it was given to this application."""
        return bool(self.family.client_id == client.row.id)


@dataclass(frozen=True, slots=True)
class CodeGiven(Grant, AuthorizationCodeMixin):
    """An authorization code that may be redeemed."""

    row: AuthorizationCode

    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        """What the verifier has to fit."""
        return self.row.code_challenge

    def get_redirect_uri(self) -> str:
        """Where it was sent."""
        return self.row.redirect_uri


@dataclass(frozen=True, slots=True)
class RefreshGiven(Grant):
    """A refresh token that may be used."""

    row: RefreshToken


@dataclass(frozen=True, slots=True)
class AccessGiven(TokenMixin):
    """An access token that is good."""

    row: AccessToken
    family: TokenFamily

    @property
    def scope(self) -> str:
        """What it opens."""
        return self.row.scope

    def get_scope(self) -> str:
        """What it opens."""
        return self.row.scope

    def is_expired(self) -> bool:
        """One that is over is not found in the first place."""
        return False

    def is_revoked(self) -> bool:
        """Neither is a revoked one."""
        return False

    def get_user(self) -> Account:
        """Whose it is."""
        return self.family.account

    def get_client(self) -> Application:
        """Who holds it."""
        return Application(self.family.client)
