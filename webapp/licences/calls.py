"""Counting calls against the month's quota (E3): the table is the one truth, and is exact."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp.database import is_postgres, returned_rows, run_statement, transaction
from webapp.domain.licences import local_day, month_name, quota_on, terms_on
from webapp.licences import metered_keys
from webapp.licences.standing import as_changes, changes_of
from webapp.models import CallMonth, Organisation

# Keys in one statement; four values each, and every database takes thousands of them.
MOST_KEYS = 500

# How long it may take to reach the COMMIT, in seconds, and how long that may take then: a database
# that does not answer keeps nobody waiting for ever.
LIMIT = 5.0
COMMIT_LIMIT = 60.0

# Written out: this is done for every few views, and to make a statement took longer than to run it.
_MONTH = "SELECT id, calls FROM call_month WHERE organisation_id = $1 AND month = $2"
_RAISE = "UPDATE call_month SET calls = calls + $1 WHERE id = $2"

_ADD = """
INSERT INTO call_count (organisation_id, "key", day, calls) VALUES {rows}
ON CONFLICT (organisation_id, "key", day) DO UPDATE SET calls = call_count.calls + excluded.calls
RETURNING "key", calls
"""


async def count_calls(
    organisation: Organisation, wanted: Mapping[str, int], at: datetime
) -> dict[str, int]:
    """Grant calls by key, as many as the month has left; returns how many each key was granted.

    One transaction, for as many calls as have come together:
    1. hold the row of the organisation's month (by its own calendar),
    2. grant in the order of ``wanted`` until the quota of today's licences is used up,
    3. raise the month, and the day of each key, by what was granted,
    4. write down what a key is of with the first call of its day.

    Raises whatever the database raises, and ``TimeoutError`` when all of this takes longer than
    ``LIMIT``: then nothing was counted. One exception: when the connection breaks in the middle of
    the COMMIT, or that is not answered for ``COMMIT_LIMIT``, nobody knows whether it was.
    """
    day = local_day(at, ZoneInfo(organisation.time_zone))
    async with asyncio.timeout(LIMIT) as limit:
        quota = quota_on(terms_on(as_changes(await changes_of(organisation)), day), day)
        async with transaction() as db:
            granted = await _grant(organisation.id, wanted, day, quota, db)
            # A COMMIT that is merely slow is waited for: it would be done all the same, and its
            # viewers, told that it failed, would pay again.
            limit.reschedule(asyncio.get_running_loop().time() + COMMIT_LIMIT)
    return granted


async def _grant(
    organisation_id: int,
    wanted: Mapping[str, int],
    day: date,
    quota: int | None,
    db: BaseDBAsyncClient,
) -> dict[str, int]:
    """What each key is granted of what the month has left, written into the open transaction."""
    month, used = await _held_month(organisation_id, month_name(day), db)
    left = sum(wanted.values()) if quota is None else max(0, quota - used)
    granted: dict[str, int] = {}
    for key, calls in wanted.items():
        granted[key] = min(calls, left)
        left -= granted[key]
    if total := sum(granted.values()):
        await run_statement(db, _RAISE, [total, month])
        new = await _add(organisation_id, granted, day, db)
        if new:
            await metered_keys.keep(organisation_id, new, db)
    return granted


async def _held_month(organisation_id: int, name: str, db: BaseDBAsyncClient) -> tuple[int, int]:
    """Id and calls of a month's row, which nobody else changes until the transaction ends."""
    # SQLite has one writer at a time.
    statement = f"{_MONTH} FOR UPDATE" if is_postgres(db) else _MONTH
    rows = await run_statement(db, statement, [organisation_id, name])
    if not rows:
        row = CallMonth(organisation_id=organisation_id, month=name)
        await CallMonth.bulk_create([row], ignore_conflicts=True, using_db=db)
        rows = await run_statement(db, statement, [organisation_id, name])
    month, calls = rows[0]
    return month, calls


async def _add(
    organisation_id: int, granted: Mapping[str, int], day: date, db: BaseDBAsyncClient
) -> list[str]:
    """Raise the day of each key; the keys whose first calls of the day these were."""
    # In one order for everybody, so that nobody waits in a ring.
    keys = sorted(key for key, calls in granted.items() if calls)
    kept_day = day if is_postgres(db) else day.isoformat()
    new = []
    for first in range(0, len(keys), MOST_KEYS):
        values: list[Any] = []
        for key in keys[first : first + MOST_KEYS]:
            values += [organisation_id, key, kept_day, granted[key]]
        places = (f"(${n}, ${n + 1}, ${n + 2}, ${n + 3})" for n in range(1, len(values), 4))
        rows = await returned_rows(db, _ADD.format(rows=", ".join(places)), values)
        # Nobody counts nought calls: a row that holds no more than these is new.
        new += [row["key"] for row in rows if row["calls"] == granted[row["key"]]]
    return new
