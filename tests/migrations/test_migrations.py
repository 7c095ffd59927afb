"""The migration guard: Tortoise's SQLite migrations rebuild tables, and can lose rows,
indexes and uniques on the way. What was filled at any landed state must come out whole."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.migrations.api.migrate import migrate as run_migrations
from tortoise.migrations.autodetector import MigrationAutodetector

from webapp.database import close_database, migrate, tortoise_config
from webapp.models import fields as model_fields
from webapp.settings import Settings

MIGRATIONS = sorted(path.stem for path in Path("migrations/core").glob("[0-9]*.py"))


async def test_models_and_migrations_say_the_same(database: Settings) -> None:
    config = tortoise_config(database)
    detector = MigrationAutodetector(Tortoise.apps, config["apps"])
    assert await detector.changes() == []


@pytest.mark.parametrize("landed", MIGRATIONS)
def test_a_filled_database_comes_out_whole(landed: str, tmp_path: Path) -> None:
    old = Settings(data_dir=tmp_path / "old")
    fresh = Settings(data_dir=tmp_path / "fresh")
    asyncio.run(_migrate_to(old, landed))
    before = _fill(tmp_path / "old" / "nigiwai.db")
    assert all(before.values()), "every table holds rows before the migration"
    asyncio.run(migrate(old))
    asyncio.run(migrate(fresh))
    after = _rows(tmp_path / "old" / "nigiwai.db")
    assert {table: after[table] for table in before if table in after} == before
    assert _shape(tmp_path / "old" / "nigiwai.db") == _shape(tmp_path / "fresh" / "nigiwai.db")


def test_migrated_tables_are_as_unique_as_the_models_say(tmp_path: Path) -> None:
    migrated, generated = tmp_path / "migrated", tmp_path / "generated"
    asyncio.run(migrate(Settings(data_dir=migrated)))
    asyncio.run(_generate(Settings(data_dir=generated)))
    wanted = _uniques(generated / "nigiwai.db")
    assert wanted
    assert wanted <= _uniques(migrated / "nigiwai.db")


async def test_postgres_keeps_observations_in_partitions(postgres: Settings) -> None:
    connection = await asyncpg.connect(postgres.database_url)
    try:
        kind = await connection.fetchval(
            "SELECT relkind FROM pg_class WHERE oid = 'observation'::regclass"
        )
        keys = await connection.fetch(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'observation'"
        )
    finally:
        await connection.close()
    assert kind == b"p"
    assert any("UNIQUE" in row[0] and "camera_id, minute" in row[0] for row in keys)


def test_no_statement_is_split_inside_a_comment() -> None:
    """Tortoise writes a model's docstring into its SQL and splits that at semicolons."""
    for path in Path("migrations/core").glob("[0-9]*.py"):
        assert not re.search(r"table_description': (['\"])[^'\"]*;", path.read_text()), path


def test_identifiers_and_keys_are_long_enough() -> None:
    assert len(model_fields.access_key()) * 6 >= 128
    assert len({model_fields.public_id() for _ in range(1000)}) == 1000


async def _migrate_to(settings: Settings, target: str) -> None:
    settings.data_dir.mkdir(parents=True)
    config = tortoise_config(settings)
    await run_migrations(config=config, target=f"core.{target}")
    await close_database()


async def _generate(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True)
    await Tortoise.init(config=tortoise_config(settings))
    await Tortoise.generate_schemas()
    await close_database()


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "AND name NOT LIKE 'tortoise_%'"
    )
    return [name for (name,) in rows]


def _fill(path: Path) -> dict[str, int]:
    """Put two rows into every table, parents before children, by the tables' own shape."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for table in _tables(connection):
            columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            for number in (1, 2):
                values = [_value(column, number) for column in columns]
                marks = ", ".join("?" * len(values))
                connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', values)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    return _rows(path)


def _value(column: tuple[object, ...], number: int) -> object:
    name, kind = str(column[1]), str(column[2]).upper()
    if name == "id" or (name.endswith("_id") and "INT" in kind):
        return number
    if "INT" in kind or "BOOL" in kind:
        return number
    if "TIMESTAMP" in kind or "DATE" in kind:
        return f"2026-01-0{number} 00:00:00+00:00"
    return f'{{"n": {number}}}' if "JSON" in kind else f"{name}{number}"


def _rows(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        return {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
            for table in _tables(connection)
        }
    finally:
        connection.close()


def _shape(path: Path) -> dict[str, object]:
    """Columns, indexes and uniques of every table."""
    connection = sqlite3.connect(path)
    try:
        return {
            table: (
                sorted(
                    (row[1], row[2], row[3], row[5])
                    for row in connection.execute(f'PRAGMA table_info("{table}")')
                ),
                sorted(_indexes(connection, table)),
                sorted(
                    (row[2], row[3], row[6])
                    for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')
                ),
            )
            for table in _tables(connection)
        }
    finally:
        connection.close()


def _indexes(connection: sqlite3.Connection, table: str) -> set[tuple[bool, tuple[str, ...]]]:
    found = set()
    for row in connection.execute(f'PRAGMA index_list("{table}")').fetchall():
        columns = connection.execute(f'PRAGMA index_info("{row[1]}")').fetchall()
        found.add((bool(row[2]), tuple(str(column[2]) for column in columns)))
    return found


def _uniques(path: Path) -> set[tuple[str, tuple[str, ...]]]:
    connection = sqlite3.connect(path)
    try:
        return {
            (table, columns)
            for table in _tables(connection)
            for unique, columns in _indexes(connection, table)
            if unique
        }
    finally:
        connection.close()
