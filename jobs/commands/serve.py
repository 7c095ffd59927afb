"""``nigiwai serve``: everything in one process, on SQLite unless told otherwise.

App, identity provider (unless another one is used), worker and Valkey; in the demonstration
the simulator of a camera cloud, too.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from unicodedata import east_asian_width

import click
from starlette.types import ASGIApp

from jobs.commands.camera_cloud import accounts as cloud_accounts
from jobs.commands.camera_cloud import demo_door, simulated_port, simulator
from jobs.identity_keeper import IdentityKeeper
from jobs.serving import Server, listen, server_for
from jobs.valkey import EmbeddedValkey
from jobs.worker import Worker
from webapp.app import build_app
from webapp.database import close_database, migrate, open_database
from webapp.demo.accounts import demo_accounts
from webapp.demo.seed import demo_settings, seed
from webapp.identity.app import build_identity
from webapp.identity.oauth.clients import ensure_own_client
from webapp.identity.parts import Parts, build_parts
from webapp.log import set_up_logging
from webapp.mailbox.routes import check_mailbox
from webapp.operator import actions, control, process_lock
from webapp.services import Services, build_services, keep_what_is_loaded
from webapp.settings import Settings, read_settings

_STARTED = """
  Nigiwai is running.   {origin}
"""
_COLUMN = 20  # columns of a terminal, where a Japanese letter takes two
_DEMO = """\
  Sign in with one of these accounts (password last):

{accounts}

  Mails that the demo sends:   {origin}/mailbox
"""
_CLOUD = """\
  The camera cloud is simulated:   {url}
  Its owners, who may allow their cameras to be used (password in the middle):

{accounts}
"""
_FIRST_STEPS = """\
  No organisation yet?   nigiwai org create NAME --admin-mail ADDRESS --admin-name NAME
"""


@click.command()
@click.option("--demo", is_flag=True, help="Make three cameras that show a film of a square.")
def serve(demo: bool) -> None:
    """Run everything in one process: nothing to set up, for one machine."""
    settings = read_settings()
    if demo:
        settings = demo_settings(settings)
    check_mailbox(settings)
    set_up_logging(settings)
    with process_lock.hold(settings), ExitStack() as stack:
        app = listen(settings.listen_host, settings.listen_port)
        doors = {"app": stack.enter_context(app)}
        if settings.has_own_identity:
            host, port = settings.identity_listen_host, settings.identity_listen_port
            doors["identity"] = stack.enter_context(listen(host, port, "IDENTITY_"))
        if demo:
            settings, door = demo_door(settings)
            if door is not None:
                doors["camera cloud"] = stack.enter_context(door)
        asyncio.run(_serve(settings, doors, demo=demo))


async def _serve(settings: Settings, doors: dict[str, socket.socket], *, demo: bool) -> None:
    """Run until a signal comes.

    1. Bring the tables up to date and open them.
    2. Start Valkey, unless one is named in the settings.
    3. Start the worker, the control socket and the apps, and say where they are.
    4. On a signal: the apps end their requests, the worker its pictures, then the rest.
    """
    await migrate(settings)
    services = build_services(settings)
    bell = asyncio.Event()
    parts = build_parts(settings, wake=bell.set)
    async with AsyncExitStack() as stack:
        await open_database(settings)
        stack.push_async_callback(close_database)
        redis_url = settings.redis_url or await _start_valkey(settings, stack)
        worker = Worker(services, redis_url)
        keeper = IdentityKeeper(parts, bell)
        await _prepare(services, parts, demo=demo)
        if services.camera_cloud is not None:
            stack.push_async_callback(services.camera_cloud.grants.settle)
        apps = _apps(services, parts)
        servers = {name: server_for(apps[name]) for name in doors}
        _end_on_signals(worker, keeper, list(servers.values()))
        handlers = actions.handlers(settings, parts)
        await stack.enter_async_context(control.serve_control(settings, handlers))
        keep_what_is_loaded()
        tasks = [asyncio.create_task(worker.run(), name="worker")]
        if settings.has_own_identity:
            tasks.append(asyncio.create_task(keeper.run(), name="identity keeper"))
        for name, door in doors.items():
            serving = servers[name].serve(sockets=[door])
            tasks.append(asyncio.create_task(serving, name=name))
        tell = _tell(list(servers.values()), settings, demo=demo)
        tasks.append(asyncio.create_task(tell, name="tell"))
        try:
            await asyncio.gather(*tasks)
        finally:
            worker.stop.set()
            keeper.stop.set()
            for server in servers.values():
                server.should_exit = True
            await asyncio.gather(*tasks, return_exceptions=True)


async def _prepare(services: Services, parts: Parts, *, demo: bool) -> None:
    """Make the app known to our own provider, and the demonstration unless it is there."""
    if services.settings.has_own_identity:
        await ensure_own_client(parts)
    if demo:
        await seed(services, parts, datetime.now(UTC))


async def _start_valkey(settings: Settings, stack: AsyncExitStack) -> str:
    valkey = EmbeddedValkey(settings)
    stack.callback(valkey.close)
    valkey.start()
    stop = asyncio.Event()
    guardian = asyncio.create_task(valkey.keep_running(stop), name="valkey")

    async def end() -> None:
        stop.set()
        await asyncio.gather(guardian, return_exceptions=True)

    stack.push_async_callback(end)
    return valkey.url


def _apps(services: Services, parts: Parts) -> dict[str, ASGIApp]:
    app = build_app(services)
    app.state.parts = parts  # the operator's pages wake the provider of this very process
    settings = services.settings
    apps: dict[str, ASGIApp] = {"app": app, "identity": build_identity(parts)}
    if settings.camera_cloud_url:
        apps["camera cloud"] = simulator(settings, settings.camera_cloud_url)
    return apps


def _end_on_signals(worker: Worker, keeper: IdentityKeeper, servers: list[Server]) -> None:
    def end() -> None:
        for server in servers:
            if server.should_exit:
                server.force_exit = True  # asked a second time: requests are not waited for
            server.should_exit = True
        worker.stop.set()
        keeper.stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)


async def _tell(servers: list[Server], settings: Settings, *, demo: bool) -> None:
    while not all(server.started for server in servers):
        if any(server.should_exit for server in servers):
            return
        await asyncio.sleep(0.05)
    click.echo(_STARTED.format(origin=settings.origin))
    if not demo:
        click.echo(_FIRST_STEPS)
    elif settings.has_own_identity:
        accounts = "\n".join(
            f"    {_padded(a.organisation)}  {a.mail:<24}  {a.password}" for a in demo_accounts()
        )
        click.echo(_DEMO.format(accounts=accounts, origin=settings.origin))
        if simulated_port(settings) is not None:
            click.echo(_CLOUD.format(accounts=cloud_accounts(), url=settings.camera_cloud_url))


def _padded(text: str) -> str:
    width = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * (_COLUMN - width)
