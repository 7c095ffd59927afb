"""``nigiwai operator``: organisations, members and one-time sign-in links.

On SQLite a running process carries these out itself, asked over its control socket.
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


@click.group()
def operator() -> None:
    """Make organisations, members and sign-in links."""


@operator.command("login-link")
@click.option("--organisation", metavar="PUBLIC_ID", help="Without it: the first organisation.")
@click.option("--mail", metavar="ADDRESS", help="Without it: the first admin.")
def login_link(organisation: str | None, mail: str | None) -> None:
    """Print a link that signs a member in, once and for some minutes."""
    result = perform("login-link", organisation=organisation, mail=mail)
    click.echo(
        f"{result['member']['name']} <{result['member']['mail']}>, "
        f"{result['organisation']['name']}; good once, for {result['minutes']} minutes:",
        err=True,
    )
    click.echo(result["url"])


@operator.command("organisations")
def organisations() -> None:
    """List the organisations and their members."""
    found = perform("organisations")
    for organisation in found:
        _print_organisation(organisation)
    if not found:
        click.echo("There is no organisation yet: `nigiwai operator create-organisation`.")


@operator.command("create-organisation")
@click.argument("name")
@click.option("--admin-mail", metavar="ADDRESS", required=True)
@click.option("--admin-name", metavar="NAME", required=True)
def create_organisation(name: str, admin_mail: str, admin_name: str) -> None:
    """Make an organisation with its first admin."""
    result = perform("create-organisation", name=name, admin_mail=admin_mail, admin_name=admin_name)
    _print_organisation(result)


@operator.command("create-member")
@click.option("--organisation", metavar="PUBLIC_ID", required=True)
@click.option("--mail", metavar="ADDRESS", required=True)
@click.option("--name", metavar="NAME", required=True)
@click.option("--role", type=click.Choice(["admin", "general"]), default="general")
def create_member(organisation: str, mail: str, name: str, role: str) -> None:
    """Add a member to an organisation."""
    _print_member(
        perform("create-member", organisation=organisation, mail=mail, name=name, role=role)
    )


def perform(command: str, **arguments: Any) -> Any:
    """Carry a command out here, or in the process that holds the SQLite database."""
    settings = read_settings()
    try:
        with hold(settings):
            return asyncio.run(_perform_here(settings, command, arguments))
    except HeldElsewhere:
        return control.call(settings, command, arguments)


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


def _print_organisation(organisation: dict[str, Any]) -> None:
    click.echo(f"{organisation['organisation']}  {organisation['name']}")
    for member in organisation["members"]:
        _print_member(member)


def _print_member(member: dict[str, Any]) -> None:
    click.echo(f"  {member['member']}  {member['role']:8} {member['mail']}  {member['name']}")
