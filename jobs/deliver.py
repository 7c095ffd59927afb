"""Carrying out what the outbox holds: one row to one channel, retried, idempotent.

A row is claimed under a lease like a slot, so a worker that dies costs a lease. A channel
may be asked twice for the same row and must not mind.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import anyio.to_thread
import structlog
from tortoise.queryset import QuerySet

from jobs import sql
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.models import Outbox
from webapp.outbox import PICTURES_DELETE
from webapp.services import Services

LEASE = timedelta(seconds=60)
DEADLINE = 45.0  # seconds for one row; shorter than its lease
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
MOST_ATTEMPTS = 12
_BATCH = 20

Channel = Callable[[Services, Mapping[str, Any]], Awaitable[None]]

log = structlog.get_logger(__name__)

_CLAIM = """
WITH picked AS (
    SELECT id FROM outbox
    WHERE done_at IS NULL AND given_up_at IS NULL AND due_at <= $1
      AND (lease_until IS NULL OR lease_until <= $1)
    ORDER BY due_at LIMIT $2 {lock}
)
UPDATE outbox SET claim = $3, lease_until = $4, attempts = attempts + 1
WHERE id IN (SELECT id FROM picked)
RETURNING id
"""


async def deliver_due(services: Services, at: datetime) -> int:
    """Deliver the rows that are due, a batch; tell how many were tried."""
    token = secrets.token_hex(16)
    db = sql.connection(services.settings)
    claimed = await sql.fetch(db, _CLAIM, [at, _BATCH, token, at + LEASE])
    rows = await Outbox.filter(id__in=[row["id"] for row in claimed], claim=token)
    await asyncio.gather(*(_deliver(services, row, at) for row in rows))
    return len(rows)


def pause_after(attempts: int) -> timedelta:
    """Give the pause before the next attempt: twice as long each time, an hour at most."""
    doublings = max(0, min(attempts - 1, 20))
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doublings))


async def _deliver(services: Services, row: Outbox, at: datetime) -> None:
    """Carry out one row.

    1. Ask the channel, within its deadline.
    2. Done; or again after a pause; or given up, if it cannot succeed or never did.
    """
    channel = CHANNELS.get(row.kind, _no_channel)
    try:
        async with asyncio.timeout(DEADLINE):
            await channel(services, row.payload)
    except PermanentFailure as error:
        await _give_up(row, at, str(error))
    except (TemporaryFailure, TimeoutError, OSError) as error:
        await _try_again(row, at, str(error) or type(error).__name__)
    except Exception as error:
        log.exception("a channel failed", kind=row.kind, outbox=row.id)
        await _try_again(row, at, f"{type(error).__name__}: {error}")
    else:
        await _ours(row).update(done_at=at, lease_until=None, error="")


async def _try_again(row: Outbox, at: datetime, error: str) -> None:
    if row.attempts >= MOST_ATTEMPTS:
        await _give_up(row, at, error)
        return
    due = at + pause_after(row.attempts)
    await _ours(row).update(due_at=due, lease_until=None, error=error[:500])


async def _give_up(row: Outbox, at: datetime, error: str) -> None:
    log.error("given up", kind=row.kind, outbox=row.id, attempts=row.attempts, error=error)
    await _ours(row).update(given_up_at=at, lease_until=None, error=error[:500])


def _ours(row: Outbox) -> QuerySet[Outbox]:
    return Outbox.filter(id=row.id, claim=row.claim)


async def _no_channel(services: Services, payload: Mapping[str, Any]) -> None:  # noqa: ARG001
    raise PermanentFailure("There is no channel for this kind.")


async def _delete_pictures(services: Services, payload: Mapping[str, Any]) -> None:
    keys = [str(key) for key in payload.get("keys", [])]
    prefixes = [str(prefix) for prefix in payload.get("prefixes", [])]
    await anyio.to_thread.run_sync(_delete_below, services, keys, prefixes)


def _delete_below(services: Services, keys: list[str], prefixes: list[str]) -> None:
    storage = services.storage
    for prefix in prefixes:
        # An empty prefix, or that of a whole kind, would empty the store.
        if prefix.strip("/").count("/") < 1:
            raise PermanentFailure(f"{prefix!r} is no prefix of one camera's pictures.")
        keys = keys + [key for key, _ in storage.list_sync(prefix)]
    storage.delete_sync(keys)


CHANNELS: Mapping[str, Channel] = {PICTURES_DELETE: _delete_pictures}
