"""``nigiwai client``: applications that sign people in with Nigiwai ID."""

from __future__ import annotations

from typing import Any

import click

from webapp.commands._perform import perform


@click.group()
def client() -> None:
    """Register, list and remove applications."""


@client.command("add")
@click.argument("name")
@click.option("--redirect", "redirects", metavar="URI", multiple=True, required=True)
@click.option("--post-logout", "post_logouts", metavar="URI", multiple=True)
@click.option("--backchannel", metavar="URI", default="", help="Where sign-outs are told.")
@click.option("--public", is_flag=True, help="It keeps no secret: a browser, a telephone.")
def add(
    name: str,
    redirects: tuple[str, ...],
    post_logouts: tuple[str, ...],
    backchannel: str,
    public: bool,
) -> None:
    """Register an application. Its secret is printed this once."""
    made = perform(
        "client-add",
        name=name,
        redirect_uris=list(redirects),
        post_logout_redirect_uris=list(post_logouts),
        backchannel_logout_uri=backchannel,
        is_public=public,
    )
    _print_secret(made)


@client.command("list")
def list_all() -> None:
    """List the applications."""
    for found in perform("client-list"):
        kind = "public" if found["is_public"] else "secret"
        click.echo(f"{found['client']}  {kind}  {found['name']}")
        for uri in found["redirect_uris"]:
            click.echo(f"  {uri}")


@client.command("secret")
@click.argument("client_id")
def secret(client_id: str) -> None:
    """Print a new secret; the old one is void at once."""
    _print_secret(perform("client-secret", client=client_id))


@client.command("remove")
@click.argument("client_id")
@click.confirmation_option(prompt="Nobody will be able to sign in to it any more. Go on?")
def remove(client_id: str) -> None:
    """Remove an application."""
    removed = perform("client-remove", client=client_id)
    click.echo(f"{removed['client']}  {removed['name']}  removed")


def _print_secret(made: dict[str, Any]) -> None:
    click.echo(f"client_id      {made['client']}")
    if made["secret"]:
        click.echo(f"client_secret  {made['secret']}")
        click.echo("The secret is not kept and not shown again.", err=True)
