"""Opening and closing the database, and bringing its tables up to date."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.backends.base.client import (
    BaseDBAsyncClient,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.connection import get_connection
from tortoise.migrations.api.migrate import migrate as run_migrations
from tortoise.transactions import in_transaction

from webapp.errors import StartRefused
from webapp.settings import Settings

APP = "core"
IDENTITY = "identity"
APPS = (APP, IDENTITY)

_MODELS = {APP: "webapp.models", IDENTITY: "webapp.identity.models"}
_FILES = {APP: "nigiwai.db", IDENTITY: "identity.db"}


def apps_of(settings: Settings) -> tuple[str, ...]:
    """The apps whose tables this installation keeps: another provider keeps its own."""
    return APPS if settings.has_own_identity else (APP,)


def tortoise_config(settings: Settings, apps: Sequence[str] = APPS) -> dict[str, Any]:
    """Tortoise's configuration for these settings, and for these apps alone."""
    return {
        "connections": {
            connection_name(settings, app): database_url(settings, app) for app in apps
        },
        "apps": {
            app: {
                "models": [_MODELS[app]],
                "default_connection": connection_name(settings, app),
                "migrations": f"migrations.{app}",
            }
            for app in apps
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def connection_name(settings: Settings, app: str = APP) -> str:
    """Tortoise caches SQL by connection name, so each dialect has a name of its own."""
    dialect = "sqlite" if is_sqlite(settings, app) else "postgres"
    return dialect if app == APP else f"{app}_{dialect}"


def is_sqlite(settings: Settings, app: str = APP) -> bool:
    """Whether the app's tables are in a file of this process alone."""
    return not _given_url(settings, app).startswith("postgres")


def database_url(settings: Settings, app: str = APP) -> str:
    """The database's address, with SQLite's pragmas where it is one."""
    if not is_sqlite(settings, app):
        return _given_url(settings, app)
    path = sqlite_path(settings, app)
    return f"sqlite://{path}?journal_mode=WAL&synchronous=NORMAL&foreign_keys=ON"


def sqlite_path(settings: Settings, app: str = APP) -> Path:
    """The database's file, when it is SQLite."""
    given = _given_url(settings, app).removeprefix("sqlite://")
    return Path(given) if given else settings.data_dir / _FILES[app]


def _given_url(settings: Settings, app: str) -> str:
    if app == APP:
        return settings.database_url
    # PostgreSQL may hold both apps' tables; two SQLite files keep two writers apart.
    beside = "" if settings.is_sqlite else settings.database_url
    return settings.identity_database_url or beside


async def open_database(settings: Settings, apps: Sequence[str] | None = None) -> None:
    """Connect once for the whole process. Call before servers and workers start."""
    apps = apps_of(settings) if apps is None else apps
    _make_folder(settings, apps)
    await Tortoise.init(config=tortoise_config(settings, apps), _enable_global_fallback=True)
    for app in apps:
        if is_sqlite(settings, app):
            # Connected here, no task can be cancelled while it connects and holds the one lock.
            await get_connection(connection_name(settings, app)).execute_query("SELECT 1")


def transaction(app: str = APP) -> TransactionContext:
    """Begin a transaction on the open database of that app."""
    model = next(iter((Tortoise.apps or {})[app].values()))
    name = model._meta.default_connection  # noqa: SLF001 - no other way is given
    return _Transaction(in_transaction(name))


class _Transaction(TransactionContext):
    """A transaction that leaves nothing behind when its task is cancelled while it begins.

    Tortoise takes SQLite's lock, or a connection of the pool, and then waits for BEGIN. Cancelled
    there it would keep what it took: on SQLite every later query would wait for ever.
    """

    def __init__(self, context: TransactionContext) -> None:
        self._context = context

    async def __aenter__(self) -> TransactionalDBClient:
        try:
            return await self._context.__aenter__()
        except BaseException as error:
            if hasattr(self._context, "token"):  # set once the lock or the connection was taken
                with contextlib.suppress(Exception):
                    await self._context.__aexit__(type(error), error, error.__traceback__)
            raise

    async def __aexit__(self, *error: Any) -> None:
        await self._context.__aexit__(*error)


def current_connection(app: str = APP) -> BaseDBAsyncClient:
    """The open connection of an app's tables, or the open transaction of this task."""
    model = next(iter((Tortoise.apps or {})[app].values()))
    return get_connection(model._meta.default_connection)  # noqa: SLF001 - as above


def is_postgres(db: BaseDBAsyncClient) -> bool:
    """Tell whether ``db`` is PostgreSQL."""
    return db.capabilities.dialect == "postgres"


async def run_statement(
    db: BaseDBAsyncClient, statement: str, values: Sequence[Any] = ()
) -> Sequence[Any]:
    """Run a statement that is written with ``$1`` placeholders; its rows are read by position."""
    _, rows = await db.execute_query(_for_dialect(db, statement), list(values))
    return rows


async def returned_rows(
    db: BaseDBAsyncClient, statement: str, values: Sequence[Any]
) -> list[dict[str, Any]]:
    """Run a statement that changes rows, and give what it says after RETURNING of each."""
    rows: list[dict[str, Any]] = await db.execute_query_dict(
        _for_dialect(db, statement), list(values)
    )
    return rows


def _for_dialect(db: BaseDBAsyncClient, statement: str) -> str:
    if is_postgres(db):
        return statement
    return re.sub(r"::\w+", "", statement).replace("$", "?")


async def shared_now(app: str = APP) -> datetime:
    """The time by the clock that all processes share: the database's.

    SQLite has one process, so its own clock serves.
    """
    db = current_connection(app)
    if not is_postgres(db):
        return datetime.now(UTC)
    rows = await db.execute_query_dict("SELECT clock_timestamp() AS now")
    now: datetime = rows[0]["now"]
    return now.astimezone(UTC)


async def close_database() -> None:
    """Close every connection."""
    await Tortoise.close_connections()


async def migrate(settings: Settings, until: tuple[str, str] | None = None) -> None:
    """Bring the tables up to date, or those of one app ``until`` (app, migration).

    SQLite rebuilds a table to alter it, and ON DELETE CASCADE would then empty the
    tables that point at it: its foreign keys are off meanwhile and are checked after.
    """
    apps = (until[0],) if until else apps_of(settings)
    config = tortoise_config(settings, apps)
    _make_folder(settings, apps)
    for name, url in config["connections"].items():
        config["connections"][name] = url.replace("foreign_keys=ON", "foreign_keys=OFF")
    target = ".".join(until) if until else None
    await run_migrations(config=config, app_labels=list(apps), target=target)
    for app in apps:
        if is_sqlite(settings, app):
            connection = get_connection(connection_name(settings, app))
            _, rows = await connection.execute_query("PRAGMA foreign_key_check")
            if rows:
                raise StartRefused(f"The database has {len(rows)} rows that point at nothing.")
    await Tortoise.close_connections()


def _make_folder(settings: Settings, apps: Sequence[str]) -> None:
    if any(is_sqlite(settings, app) for app in apps):
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
