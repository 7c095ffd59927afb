"""Carrying out an operator's command here, or in the process that holds the database.

On SQLite a running process carries it out itself, asked over its control socket.
"""

from __future__ import annotations

import asyncio
from typing import Any

import click
from tortoise.exceptions import OperationalError

from webapp.database import close_database, open_database
from webapp.errors import StartRefused
from webapp.operator import control
from webapp.operator.actions import handlers
from webapp.operator.process_lock import HeldElsewhere, hold
from webapp.settings import Settings, read_settings


def perform(command: str, **arguments: Any) -> Any:
    """Carry a command of ``webapp.operator.actions`` out and return what it answers."""
    settings = read_settings()
    try:
        with hold(settings):
            return asyncio.run(_perform_here(settings, command, arguments))
    except HeldElsewhere:
        return control.call(settings, command, arguments)


def say_whether_mailed(made: dict[str, Any], mail: str) -> None:
    """Say that an invitation cannot go out, and what to do about it."""
    if not made.get("mailed", True):
        click.echo(
            "No mail can go out: NIGIWAI_MAIL_URL is not set. "
            f"`nigiwai operator login-link --mail {mail}` makes a link to sign in without one.",
            err=True,
        )


async def _perform_here(settings: Settings, command: str, arguments: dict[str, Any]) -> Any:
    await open_database(settings)
    try:
        return await handlers(settings)[command](**arguments)
    except OperationalError as error:
        raise StartRefused(
            f"The database does not answer as it should ({error}); `nigiwai migrate` makes its "
            "tables."
        ) from None
    finally:
        await close_database()
