"""``nigiwai migrate``: brings the database's tables up to date."""

from __future__ import annotations

import asyncio

import click

from webapp.database import migrate as migrate_database
from webapp.operator.process_lock import hold
from webapp.settings import read_settings


@click.command()
def migrate() -> None:
    """Bring the tables of the database up to date."""
    settings = read_settings()
    with hold(settings):
        asyncio.run(migrate_database(settings))
    click.echo("The tables are up to date.")
