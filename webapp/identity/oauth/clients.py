"""The applications that may sign people in here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.models import Client
from webapp.identity.oauth.claims import SCOPES, scopes_of
from webapp.identity.parts import Parts
from webapp.oidc_secret import own_client_secret
from webapp.tokens import new_token, token_hash

_LOOPBACK = {"localhost", "127.0.0.1"}
_LONGEST = 500
_HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]+")
_OWN_NAME = "Nigiwai"

NAME_WRONG = N_("アプリケーションの名前を100文字以内で入力してください。")
ADDRESS_WRONG = N_(
    "%(uri)s は登録できません。https:// で始まり(localhost は http:// も可)、"
    "* や # を含まないURLにしてください。"
)
ADDRESS_MISSING = N_("リダイレクトURIを1つ以上指定してください。")
SCOPE_WRONG = N_("スコープには openid を含め、%(scopes)s から選んでください。")
NO_SUCH_CLIENT = N_("そのクライアントIDのアプリケーションはありません。")
NO_SECRET = N_("このアプリケーションはシークレットを使いません。")


async def create_client(
    name: str,
    redirect_uris: Iterable[str],
    *,
    post_logout_redirect_uris: Iterable[str] = (),
    backchannel_logout_uri: str = "",
    scope: str = " ".join(SCOPES),
    is_public: bool = False,
) -> tuple[Client, str]:
    """Register an application; returns it with its secret, which is shown this once.

    A public one (of a browser or a telephone, which keep no secret) has an empty secret.
    Raises ``UserError`` for what cannot be registered.
    """
    secret = "" if is_public else new_token()
    client = await Client.create(
        client_id=secrets.token_hex(12),
        name=_checked_name(name),
        secret_hash=token_hash(secret) if secret else "",
        redirect_uris=_checked_addresses(redirect_uris, required=True),
        post_logout_redirect_uris=_checked_addresses(post_logout_redirect_uris),
        backchannel_logout_uri=_checked_address(backchannel_logout_uri),
        scope=_checked_scope(scope),
    )
    return client, secret


async def list_clients() -> list[Client]:
    """Every application, the oldest first."""
    return await Client.all().order_by("id")


async def new_secret(client_id: str) -> str:
    """Give an application another secret; the old one is void at once."""
    client = await find_client(client_id)
    if not client.secret_hash:
        raise UserError(NO_SECRET)
    secret = new_token()
    await Client.filter(id=client.id).update(secret_hash=token_hash(secret))
    return secret


async def remove_client(client_id: str) -> None:
    """Remove an application, what people allowed it, and its tokens."""
    await (await find_client(client_id)).delete()


async def find_client(client_id: str) -> Client:
    """The application of this id, or ``UserError``."""
    client = await Client.get_or_none(client_id=client_id)
    if client is None:
        raise UserError(NO_SUCH_CLIENT)
    return client


async def ensure_own_client(parts: Parts) -> None:
    """Register the app itself as the settings say, at each start; races are harmless."""
    settings = parts.settings
    own = Client(
        client_id=settings.oidc_client_id,
        name=_OWN_NAME,
        secret_hash=token_hash(own_client_secret(settings)),
        redirect_uris=[f"{settings.origin}/sign-in/callback"],
        post_logout_redirect_uris=[f"{settings.origin}/signed-out"],
        backchannel_logout_uri=f"{settings.origin}/backchannel-logout",
        scope=" ".join(SCOPES),
    )
    changed = (
        "secret_hash",
        "redirect_uris",
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "scope",
    )
    await Client.bulk_create([own], on_conflict=["client_id"], update_fields=list(changed))


def _checked_name(name: str) -> str:
    name = "".join(letter for letter in name if letter.isprintable()).strip()
    if not 0 < len(name) <= 100:
        raise UserError(NAME_WRONG, field="name")
    return name


def _checked_scope(scope: str) -> str:
    scopes = scopes_of(scope)
    if "openid" not in scopes or not set(scopes) <= set(SCOPES):
        raise UserError(SCOPE_WRONG, field="scope", scopes=" ".join(SCOPES))
    return " ".join(scopes)


def _checked_addresses(uris: Iterable[str], *, required: bool = False) -> list[str]:
    checked = list(dict.fromkeys(_checked_address(uri) for uri in uris if uri))
    if required and not checked:
        raise UserError(ADDRESS_MISSING, field="redirect_uris")
    return checked


def _checked_address(uri: str) -> str:
    if uri and not _is_good_address(uri):
        raise UserError(ADDRESS_WRONG, uri=uri)
    return uri


def _is_good_address(uri: str) -> bool:
    """Whether it is an absolute address of one page, without anything that leads elsewhere."""
    if len(uri) > _LONGEST or not uri.isascii() or not uri.isprintable():
        return False
    if any(letter in uri for letter in ' *#\\"<>'):
        return False
    try:
        parts = urlsplit(uri)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    # The host becomes a source of a Content-Security-Policy.
    if not parts.hostname or not has_port or not _HOST.fullmatch(parts.netloc):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
