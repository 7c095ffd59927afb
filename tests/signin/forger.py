"""A provider that says what a test tells it to: right things, wrong things, nothing at all."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import Key, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT = "nigiwai"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def new_key(kid: str) -> RSAKey:
    """A key pair of a provider's."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Forger:
    """Serves discovery, keys, tokens and userinfo at ``issuer``. Each field may be bent."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: new_key("first"))
    published: list[RSAKey] = field(default_factory=list)
    person: dict[str, Any] = field(default_factory=dict)
    userinfo: Any = None  # None: as the id_token
    token: Any = None  # None: a good answer
    keys: Any = None  # None: those that are published
    id_token: str = ""
    nonce: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)
    token_status: int = 200
    userinfo_status: int = 200
    metadata: dict[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[str] = field(default_factory=list)
    posted: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        """The provider as an app."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    def sign(self, claims: dict[str, Any], *, key: Key | None = None, **header: Any) -> str:
        """A JWT of the provider's, or of whoever ``key`` belongs to."""
        key = key or self.key
        whole = {"alg": "RS256", "kid": self.key.kid, **header}
        whole = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(whole, claims, key, algorithms=[whole["alg"]])

    def claims(self, **more: Any) -> dict[str, Any]:
        """What a good id_token says; ``None`` leaves a claim out."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}
        whole = {**usual, "nonce": self.nonce, "sid": "sid-1", **self.person, **more}
        return {name: value for name, value in whole.items() if value is not None}

    def logout_token(self, *, key: Key | None = None, header: Any = None, **more: Any) -> str:
        """What a good logout token says, bent by ``more``."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": "j"}
        whole = {**usual, "events": {LOGOUT: {}}, "sub": self.person["sub"], **more}
        claims = {name: value for name, value in whole.items() if value is not None}
        return self.sign(claims, key=key, **{"typ": "logout+jwt", **(header or {})})

    def sign_by_public_key(self, claims: dict[str, Any]) -> str:
        """HS256 with the public key as its secret: an old trick, so our library refuses to."""
        header = {"alg": "HS256", "kid": self.key.kid}
        parts = [_base64(json.dumps(part).encode()) for part in (header, claims)]
        secret = self.key.as_pem(private=False)
        signature = hmac.digest(secret, ".".join(parts).encode(), "sha256")
        return ".".join([*parts, _base64(signature)])

    def sign_not_at_all(self, claims: dict[str, Any]) -> str:
        """The algorithm "none"."""
        parts = [_base64(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)]
        return ".".join([*parts, ""])

    async def _hesitate(self) -> None:
        """Take ``delay`` seconds, or as long as it takes until ``hurry`` is set."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.hurry.wait(), self.delay)

    async def _discovery(self, request: Request) -> Response:
        self.calls.append("discovery")
        await self._hesitate()
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/logout",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        whole = {**usual, **self.metadata}
        return JSONResponse({name: value for name, value in whole.items() if value is not None})

    async def _jwks(self, request: Request) -> Response:
        self.calls.append("jwks")
        if self.keys is not None:
            return Response(json.dumps(self.keys), media_type="application/json")
        keys = self.published or [self.key]
        return JSONResponse({"keys": [key.as_dict(private=False) for key in keys]})

    async def _token(self, request: Request) -> Response:
        self.calls.append("token")
        form = await request.form()
        self.posted.append({name: str(value) for name, value in form.items()})
        await self._hesitate()
        if self.token_status != 200:
            return JSONResponse({"error": "invalid_grant"}, self.token_status)
        if self.token is not None:
            return JSONResponse(self.token)
        answer = {
            "access_token": f"access-{len(self.posted)}",
            "refresh_token": f"refresh-{len(self.posted)}",
            "token_type": "Bearer",
            "expires_in": 600,
            "id_token": self.id_token or self.sign(self.claims()),
            **self.tokens,
        }
        return JSONResponse({name: value for name, value in answer.items() if value is not None})

    async def _userinfo(self, request: Request) -> Response:
        self.calls.append("userinfo")
        await self._hesitate()
        if self.userinfo_status != 200:
            return Response(status_code=self.userinfo_status)
        return JSONResponse(self.person if self.userinfo is None else self.userinfo)
