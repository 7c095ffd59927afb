"""The identity provider as the app sees it: ours by default, any other one by settings.

Authlib's Starlette client speaks the protocol. It keeps what it must remember between
leaving and coming back in ``request.session``, which ``webapp/signin/attempt.py`` provides.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.oidc_secret import own_client_secret
from webapp.sealing import Sealer
from webapp.settings import Settings
from webapp.signin.refusals import Refusal, SignInRefused

with warnings.catch_warnings():
    # It would rather have another HTTP library; it works with this one.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.base_client.errors import MismatchingStateError
    from authlib.integrations.starlette_client import OAuth, OAuthError

PATIENCE = 3.0  # seconds for one question
KEPT = timedelta(hours=1)  # what the provider says of itself
JUST_NOW = timedelta(seconds=10)
KEYS_KEPT = timedelta(seconds=10)  # at least, however many unknown keys are named
REST = timedelta(seconds=10)  # after the provider did not answer

# Signatures by a key that only the provider has: no shared secret, and never "none".
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_MAYBE = ("userinfo_endpoint", "end_session_endpoint")

# Host and port; it is named in the policy of our pages, where other signs would mean something.
_PLACE = re.compile(r"(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")
# What rubbish raises in whoever reads it as if it were an answer.
_NONSENSE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)

# What is sealed of a sign-in that holds.
TOKENS = "tokens of sign-ins"

log = structlog.get_logger()


class ProviderUnreachable(TemporaryFailure):
    """The provider did not answer, or not in a way that can be understood."""


class SignInOver(Exception):
    """The provider says that this sign-in does not hold any more."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider gave for one sign-in. ``expires_at`` is of the access token; 0: unsaid.

    ``told`` are the claims that userinfo told at the sign-in: it is believed alone for them,
    so that one that vanishes there does not live on in the id_token.
    """

    access: str
    refresh: str
    id_token: str
    expires_at: int = 0
    told: tuple[str, ...] = ()

    def are_over(self, at: datetime) -> bool:
        """Whether the access token is over, or nearly."""
        return bool(self.expires_at) and at.timestamp() > self.expires_at - 5

    def claims(self) -> dict[str, Any]:
        """What the id_token says. It was verified when it came, and was sealed since."""
        payload = self.id_token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return claims


class Provider:
    """One per process. ``resting_until`` spares visitors the wait while nobody answers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.resting_until: datetime | None = None
        secret = settings.secret()
        self.attempts = Sealer(secret, "sign-ins under way")
        self._tokens = Sealer(secret, TOKENS, settings.old_secret())
        self._client: Any = None
        self._client_since: datetime | None = None
        self._keys_since: datetime | None = None

    @cached_property
    def _how(self) -> dict[str, Any]:
        """How the provider is reached. Made once, when somebody first signs in.

        Reading the certificates of all authorities takes a while.
        """
        return {
            "verify": httpx.create_ssl_context(),
            "timeout": PATIENCE,
            # Our own provider is reached directly; the way to another may lead through a proxy.
            "trust_env": not self.settings.has_own_identity,
        }

    async def leave(self, request: Request, at: datetime, **parameters: str) -> Response:
        """Send the browser to the provider; the secrets of the way are in ``request.session``."""
        # Asked anew: it is better told by a page of ours than by the browser that nobody is there.
        client = await self._ready(at, JUST_NOW)
        back = f"{self.settings.origin}/sign-in/callback"
        response: Response = await client.authorize_redirect(request, back, **parameters)
        return response

    async def come_back(self, request: Request, at: datetime) -> tuple[Tokens, dict[str, Any]]:
        """Redeem the code of the callback: the tokens, and all that is said of the person.

        Raises ``SignInRefused`` when anything is not as it has to be.
        """
        try:
            client = await self._ready(at)
            self._check_sender(request)
            async with _asking():
                answer = await client.authorize_access_token(
                    request, claims_options=self._claims_options(client)
                )
                tokens = _tokens_of(answer, at)
            if not answer.get("userinfo"):
                raise SignInRefused(Refusal.FAILED)
            told = await self._userinfo(tokens, at)
            return replace(tokens, told=tuple(told)), {**answer["userinfo"], **told}
        except MismatchingStateError:
            raise SignInRefused(Refusal.STALE) from None
        except ProviderUnreachable as error:
            log.warning("signin.provider_unreachable", error=str(error))
            raise SignInRefused(Refusal.UNREACHABLE) from None
        except (SignInOver, AuthlibBaseError, JoseError) as error:
            denied = getattr(error, "error", "") == "access_denied"
            log.warning("signin.refused", error=str(error) or type(error).__name__)
            raise SignInRefused(Refusal.DENIED if denied else Refusal.FAILED) from None

    async def ask(self, tokens: Tokens, at: datetime) -> dict[str, Any]:
        """What the provider says of the person now.

        Raises ``SignInOver`` when the access token is not good any more.
        """
        said = await self._userinfo(tokens, at)
        kept = {name: claim for name, claim in tokens.claims().items() if name not in tokens.told}
        return {**kept, **said}

    async def _userinfo(self, tokens: Tokens, at: datetime) -> dict[str, Any]:
        """The answer of userinfo; empty when the provider has no such service."""
        client = await self._ready(at)
        if "userinfo_endpoint" not in client.server_metadata:
            return {}
        # Without its end and its successor Authlib does not renew it behind our back.
        token = {"access_token": tokens.access, "token_type": "Bearer"}
        async with _asking():
            claims = dict(await client.userinfo(token=token))
            if "sub" not in claims:
                raise ProviderUnreachable("It says nothing of anybody.")
        if claims.get("sub") != tokens.claims()["sub"]:
            raise SignInOver("It answered for somebody else.")
        # Who vouches is what the signature said.
        return {name: value for name, value in claims.items() if name not in {"iss", "aud", "exp"}}

    async def renew(self, tokens: Tokens, at: datetime) -> Tokens:
        """New tokens for the refresh token, which is used up by that. Raises ``SignInOver``."""
        if not tokens.refresh:
            raise SignInOver("The provider gave nothing to renew it with.")
        client = await self._ready(at)
        try:
            async with _asking():
                answer = await client.fetch_access_token(
                    grant_type="refresh_token", refresh_token=tokens.refresh
                )
                if "id_token" in answer:
                    options = self._claims_options(client)
                    said = await client.parse_id_token(answer, nonce=None, claims_options=options)
                    if said["sub"] != tokens.claims()["sub"]:
                        raise SignInOver("It answered for somebody else.")
                renewed = _tokens_of(answer, at)
        except OAuthError as error:
            if error.error == "invalid_grant":
                raise SignInOver(str(error)) from None
            raise ProviderUnreachable(str(error)) from None
        except JoseError as error:
            raise ProviderUnreachable(f"Its id_token is not good: {error}") from None
        return replace(
            renewed,
            refresh=renewed.refresh or tokens.refresh,
            id_token=renewed.id_token or tokens.id_token,
            told=tokens.told,
        )

    async def way_out(self, tokens: Tokens, at: datetime) -> str:
        """Where a browser signs out of the provider; empty when there is no such place."""
        try:
            client = await self._ready(at)
        except ProviderUnreachable as error:
            log.warning("signin.provider_unreachable", error=str(error))
            return ""
        if "end_session_endpoint" not in client.server_metadata:
            return ""
        answer = await client.create_logout_url(
            f"{self.settings.origin}/signed-out", tokens.id_token, client_id=client.client_id
        )
        return str(answer["url"])

    async def meet(self, at: datetime) -> None:
        """Hear once where another provider signs browsers out: pages have to allow that way."""
        if self._client is None and not self.settings.has_own_identity and not self.is_resting(at):
            try:
                await self._ready(at)
            except (ProviderUnreachable, SignInOver) as error:
                log.warning("signin.provider_unreachable", error=str(error))
                self.rest(at)

    def origins(self) -> list[str]:
        """Where signing out leads a browser, as far as the provider has told."""
        places = [self.settings.issuer]
        if self._client is not None:
            places.append(self._client.server_metadata.get("end_session_endpoint", places[0]))
        parts = [urlsplit(place) for place in places]
        return list(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))

    async def verify(self, token: str, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of something that the provider signed.

        Raises ``JoseError`` or ``ValueError`` when it is not that.
        """
        client = await self._ready(at)
        registry = JWSRegistry(algorithms=_algorithms(client), strict_check_header=False)
        try:
            found = _decoded(token, await self._keys(client), registry)
        except InvalidKeyIdError:
            if self._keys_since is not None and at < self._keys_since + KEYS_KEPT:
                raise
            self._keys_since = at
            found = _decoded(token, await self._keys(client, force=True), registry)
        return dict(found.header), dict(found.claims)

    async def issuer(self, at: datetime) -> str:
        """The issuer as it names itself."""
        return str((await self._ready(at)).server_metadata["issuer"])

    def seal(self, tokens: Tokens) -> str:
        """The tokens as they are kept."""
        return self._tokens.seal(asdict(tokens))

    def unseal(self, sealed: str) -> Tokens | None:
        """The tokens that were kept; None when the installation's secret is another now."""
        try:
            return Tokens(**self._tokens.unseal(sealed)) if sealed else None
        except PermanentFailure:
            return None

    def is_resting(self, at: datetime) -> bool:
        """Whether the provider did not answer a moment ago."""
        return self.resting_until is not None and at < self.resting_until

    def rest(self, at: datetime) -> None:
        """Leave the provider alone for a moment."""
        self.resting_until = at + REST

    async def _ready(self, at: datetime, kept: timedelta = KEPT) -> Any:
        """Authlib's client, knowing what the provider said of itself so long ago at most."""
        if self._client is None or self._client_since is None or at > self._client_since + kept:
            self._client = self._build(await self._discover())
            self._client_since = at
        return self._client

    async def _discover(self) -> dict[str, Any]:
        address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        async with _asking(), httpx.AsyncClient(**self._how) as client:
            answer = await client.get(address)
            answer.raise_for_status()
            said = answer.json()
        if not isinstance(said, dict) or not all(_is_address(said.get(n)) for n in _ENDPOINTS):
            raise ProviderUnreachable(f"{address} is no description of a provider.")
        if str(said.get("issuer")).rstrip("/") != self.settings.issuer.rstrip("/"):
            raise ProviderUnreachable(f"{address} describes another issuer, {said.get('issuer')}.")
        return said

    def _build(self, said: Mapping[str, Any]) -> Any:
        settings = self.settings
        secret = settings.oidc_client_secret.get_secret_value()
        if settings.has_own_identity:
            secret = own_client_secret(settings)
        metadata = {name: said[name] for name in (*_ENDPOINTS, "issuer")}
        metadata |= {name: said[name] for name in _MAYBE if _is_address(said.get(name))}
        offered = _listed(said, "id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [
            name for name in offered if name in ALGORITHMS
        ]
        return OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=secret or None,
            client_kwargs={
                "scope": settings.oidc_scope,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": _way_to_prove(said, secret),
                **self._how,
            },
            **metadata,
        )

    async def _keys(self, client: Any, *, force: bool = False) -> KeySet:
        async with _asking():
            try:
                return KeySet.import_key_set(await client.fetch_jwk_set(force=force))
            except JoseError as error:
                raise ProviderUnreachable(f"Its keys cannot be read: {error}") from None

    def _check_sender(self, request: Request) -> None:
        """An answer that names its sender (RFC 9207) has to name ours."""
        sender = request.query_params.get("iss")
        if sender is not None and sender != self._client.server_metadata["issuer"]:
            raise SignInRefused(Refusal.FAILED)

    def _claims_options(self, client: Any) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "value": client.server_metadata["issuer"]},
            "aud": {"essential": True, "value": client.client_id},
        }


