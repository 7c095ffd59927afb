"""``nigiwai identity``: the identity provider alone, as many processes as wanted (PostgreSQL)."""

from __future__ import annotations

import asyncio
import signal
import socket

import click

from jobs.identity_keeper import IdentityKeeper
from jobs.serving import Server, listen, server_for
from webapp.database import IDENTITY, close_database, is_sqlite, open_database
from webapp.errors import StartRefused
from webapp.identity.app import build_identity
from webapp.identity.oauth.clients import ensure_own_client
from webapp.identity.parts import build_parts
from webapp.log import set_up_logging
from webapp.mail.render import sender_of
from webapp.mail.transport import check_mail
from webapp.mailbox.routes import check_mailbox
from webapp.settings import Settings, read_settings


@click.command()
def identity() -> None:
    """Serve the identity provider: sign-ins, accounts and the mails about them."""
    settings = read_settings()
    check(settings)
    set_up_logging(settings)
    host, port = settings.identity_listen_host, settings.identity_listen_port
    with listen(host, port, "IDENTITY_") as listener:
        asyncio.run(_run(settings, listener))


def check(settings: Settings) -> None:
    """Refuse what several processes could not share, and a provider that can send no mail."""
    if not settings.has_own_identity:
        raise StartRefused("People sign in with another provider: NIGIWAI_OIDC_ISSUER names it.")
    if is_sqlite(settings, IDENTITY):
        raise StartRefused("SQLite is for one process: use `nigiwai serve`, or PostgreSQL.")
    if not settings.secret_key.get_secret_value():
        raise StartRefused("Several processes share it: set NIGIWAI_SECRET_KEY or its _FILE.")
    check_mail(settings)
    check_mailbox(settings)
    sender_of(settings)


async def _run(settings: Settings, listener: socket.socket) -> None:
    """Run until a signal comes.

    1. Open the provider's tables alone, and make the app known to the provider.
    2. Serve, with a keeper beside.
    3. On a signal: requests end, then deliveries, then the rest.
    """
    bell = asyncio.Event()
    parts = build_parts(settings, wake=bell.set)
    await open_database(settings, (IDENTITY,))
    try:
        await ensure_own_client(parts)
        keeper, server = IdentityKeeper(parts, bell), server_for(build_identity(parts))
        _end_on_signals(server)
        keeping = asyncio.create_task(keeper.run(), name="identity keeper")
        try:
            await server.serve(sockets=[listener])
        finally:
            keeper.stop.set()
            await keeping
    finally:
        await close_database()


def _end_on_signals(server: Server) -> None:
    def end() -> None:
        server.force_exit = server.should_exit  # asked a second time: requests are not waited for
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
