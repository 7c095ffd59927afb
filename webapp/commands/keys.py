"""``nigiwai keys``: the keys that sign (at our provider, for pictures), and the one that seals."""

from __future__ import annotations

import click

from webapp.commands._perform import perform


@click.group()
def keys() -> None:
    """Change the signing keys of the identity provider or of pictures, or the key that encrypts."""


@keys.command("rotate")
def rotate() -> None:
    """Publish a new key. It signs an hour later, once every application has read of it."""
    made = perform("keys-rotate")
    click.echo(f"{made['kid']}  signs from {made['signs_from']}")


@keys.command("rotate-pictures")
def rotate_pictures() -> None:
    """Let every camera sign its pictures with a new key. The old ones are published for 30 days."""
    made = perform("keys-rotate-pictures")
    click.echo(f"{made['retired']} keys sign no more; new ones are made with the next pictures")


@keys.command("reseal")
def reseal() -> None:
    """Encrypt anew what the old secret key encrypted: cameras' addresses, tokens, TOTP keys."""
    made = perform("keys-reseal")
    click.echo(f"{made['resealed']} encrypted anew; {made['unreadable']} cannot be read")