def provider_of(connection: HTTPConnection) -> Provider:
    """The provider of this app, made when it is first asked for."""
    state = connection.app.state
    if not hasattr(state, "provider"):
        state.provider = Provider(state.services.settings)
    provider: Provider = state.provider
    return provider


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    """Ask within our patience, and say in one way that there was no answer."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.UNAUTHORIZED:
            raise SignInOver("The access token is not good any more.") from None
        raise ProviderUnreachable(str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, *_NONSENSE) as error:
        raise ProviderUnreachable(str(error) or type(error).__name__) from None


def _decoded(token: str, keys: KeySet, registry: JWSRegistry) -> jwt.Token:
    """What is signed by one of the keys; the library says in several ways that it is rubbish."""
    try:
        return jwt.decode(token, keys, registry=registry)
    except _NONSENSE as error:
        raise ValueError(str(error)) from None


def _tokens_of(answer: Mapping[str, Any], at: datetime) -> Tokens:
    seconds = answer.get("expires_in")
    return Tokens(
        access=str(answer.get("access_token") or ""),
        refresh=str(answer.get("refresh_token") or ""),
        id_token=str(answer.get("id_token") or ""),
        expires_at=int(at.timestamp() + float(seconds)) if seconds else 0,
    )


def _listed(said: Mapping[str, Any], name: str) -> list[Any]:
    """A list that the provider says; empty when it is none."""
    value = said.get(name)
    return value if isinstance(value, list) else []


def _is_address(value: Any) -> bool:
    """Whether this is a place that can be asked, or that a browser can be sent to."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(_PLACE.fullmatch(parts.netloc))


def _algorithms(client: Any) -> list[str]:
    algorithms: list[str] = client.server_metadata["id_token_signing_alg_values_supported"]
    return algorithms


def _way_to_prove(said: Mapping[str, Any], secret: str) -> str:
    """How the app proves to the provider who it is."""
    ways = _listed(said, "token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not secret:
        return "none"
    return "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
