"""``nigiwai web``: the app alone, as many processes as wanted (PostgreSQL)."""

from __future__ import annotations

import asyncio

import click
import uvicorn

from webapp.app import build_app
from webapp.database import close_database, open_database
from webapp.log import set_up_logging
from webapp.mailbox.routes import check_mailbox
from webapp.services import build_services, keep_what_is_loaded
from webapp.settings import check_shared, read_settings


@click.command()
def web() -> None:
    """Serve the app; captures and counts are made by `nigiwai worker`."""
    settings = read_settings()
    check_shared(settings)
    check_mailbox(settings)
    set_up_logging(settings)
    services = build_services(settings)

    async def run() -> None:
        await open_database(settings)
        try:
            config = uvicorn.Config(
                build_app(services),
                host=settings.listen_host,
                port=settings.listen_port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # webapp.middleware.ClientAddress knows whom to believe
                timeout_graceful_shutdown=5,
            )
            keep_what_is_loaded()
            await uvicorn.Server(config).serve()
        finally:
            await close_database()

    asyncio.run(run())
