"""``nigiwai bench``: what the work costs on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

# Each module has ``async def run() -> dict``, whose keys are words and whose values are
# figures or such dicts again. It brings everything it needs and cleans up after itself.
BENCHMARKS = {
    "pipeline": "jobs.benchmarks.pipeline",
    "ledger": "jobs.benchmarks.ledger",
    "acquisition": "jobs.benchmarks.acquisition",
    "minutes": "jobs.benchmarks.minutes",
    "memory": "jobs.benchmarks.memory",
    "logins": "jobs.benchmarks.logins",
    "history": "jobs.benchmarks.history",
    "csv": "jobs.benchmarks.csv",
    "report": "jobs.benchmarks.report",
    "hours": "jobs.benchmarks.hours",
    "groups": "jobs.benchmarks.groups",
    "bystanders": "jobs.benchmarks.bystanders",
    "scene": "jobs.benchmarks.scene",
    "background": "jobs.benchmarks.background",
    "forecast": "jobs.benchmarks.forecast",
    "embeds": "jobs.benchmarks.embeds",
}
# Those that can be measured on pictures of a folder: their ``run`` takes it.
ON_A_FOLDER = frozenset({"bystanders"})


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHMARKS)), metavar="[NAME]...")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with a manifest.json, for bystanders; else the carried footage serves.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench(names: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Measure NAME, or everything.

    NAME: pipeline, ledger, minutes, acquisition, memory, logins, hours, groups, bystanders,
    scene, background, history, csv, report, forecast, embeds.
    """
    results = {name: _run(name, data) for name in names or BENCHMARKS}
    if as_json:
        click.echo(json.dumps(results))
        return
    for path, value in _flat(results):
        click.echo(f"{path:56} {value}")


def _run(name: str, data: Path | None) -> dict[str, Any]:
    module = import_module(BENCHMARKS[name])
    result: dict[str, Any] = asyncio.run(module.run(data) if name in ON_A_FOLDER else module.run())
    return result


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        here = f"{path} {name}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, here)
        else:
            yield here, value
