"""Who may ask the read API: a token of the organisation, with the right scope (TRUST 23, 30).

A token is looked up by its hash at every request, so a revoked one opens nothing from then on.
Cookies say nothing here: ``webapp.signin.middleware`` does not even read them.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from starlette.requests import Request
from tortoise.expressions import Q

from webapp.api.problems import CHALLENGE, Problem
from webapp.domain.api_tokens import Scope, is_good, is_token
from webapp.i18n import N_
from webapp.models import ApiToken
from webapp.services import Services
from webapp.tokens import token_hash

NO_TOKEN = N_(
    "トークンが必要です。Authorizationヘッダーに「Bearer」とトークンを指定してください。"
    "トークンは組織設定で作成できます。"
)
BAD_TOKEN = N_(
    "このトークンは使えません。間違っているか、取り消されたか、有効期限が過ぎています。"
    "組織設定を確認してください。"
)
NO_SCOPE = N_(
    "このトークンには %(scope)s の権限がありません。権限のあるトークンを作成してください。"
)
SUSPENDED = N_("ご利用が停止されています。事業者にご連絡ください。")
TOO_MANY = N_("1分間に%(most)s回を超える要求がありました。1分ほどおいてお試しください。")

_USE_KNOWN_TO = timedelta(minutes=1)
_RETRY_AFTER = "60"


async def admit(
    request: Request, services: Services, scope: Scope | None, at: datetime
) -> ApiToken:
    """The token of this request, with its organisation; raises ``Problem`` if it may not ask.

    ``scope`` None: any token will do.
    """
    token = await _token_of(request.headers.get("authorization", ""), at)
    if not services.api_shares.take(str(token.id)):
        most = services.settings.api_calls_a_minute
        retry = {"Retry-After": _RETRY_AFTER}
        raise Problem(429, "too_many_requests", TOO_MANY, {"most": most}, headers=retry)
    if token.organisation.suspended_at is not None:
        raise Problem(403, "suspended", SUSPENDED)
    if scope is not None and scope.value not in token.scopes:
        challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{scope.value}"'
        raise Problem(
            403,
            "insufficient_scope",
            NO_SCOPE,
            {"scope": scope.value},
            headers={"WWW-Authenticate": challenge},
        )
    await _note_use(token, at)
    return token


async def _token_of(header: str, at: datetime) -> ApiToken:
    scheme, _, given = header.partition(" ")
    given = given.strip()
    if scheme.lower() != "bearer" or not given:
        raise Problem(401, "token_missing", NO_TOKEN, headers={"WWW-Authenticate": CHALLENGE})
    if is_token(given):
        hashed = token_hash(given)
        token = await ApiToken.get_or_none(token_hash=hashed).select_related("organisation")
        # What is compared is a hash: how long that takes says nothing of the token.
        if (
            token is not None
            and hmac.compare_digest(token.token_hash, hashed)
            and is_good(token.expires_at, at)
        ):
            return token
    challenge = f'{CHALLENGE}, error="invalid_token"'
    raise Problem(401, "token_invalid", BAD_TOKEN, headers={"WWW-Authenticate": challenge})


async def _note_use(token: ApiToken, at: datetime) -> None:
    """Write down the use, once a minute: a page shows it, nothing is decided by it."""
    since = at - _USE_KNOWN_TO
    if token.last_used_at is None or token.last_used_at <= since:
        due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=since)
        await ApiToken.filter(due, id=token.id).update(last_used_at=at)
