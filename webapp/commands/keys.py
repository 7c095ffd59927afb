"""``nigiwai keys``: the keys that sign what our provider says, and the one that encrypts."""

from __future__ import annotations

import click

from webapp.commands._perform import perform


@click.group()
def keys() -> None:
    """Change the signing keys of the identity provider, or the key that encrypts."""


@keys.command("rotate")
def rotate() -> None:
    """Publish a new key. It signs an hour later, once every application has read of it."""
    made = perform("keys-rotate")
    click.echo(f"{made['kid']}  signs from {made['signs_from']}")


@keys.command("reseal")
def reseal() -> None:
    """Encrypt anew what the old secret key encrypted: cameras' addresses, tokens, TOTP keys."""
    made = perform("keys-reseal")
    click.echo(f"{made['resealed']} encrypted anew; {made['unreadable']} cannot be read")
