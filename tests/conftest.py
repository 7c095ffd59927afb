"""What all tests share: settings of their own, a migrated database, no way outside."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from webapp.database import close_database, migrate, open_database
from webapp.settings import Settings

SECRET = SecretStr("s" * 40)
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
IN_CI = os.environ.get("CI") == "true"


def missing(what: str) -> None:
    """Skip for a missing part; in CI that is a failure."""
    if IN_CI:
        pytest.fail(f"{what} is missing, and CI must not skip.")
    pytest.skip(f"{what} is missing")


# Files whose tests measure time, kill processes, or want a server or an engine for themselves.
# They run one after another (`-m alone`); all others share the cores (`-m "not alone"`).
ALONE = (
    "commands/test_bench.py",
    "connectors/test_hostile_camera.py",
    "connectors/test_http_snapshot.py",
    "connectors/test_kit.py",
    "connectors/test_onvif.py",
    "connectors/test_rtsp.py",
    "connectors/test_talkative_camera.py",
    "engines/test_kit.py",
    "identity/test_timing.py",
    "jobs/test_acquisition.py",
    "jobs/test_analysis_pool.py",
    "jobs/test_bad_engines.py",
    "jobs/test_commands.py",
    "jobs/test_identity_command.py",
    "jobs/test_identity_keeper.py",
    "jobs/test_memory.py",
    "jobs/test_newcomer.py",
    "jobs/test_valkey.py",
    "jobs/test_worker.py",
    "trust/test_kill_meter.py",
    "trust/test_kill_worker.py",
    "trust/test_ssrf.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that must not share the machine."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).as_posix() in ALONE:
            item.add_marker(pytest.mark.alone)


def pytest_configure(config: pytest.Config) -> None:
    """No setting of the machine reaches a test; sockets reach this machine only."""
    for name in [name for name in os.environ if name.startswith("NIGIWAI_")]:
        del os.environ[name]


def pytest_runtest_setup() -> None:
    """Outside addresses are blocked."""
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of migrated, empty SQLite files, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("migrated")
    asyncio.run(migrate(Settings(data_dir=folder)))
    return folder


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database that serves as a template."""
    name = f"nigiwai_test_{secrets.token_hex(6)}"
    try:
        asyncio.run(_postgres(f'CREATE DATABASE "{name}"'))
    except (OSError, asyncpg.PostgresError):
        missing("PostgreSQL")
    try:
        asyncio.run(migrate(Settings(database_url=_postgres_url(name))))
        yield name
    finally:
        asyncio.run(_postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of one process on SQLite in a folder of the test's own."""
    footage = tmp_path / "data" / "footage"
    footage.mkdir(parents=True)
    return Settings(data_dir=tmp_path / "data", footage_dir=footage, secret_key=SECRET)


@pytest.fixture
async def database(settings: Settings, migrated_sqlite: Path) -> AsyncIterator[Settings]:
    """An empty, migrated SQLite database, open."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    for file in ("nigiwai.db", "identity.db"):
        shutil.copy(migrated_sqlite / file, settings.data_dir / file)
    await open_database(settings)
    yield settings
    await close_database()


@pytest.fixture
def postgres_settings(settings: Settings, migrated_postgres: str) -> Iterator[Settings]:
    """Settings of many processes on a PostgreSQL database of the test's own."""
    name = f"nigiwai_test_{secrets.token_hex(6)}"
    asyncio.run(_postgres(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_postgres}"'))
    yield settings.model_copy(update={"database_url": _postgres_url(name)})
    asyncio.run(_postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
async def postgres(postgres_settings: Settings) -> AsyncIterator[Settings]:
    """An empty, migrated PostgreSQL database, open."""
    await open_database(postgres_settings)
    yield postgres_settings
    await close_database()


@pytest.fixture(params=["sqlite", "postgres"])
def any_database(request: pytest.FixtureRequest) -> Settings:
    """Either database, open: for what must hold on both."""
    name = "database" if request.param == "sqlite" else "postgres"
    value: Settings = request.getfixturevalue(name)
    return value


async def _postgres(statement: str) -> None:
    connection = await asyncpg.connect(POSTGRES)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _postgres_url(name: str) -> str:
    return POSTGRES.rsplit("/", 1)[0] + "/" + name
