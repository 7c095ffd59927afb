"""SQL that PostgreSQL and SQLite both understand, written once.

Statements are written for PostgreSQL with ``$1`` placeholders (and ``$1::timestamptz`` where
it cannot tell the type); SQLite reads ``?1``.
``{lock}`` stands for ``FOR UPDATE SKIP LOCKED`` (``{lock_slot}`` for that on the table
``slot`` alone) and ``{wait}`` for ``FOR UPDATE``; SQLite has one writer at a time and needs
none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException

from webapp.database import APP, connection_name
from webapp.settings import Settings

# What a database that is away, or was restarted, answers with.
DATABASE_AWAY = (BaseORMException, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


def connection(settings: Settings, app: str = APP) -> BaseDBAsyncClient:
    """Give the connection of an app's tables, or the open transaction of this task."""
    return get_connection(connection_name(settings, app))


def is_postgres(db: BaseDBAsyncClient) -> bool:
    """Tell whether ``db`` is PostgreSQL."""
    return db.capabilities.dialect == "postgres"


async def fetch(
    db: BaseDBAsyncClient, statement: str, values: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """Run a statement and give its rows (those of ``RETURNING`` too)."""
    rows: list[dict[str, Any]] = await db.execute_query_dict(
        _for_dialect(db, statement), list(values)
    )
    return rows


async def run(db: BaseDBAsyncClient, statement: str, values: Sequence[Any] = ()) -> None:
    """Run a statement for its effect."""
    await db.execute_query(_for_dialect(db, statement), list(values))


async def run_many(db: BaseDBAsyncClient, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement once for each row of values, in one transaction."""
    if rows:
        await db.execute_many(_for_dialect(db, statement), [list(row) for row in rows])


async def database_now(db: BaseDBAsyncClient) -> datetime:
    """Read the clock that all workers share: the database's.

    SQLite has one process, so its own clock serves.
    """
    if not is_postgres(db):
        return datetime.now(UTC)
    rows = await fetch(db, "SELECT clock_timestamp() AS now")
    now: datetime = rows[0]["now"]
    return now.astimezone(UTC)


def as_instant(value: datetime | str) -> datetime:
    """Make an aware datetime of a timestamp column; SQLite gives text."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(UTC)


def _for_dialect(db: BaseDBAsyncClient, statement: str) -> str:
    postgres = is_postgres(db)
    statement = statement.replace("{lock}", "FOR UPDATE SKIP LOCKED" if postgres else "")
    statement = statement.replace(
        "{lock_slot}", "FOR UPDATE OF slot SKIP LOCKED" if postgres else ""
    )
    statement = statement.replace("{wait}", "FOR UPDATE" if postgres else "")
    return statement if postgres else statement.replace("::timestamptz", "").replace("$", "?")
