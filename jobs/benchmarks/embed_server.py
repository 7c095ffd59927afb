"""The app in a process of its own, as ``nigiwai web`` serves it: for load and for kill -9.

``python -m jobs.benchmarks.embed_server`` serves what the settings of its environment name,
until it is ended. There are no engines: nobody asks it to analyse anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping

from jobs.serving import listen, server_for
from webapp.app import build_app
from webapp.database import close_database, open_database
from webapp.plugins import Engines
from webapp.services import build_services, keep_what_is_loaded
from webapp.settings import PREFIX, Settings, read_settings

HOST = "127.0.0.1"
# Seconds that a process may take to begin.
PATIENCE = 60.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that serves these settings' ``listen_port``; killed in the end, if it lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, env=_environment(settings)
    )
    try:
        await _until_it_listens(process, settings.listen_port)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until_it_listens(process: asyncio.subprocess.Process, port: int) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        if process.returncode is not None:
            break
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the app did not begin to serve (status {process.returncode})")


def _environment(settings: Settings) -> Mapping[str, str]:
    """The environment of this process, with these settings and no others."""
    given = {
        "data_dir": str(settings.data_dir),
        "database_url": settings.database_url,
        "secret_key": settings.secret_key.get_secret_value(),
        "origin": settings.origin,
        "listen_host": HOST,
        "listen_port": str(settings.listen_port),
        "log_level": "ERROR",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name.upper(): value for name, value in given.items() if value}


async def _serve() -> None:
    settings = read_settings()
    services = build_services(settings, Engines((), {}))
    await open_database(settings)
    try:
        server = server_for(build_app(services))
        keep_what_is_loaded()
        await server.serve(sockets=[listen(settings.listen_host, settings.listen_port)])
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(_serve())
