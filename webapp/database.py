"""Opening and closing the database, and bringing its tables up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.api.migrate import migrate as run_migrations

from webapp.errors import StartRefused
from webapp.settings import Settings

APP = "core"


def tortoise_config(settings: Settings) -> dict[str, Any]:
    """Tortoise's configuration for these settings."""
    alias = connection_name(settings)
    return {
        "connections": {alias: database_url(settings)},
        "apps": {
            APP: {
                "models": ["webapp.models"],
                "default_connection": alias,
                "migrations": "migrations.core",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def connection_name(settings: Settings) -> str:
    """Tortoise caches SQL by connection name, so each dialect has a name of its own."""
    return "sqlite" if settings.is_sqlite else "postgres"


def database_url(settings: Settings) -> str:
    """The database's address, with SQLite's pragmas where it is one."""
    if not settings.is_sqlite:
        return settings.database_url
    return f"sqlite://{sqlite_path(settings)}?journal_mode=WAL&synchronous=NORMAL&foreign_keys=ON"


def sqlite_path(settings: Settings) -> Path:
    """The database's file, when it is SQLite."""
    given = settings.database_url.removeprefix("sqlite://")
    return Path(given) if given else settings.data_dir / "nigiwai.db"


async def open_database(settings: Settings) -> None:
    """Connect once for the whole process. Call before servers and workers start."""
    if settings.is_sqlite:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    await Tortoise.init(config=tortoise_config(settings), _enable_global_fallback=True)


async def close_database() -> None:
    """Close every connection."""
    await Tortoise.close_connections()


async def migrate(settings: Settings) -> None:
    """Bring the tables up to date.

    SQLite rebuilds a table to alter it, and ON DELETE CASCADE would then empty the
    tables that point at it: its foreign keys are off meanwhile and are checked after.
    """
    config = tortoise_config(settings)
    if settings.is_sqlite:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        config["connections"]["sqlite"] = database_url(settings).replace(
            "foreign_keys=ON", "foreign_keys=OFF"
        )
    await run_migrations(config=config)
    if settings.is_sqlite:
        _, rows = await get_connection("sqlite").execute_query("PRAGMA foreign_key_check")
        if rows:
            raise StartRefused(f"The database has {len(rows)} rows that point at nothing.")
    await Tortoise.close_connections()
