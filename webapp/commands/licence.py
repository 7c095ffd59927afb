"""``nigiwai licence``: what an organisation may use, from which day on."""

from __future__ import annotations

from typing import Any

import click

from webapp.commands._perform import perform


@click.group()
def licence() -> None:
    """Show and change the licences of an organisation."""


@licence.command("show")
@click.argument("organisation")
def show(organisation: str) -> None:
    """Say what is in force today and what is used of it, with every change."""
    _print(perform("licence-show", organisation=organisation))


@licence.command("set")
@click.argument("organisation")
@click.option("--cameras", metavar="NUMBER", help='Camera licences, or "unlimited".')
@click.option("--until", metavar="DATE", help='Their last good day, or "monthly": they renew.')
@click.option("--packs", metavar="NUMBER", help="Packs of 100,000 calls a month.")
@click.option("--packs-until", metavar="DATE", help='Their last good day, or "monthly".')
@click.option(
    "--from", "begins", metavar="DATE", default="", help="The first day; without it: today."
)
def set_(
    organisation: str,
    cameras: str | None,
    until: str | None,
    packs: str | None,
    packs_until: str | None,
    begins: str,
) -> None:
    """Change licences from a day on; what is not named stays as it is on that day.

    Days (2026-04-01) are those of the organisation's own calendar.
    """
    changed = perform(
        "licence-set",
        organisation=organisation,
        cameras=cameras,
        cameras_until=until,
        packs=packs,
        packs_until=packs_until,
        effective_on=begins,
    )
    _print(changed)


@licence.command("revoke")
@click.argument("organisation")
@click.argument("change")
def revoke(organisation: str, change: str) -> None:
    """Take back a change that has not begun; `nigiwai licence show` names it."""
    _print(perform("licence-revoke", organisation=organisation, change=change))


def _print(shown: dict[str, Any]) -> None:
    click.echo(f"{shown['organisation']}  {shown['name']}  ({shown['day']} there)")
    click.echo(f"  {_terms(shown)}")
    left = "unlimited" if shown["calls_left"] is None else f"{shown['calls_left']:,} left"
    click.echo(f"  {shown['used']} cameras used, {shown['calls']:,} calls this month, {left}")
    for public_id, name in shown["stopped"]:
        click.echo(f"  stands still: {public_id}  {name}")
    for row in shown["history"]:
        state = "revoked" if row["revoked"] else "begun" if row["begun"] else "to come"
        who = row["made_by"] or "command"
        made = f"made {row['made_at'][:10]} by {who}"
        click.echo(
            f"  {row['change']}  from {row['effective_on']}  {state:8} {_terms(row)}; {made}"
        )


def _terms(terms: dict[str, Any]) -> str:
    cameras = terms["camera_licences"]
    if cameras is None:
        return "unlimited cameras and calls"
    until = terms["cameras_until"] or "renewed monthly"
    packs = f", {terms['packs']} packs"
    if terms["packs"]:
        packs += f" ({terms['packs_until'] or 'renewed monthly'})"
    return f"{cameras} cameras ({until}){packs}"
