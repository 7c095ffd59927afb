"""``nigiwai serve``: app, worker and Valkey in one process, on SQLite unless told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import click
import uvicorn

from jobs.valkey import EmbeddedValkey
from jobs.worker import Worker
from webapp.app import build_app
from webapp.database import close_database, migrate, open_database
from webapp.demo.seed import demo_settings, seed
from webapp.errors import StartRefused
from webapp.log import set_up_logging
from webapp.operator import actions, control, login_links, process_lock
from webapp.services import Services, build_services
from webapp.settings import Settings, read_settings

# Seconds that requests under way are given when the process is told to end.
GRACE = 5

_STARTED = """
  Nigiwai is running.   {origin}
"""
_SIGN_IN = """\
  Sign in (once, within {minutes} minutes):
  {link}
"""
_NO_LINK = """\
  Sign in with a link from: nigiwai operator login-link
"""


class Server(uvicorn.Server):
    """A server that leaves the signals to the process it is only a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


@click.command()
@click.option("--demo", is_flag=True, help="Make three cameras that show a film of a square.")
def serve(demo: bool) -> None:
    """Run everything in one process: nothing to set up, for one machine."""
    settings = read_settings()
    if demo:
        settings = demo_settings(settings)
    set_up_logging(settings)
    with process_lock.hold(settings), _listen(settings) as listener:
        asyncio.run(_serve(settings, listener, demo=demo))


async def _serve(settings: Settings, listener: socket.socket, *, demo: bool) -> None:
    """Run until a signal comes.

    1. Bring the tables up to date and open them.
    2. Start Valkey, unless one is named in the settings.
    3. Start the worker, the control socket and the app, and say where they are.
    4. On a signal: the app ends its requests, the worker its pictures, then the rest.
    """
    await migrate(settings)
    services = build_services(settings)
    async with AsyncExitStack() as stack:
        await open_database(settings)
        stack.push_async_callback(close_database)
        redis_url = settings.redis_url or await _start_valkey(settings, stack)
        worker = Worker(services, redis_url)
        server = Server(_config(services))
        _end_on_signals(worker, server)
        await stack.enter_async_context(control.serve_control(settings, actions.handlers(settings)))
        link = await _demo_link(services) if demo else ""
        tasks = [
            asyncio.create_task(worker.run(), name="worker"),
            asyncio.create_task(server.serve(sockets=[listener]), name="app"),
            asyncio.create_task(_tell(server, settings, link), name="tell"),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            worker.stop.set()
            server.should_exit = True
            await asyncio.gather(*tasks, return_exceptions=True)


async def _start_valkey(settings: Settings, stack: AsyncExitStack) -> str:
    valkey = EmbeddedValkey(settings)
    stack.callback(valkey.close)
    valkey.start()
    stop = asyncio.Event()
    keeper = asyncio.create_task(valkey.keep_running(stop), name="valkey")

    async def end() -> None:
        stop.set()
        await asyncio.gather(keeper, return_exceptions=True)

    stack.push_async_callback(end)
    return valkey.url


def _config(services: Services) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(services),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE,
    )


def _end_on_signals(worker: Worker, server: Server) -> None:
    def end() -> None:
        if server.should_exit:
            server.force_exit = True  # asked a second time: requests are not waited for
        server.should_exit = True
        worker.stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)


async def _demo_link(services: Services) -> str:
    at = datetime.now(UTC)
    return await login_links.create(services.settings, await seed(services, at), at)


async def _tell(server: Server, settings: Settings, link: str) -> None:
    while not server.started:
        if server.should_exit:
            return
        await asyncio.sleep(0.05)
    click.echo(_STARTED.format(origin=settings.origin))
    if link:
        click.echo(_SIGN_IN.format(minutes=settings.login_link_minutes, link=link))
    else:
        click.echo(_NO_LINK)


@contextlib.contextmanager
def _listen(settings: Settings) -> Iterator[socket.socket]:
    address = (settings.listen_host, settings.listen_port)
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    try:
        listener = socket.create_server(address, family=family)
    except OSError as error:
        raise StartRefused(
            f"Nigiwai cannot listen on {address[0]} port {address[1]} "
            f"(NIGIWAI_LISTEN_HOST, NIGIWAI_LISTEN_PORT): {error.strerror}."
        ) from None
    with listener:
        yield listener
