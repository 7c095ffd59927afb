"""``nigiwai operator``: who runs the installation, and the door for emergencies."""

from __future__ import annotations

import click

from webapp.commands._perform import perform, say_whether_mailed


@click.group()
def operator() -> None:
    """Invite operators; make a sign-in link when nothing else helps."""


@operator.command("invite")
@click.argument("mail")
@click.argument("name")
@click.option("--language", type=click.Choice(["ja", "en"]), default="ja", show_default=True)
def invite(mail: str, name: str, language: str) -> None:
    """Make an operator's account; MAIL gets a link for the first password."""
    made = perform("operator-invite", mail=mail, name=name, language=language)
    click.echo(f"{made['member']}  {made['role']:8} {made['mail']}  {made['name']}")
    say_whether_mailed(made, made["mail"])


@operator.command("login-link")
@click.option("--organisation", metavar="PUBLIC_ID", help="Without it: the first organisation.")
@click.option("--mail", metavar="ADDRESS", help="Without it: the first admin.")
def login_link(organisation: str | None, mail: str | None) -> None:
    """Print a link that signs somebody in without a password, once and for some minutes."""
    made = perform("login-link", organisation=organisation, mail=mail)
    click.echo(
        f"{made['name']} <{made['mail']}>, {made['organisation']}; "
        f"good once, for {made['minutes']} minutes:",
        err=True,
    )
    click.echo(made["url"])
