"""``nigiwai member``: the people of an organisation, at our own identity provider."""

from __future__ import annotations

from typing import Any

import click

from webapp.commands._perform import perform, say_whether_mailed

ROLES = click.Choice(["admin", "general"])


@click.group()
def member() -> None:
    """Invite, list and remove people, and change their roles."""


@member.command("invite")
@click.argument("organisation")
@click.argument("mail")
@click.argument("name")
@click.option("--role", type=ROLES, required=True)
@click.option("--language", type=click.Choice(["ja", "en"]), help="Without it: the organisation's.")
def invite(organisation: str, mail: str, name: str, role: str, language: str | None) -> None:
    """Make an account; MAIL gets a link for the first password, good for 72 hours."""
    arguments = {"organisation": organisation, "mail": mail, "name": name, "role": role}
    made = perform("member-invite", **arguments, language=language or "")
    _print(made)
    say_whether_mailed(made, made["mail"])


@member.command("list")
@click.argument("organisation")
def list_all(organisation: str) -> None:
    """List the people of the organisation with this public id."""
    found = perform("member-list", organisation=organisation)
    for person in found:
        _print(person)
    if not found:
        click.echo("This organisation has nobody yet: `nigiwai member invite`.")


@member.command("role")
@click.argument("mail")
@click.argument("role", type=ROLES)
def role(mail: str, role: str) -> None:
    """Change a role; the person has to sign in again."""
    _print(perform("member-role", mail=mail, role=role))


@member.command("remove")
@click.argument("mail")
@click.confirmation_option(prompt="The account and its sign-ins are deleted for good. Go on?")
def remove(mail: str) -> None:
    """Delete an account. The last admin stays, unless the organisation is suspended."""
    _print(perform("member-remove", mail=mail))


@member.command("reset-second-factor")
@click.argument("mail")
@click.confirmation_option(prompt="Did the person ask for it, and did you make sure of that?")
def reset_second_factor(mail: str) -> None:
    """Take away a lost authenticator, passkeys and recovery codes; codes come by mail."""
    made = perform("member-reset-second-factor", mail=mail)
    _print(made)
    say_whether_mailed(made, made["mail"])


@member.command("resend")
@click.argument("mail")
def resend(mail: str) -> None:
    """Send the mail with the link for the first password again."""
    made = perform("member-resend", mail=mail)
    _print(made)
    say_whether_mailed(made, made["mail"])


def _print(person: dict[str, Any]) -> None:
    state = "active" if person["has_password"] else "invited"
    click.echo(
        f"{person['member']}  {person['role']:8} {state:8} {person['mail']}  {person['name']}"
    )
