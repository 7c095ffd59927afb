"""``nigiwai org``: making, listing, suspending and resuming organisations."""

from __future__ import annotations

from typing import Any

import click

from webapp.commands._perform import perform, say_whether_mailed


@click.group()
def org() -> None:
    """Make, list, suspend and resume organisations."""


@org.command("create")
@click.argument("name")
@click.option("--admin-mail", metavar="ADDRESS", default="", help="Of the first admin.")
@click.option("--admin-name", metavar="NAME", default="", help="Of the first admin.")
@click.option("--language", type=click.Choice(["ja", "en"]), default="ja", show_default=True)
def create(name: str, admin_mail: str, admin_name: str, language: str) -> None:
    """Make an organisation; its first admin gets a mail with a link for the first password.

    With another identity provider there are no accounts to make: the public id that is
    printed has to be in the provider's claim.
    """
    made = perform(
        "org-create",
        name=name,
        admin_mail=admin_mail,
        admin_name=admin_name,
        language=language,
    )
    _print(made)
    say_whether_mailed(made, admin_mail)
    if "claim" in made:
        click.echo(
            f"The identity provider has to send {made['organisation']} in the claim "
            f'"{made["claim"]}" of this organisation\'s people.',
            err=True,
        )


@org.command("list")
def list_all() -> None:
    """List the organisations: public id, people, cameras, state, name."""
    found = perform("org-list")
    for organisation in found:
        _print(organisation)
    if not found:
        click.echo("There is no organisation yet: `nigiwai org create`.")


@org.command("suspend")
@click.argument("public_id")
def suspend(public_id: str) -> None:
    """Stop an organisation: everybody is signed out, no camera is asked, pages say so."""
    _print(perform("org-suspend", organisation=public_id))


@org.command("resume")
@click.argument("public_id")
def resume(public_id: str) -> None:
    """Let a suspended organisation go on."""
    _print(perform("org-resume", organisation=public_id))


def _print(organisation: dict[str, Any]) -> None:
    state = "suspended" if organisation["suspended"] else "active"
    numbers = ""
    if "members" in organisation:
        numbers = f"{organisation['members']:3} people {organisation['cameras']:3} cameras  "
    click.echo(f"{organisation['organisation']:12}  {state:9}  {numbers}{organisation['name']}")
