"""The command line: each command lives in its own module, loaded when it is called.

This is the one place that knows both the web app and the jobs, so that neither has to
know the other.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from webapp.errors import NigiwaiError

COMMANDS = {
    "serve": "jobs.commands.serve:serve",
    "web": "webapp.commands.web:web",
    "worker": "jobs.commands.worker:worker",
    "identity": "jobs.commands.identity:identity",
    "camera-cloud": "jobs.commands.camera_cloud:camera_cloud",
    "migrate": "webapp.commands.migrate:migrate",
    "doctor": "webapp.commands.doctor:doctor",
    "engines": "webapp.commands.engines:engines",
    "org": "webapp.commands.org:org",
    "licence": "webapp.commands.licence:licence",
    "member": "webapp.commands.member:member",
    "operator": "webapp.commands.operator:operator",
    "client": "webapp.commands.client:client",
    "keys": "webapp.commands.keys:keys",
    "history": "webapp.commands.history:history",
    "analyse": "webapp.commands.analyse:analyse",
    "verify": "webapp.commands.verify:verify",
    "evaluate": "webapp.commands.evaluate:evaluate",
    "bench": "jobs.commands.bench:bench",
    "assets": "webapp.commands.assets:assets",
}


class LazyGroup(click.Group):
    """Loads a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Every command, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="nigiwai")
def cli() -> None:
    """Nigiwai shows how busy it is, and never shows a person."""


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit status 1."""
    try:
        cli()
    except NigiwaiError as error:
        click.echo(f"nigiwai: {error}", err=True)
        sys.exit(1)
