"""Removing what has been kept long enough, and making room for the months to come."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient

from jobs import manifests, outages, sql
from webapp import heartbeat
from webapp.database import transaction
from webapp.history import files
from webapp.models import Heartbeat, LoginLink, Outbox, Session
from webapp.settings import Settings

# Ledger rows serve for hours, not with the counts.
SLOTS_KEPT = timedelta(hours=6)
LINKS_KEPT = timedelta(days=1)
OUTBOX_KEPT = timedelta(days=7)
GIVEN_UP_KEPT = timedelta(days=90)
WORKERS_KEPT = timedelta(days=1)
MONTHS_AHEAD = 2
_BATCH = 5000

log = structlog.get_logger(__name__)

_REMOVE_OLDER = """
WITH gone AS (SELECT id FROM {table} WHERE {column} < $1 LIMIT $2)
DELETE FROM {table} WHERE {column} < $1 AND id IN (SELECT id FROM gone)
RETURNING id
"""

# Rows of the month may lie in the default partition already, when nobody made it in time.
_MAKE_PARTITION = """
CREATE TABLE "{name}" (LIKE "observation" INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
WITH moved AS (
    DELETE FROM "observation_default"
    WHERE "minute" >= '{first}' AND "minute" < '{following}' RETURNING *
) INSERT INTO "{name}" SELECT * FROM moved;
ALTER TABLE "observation" ATTACH PARTITION "{name}" FOR VALUES FROM ('{first}') TO ('{following}');
"""


async def retain(settings: Settings, at: datetime) -> None:
    """Remove what is too old at ``at``.

    1. Counts, and events of alerts, older than ``counts_kept_days``: whole months at once where
       the database keeps them in partitions, row by row in batches at the edge.
    2. Manifests of pictures older than 30 days, and what only they needed.
    3. Ledger rows, sign-ins, links, delivered outbox rows, workers that are gone.
    """
    db = sql.connection(settings)
    oldest = at - timedelta(days=settings.counts_kept_days)
    if sql.is_postgres(db):
        await make_partitions(db, at)
        await drop_partitions(db, oldest)
    await _remove_older(db, "observation", oldest)
    await _remove_older(db, "camera_quarter", oldest, "quarter")
    await _remove_older(db, "group_observation", oldest)
    await _remove_older(db, "alert_event", oldest)
    await _remove_older(db, "group_quarter", oldest, "quarter")
    await manifests.retain(db, at)
    await _remove_older(db, "slot", at - SLOTS_KEPT)
    await files.remove_expired(at)
    await LoginLink.filter(expires_at__lt=at - LINKS_KEPT).delete()
    await Session.filter(expires_at__lt=at).delete()
    await Outbox.filter(done_at__lt=at - OUTBOX_KEPT).delete()
    await Outbox.filter(given_up_at__lt=at - GIVEN_UP_KEPT).delete()
    await outages.forget(at)
    await Heartbeat.filter(name__startswith=heartbeat.WORKER, at__lt=at - WORKERS_KEPT).delete()


async def make_partitions(db: BaseDBAsyncClient, at: datetime) -> None:
    """Make the partitions of this month and the next ``MONTHS_AHEAD``."""
    existing = await _partitions(db)
    first = _month(at)
    for _ in range(MONTHS_AHEAD + 1):
        following = _month(first + timedelta(days=32))
        if _name(first) not in existing:
            await _make_partition(first, following)
        first = following


async def drop_partitions(db: BaseDBAsyncClient, oldest: datetime) -> None:
    """Drop the months that lie wholly before ``oldest``."""
    for name in await _partitions(db):
        year, month = int(name[-7:-3]), int(name[-2:])
        following = _month(datetime(year, month, 1, tzinfo=UTC) + timedelta(days=32))
        if following <= oldest:
            await db.execute_script(f'DROP TABLE IF EXISTS "{name}"')
            log.info("counts of a month removed", partition=name)


async def _make_partition(first: datetime, following: datetime) -> None:
    name = _name(first)
    async with transaction() as db:
        await db.execute_query("SELECT pg_advisory_xact_lock(hashtext('nigiwai partitions'))")
        if name in await _partitions(db):
            return
        script = _MAKE_PARTITION.replace("{name}", name)
        script = script.replace("{first}", first.isoformat())
        await db.execute_script(script.replace("{following}", following.isoformat()))


async def _partitions(db: BaseDBAsyncClient) -> list[str]:
    rows = await sql.fetch(
        db,
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = 'observation'::regclass",
    )
    names = sorted(str(row["name"]).strip('"') for row in rows)
    return [name for name in names if re.fullmatch(r"observation_\d{4}_\d{2}", name)]


async def _remove_older(
    db: BaseDBAsyncClient, table: str, oldest: datetime, column: str = "minute"
) -> None:
    """Delete in batches, so that nobody waits for one long transaction."""
    statement = _REMOVE_OLDER.replace("{table}", table).replace("{column}", column)
    while len(await sql.fetch(db, statement, [oldest, _BATCH])) == _BATCH:
        continue


def _month(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _name(first: datetime) -> str:
    return f"observation_{first:%Y_%m}"
