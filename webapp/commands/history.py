"""``nigiwai history``: the quarter hours that charts and reports are drawn from."""

from __future__ import annotations

import click

from webapp.commands._perform import perform


@click.group()
def history() -> None:
    """Keep the quarter hours of the counts in order."""


@history.command("rebuild")
@click.option("--camera", metavar="PUBLIC_ID", default="", help="Without it: every camera.")
def rebuild(camera: str) -> None:
    """Make the quarter hours anew from the minutes; the app may go on running."""
    made = perform("history-rebuild", camera=camera)
    click.echo(f"cameras {made['cameras']}")
