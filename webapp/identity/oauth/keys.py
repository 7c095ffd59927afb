"""The keys that sign tokens: made on demand, sealed at rest, followed by new ones in time.

A new key is published an hour before it signs, longer than applications keep the list. The
old one stays published until the last sign-in that it signed for is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import anyio.to_thread
from joserfc.jwk import KeySet, RSAKey
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q

from webapp.database import IDENTITY, transaction
from webapp.errors import PermanentFailure
from webapp.identity.models import SigningKey
from webapp.identity.parts import Parts
from webapp.sealing import Sealer

ALGORITHM = "RS256"  # the one that every relying party has to know
_BITS = 2048

PUBLISHED_AHEAD = timedelta(hours=1)
LIST_KEPT = timedelta(minutes=5)  # by applications, as the answer allows
SIGNS_FOR = timedelta(days=90)


async def signing_key(parts: Parts, at: datetime) -> RSAKey:
    """The key that signs now. The first one is made when it is asked for."""
    return await _find(parts, at) or await _make_first(parts, at)


async def published_keys(parts: Parts, at: datetime) -> dict[str, Any]:
    """The public halves, for applications: a JSON Web Key Set."""
    await signing_key(parts, at)
    rows = await SigningKey.filter(_published(at)).order_by("id")
    return dict(KeySet(_open(parts.keys, rows)).as_dict(private=False))


async def known_keys(parts: Parts) -> KeySet:
    """Every key that may have signed a token that comes back to us."""
    return KeySet(_open(parts.keys, await SigningKey.all().order_by("id")))


async def rotate_keys(parts: Parts, at: datetime) -> str:
    """Publish a new key at once, which signs from one hour later; returns its id."""
    await signing_key(parts, at)
    key = await anyio.to_thread.run_sync(_generate)
    async with transaction(IDENTITY) as connection:
        await _alone(connection)
        await _follow(parts, key, at)
    return str(key.kid)


async def rotate_old_keys(parts: Parts, at: datetime) -> str | None:
    """What a keeper calls every day: a new key when the youngest is 90 days old; its id."""
    if not await _is_old(at):
        return None
    key = await anyio.to_thread.run_sync(_generate)
    async with transaction(IDENTITY) as connection:
        await _alone(connection)
        if not await _is_old(at):  # another process was quicker
            return None
        await _follow(parts, key, at)
    return str(key.kid)


async def _is_old(at: datetime) -> bool:
    youngest = await SigningKey.all().order_by("-signs_from").first()
    return youngest is not None and youngest.signs_from <= at - SIGNS_FOR


async def _follow(parts: Parts, key: RSAKey, at: datetime) -> None:
    """Let a new key follow the ones there are, and forget those that signed nothing alive."""
    signs_from = at + PUBLISHED_AHEAD
    over = signs_from + timedelta(hours=parts.settings.session_hours)
    await SigningKey.filter(published_until=None).update(published_until=over)
    await _keep(parts, key, signs_from)
    await SigningKey.filter(published_until__lte=at).delete()


async def _make_first(parts: Parts, at: datetime) -> RSAKey:
    """Make the first key. Of several processes that want to, one does it."""
    key = await anyio.to_thread.run_sync(_generate)
    async with transaction(IDENTITY) as connection:
        await _alone(connection)
        found = await _find(parts, at)
        if found is None:
            # Back-dated, so that whoever waited here with an earlier clock finds it.
            await _keep(parts, key, at - PUBLISHED_AHEAD)
    return found or key


async def _find(parts: Parts, at: datetime) -> RSAKey | None:
    rows = await SigningKey.filter(_published(at), signs_from__lte=at).order_by("-signs_from", "id")
    return next(iter(_open(parts.keys, rows)), None)


async def _keep(parts: Parts, key: RSAKey, signs_from: datetime) -> None:
    sealed = parts.keys.seal(dict(key.as_dict(private=True)))
    await SigningKey.create(kid=str(key.kid), sealed=sealed, signs_from=signs_from)


async def _alone(connection: BaseDBAsyncClient) -> None:
    """Let one process at a time change the keys; SQLite has one writer anyway."""
    if connection.capabilities.dialect == "postgres":
        await connection.execute_query(
            "SELECT pg_advisory_xact_lock(hashtext('nigiwai signing keys'))"
        )


def _published(at: datetime) -> Q:
    return Q(published_until=None) | Q(published_until__gt=at)


def _generate() -> RSAKey:
    return RSAKey.generate_key(_BITS, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)


def _open(sealer: Sealer, rows: Iterable[SigningKey]) -> list[Any]:
    """The keys of these rows, without those that another secret key sealed: they are lost."""
    keys = [_unseal(sealer, row.sealed) for row in rows]
    return [key for key in keys if key is not None]


@lru_cache(maxsize=32)
def _unseal(sealer: Sealer, sealed: str) -> RSAKey | None:
    # Checking a private key takes 40 ms, which every token would wait for.
    try:
        return RSAKey.import_key(sealer.unseal(sealed))
    except PermanentFailure:
        return None
