"""The migration guard: Tortoise's SQLite migrations rebuild tables, and can lose rows,
indexes and uniques on the way. What was filled at any landed state must come out whole."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.exceptions import BaseORMException
from tortoise.migrations.api.migrate import migrate as run_migrations
from tortoise.migrations.autodetector import MigrationAutodetector

from webapp.database import close_database, migrate, tortoise_config
from webapp.models import AuditEntry, Organisation
from webapp.models import fields as model_fields
from webapp.settings import Settings

# Tables that a migration may drop with what is in them: nothing ever wrote there, or it was
# made into something else.
DROPPED = {"0019_embeds": {"group_page"}, "0027_pages_are_embeds": {"public_page"}}
# Tables that a migration adds to, with what it turned into rows there.
GROWN = {"0027_pages_are_embeds": {"embed_variant": 2}}
FILES = {"core": "nigiwai.db", "identity": "identity.db"}


async def test_models_and_migrations_say_the_same(database: Settings) -> None:
    config = tortoise_config(database)
    detector = MigrationAutodetector(Tortoise.apps, config["apps"])
    assert await detector.changes() == []


@pytest.mark.timeout(900)  # each landed state is filled: it takes longer with every migration
@pytest.mark.parametrize("app", FILES)
def test_every_migration_keeps_what_was_there(
    app: str, tmp_path: Path, migrated_sqlite: Path
) -> None:
    """Step by step: a database filled at any state comes out of the next step whole, and is then
    of the very shape that an empty one has; so what was filled at any state comes out at the end.
    """
    names = [path.stem for path in sorted(Path("migrations", app).glob("[0-9]*.py"))]
    empty = tmp_path / "empty" / FILES[app]
    asyncio.run(_migrate_and_keep(app, empty, tmp_path))
    for name, following in pairwise([*names[1:], "empty"]):
        filled = tmp_path / name / FILES[app]
        before = fill(filled)
        assert all(before.values()), "every table holds rows before the migration"
        asyncio.run(migrate(Settings(data_dir=filled.parent), (app, name)))
        after = _rows(filled)
        kept = before.keys() - DROPPED.get(name, set())
        more = GROWN.get(name, {})
        wanted = {table: before[table] + more.get(table, 0) for table in kept}
        assert {table: after.get(table) for table in kept} == wanted, name
        assert _shape(filled) == _shape(tmp_path / following / FILES[app]), name
    assert _shape(empty) == _shape(migrated_sqlite / FILES[app])


@pytest.mark.parametrize("file", FILES.values())
def test_migrated_tables_are_as_unique_as_the_models_say(
    file: str, tmp_path: Path, migrated_sqlite: Path
) -> None:
    generated = tmp_path / "generated"
    asyncio.run(_generate(Settings(data_dir=generated)))
    wanted = _uniques(generated / file)
    assert wanted
    assert wanted <= _uniques(migrated_sqlite / file)


async def test_nobody_changes_the_audit_log(any_database: Settings) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    entry = await AuditEntry.create(
        organisation=organisation, at=datetime.now(UTC), action="camera.add"
    )
    with pytest.raises((BaseORMException, asyncpg.RaiseError), match="only added to"):
        await AuditEntry.filter(id=entry.id).update(action="nothing")
    with pytest.raises((BaseORMException, asyncpg.RaiseError), match="only added to"):
        await entry.delete()
    assert await AuditEntry.filter(action="camera.add").count() == 1


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
    for path in Path("migrations").glob("*/[0-9]*.py"):
        assert not re.search(r"table_description': (['\"])[^'\"]*;", path.read_text()), path


def test_identifiers_and_keys_are_long_enough() -> None:
    assert len(model_fields.access_key()) * 6 >= 128
    assert len({model_fields.public_id() for _ in range(1000)}) == 1000


async def _migrate_and_keep(app: str, file: Path, folder: Path) -> None:
    """Migrate an empty ``file`` in one go; ``folder`` keeps it as it was before each migration."""

    def keep(event: str, _: str, name: str) -> None:
        if event == "apply_start":
            (folder / name).mkdir()
            copy = sqlite3.connect(folder / name / file.name)
            with closing(sqlite3.connect(file)) as now, closing(copy):
                now.backup(copy)

    file.parent.mkdir()
    config = tortoise_config(Settings(data_dir=file.parent), (app,))
    await run_migrations(config=config, app_labels=[app], progress=keep)
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


def fill(path: Path) -> dict[str, int]:
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
