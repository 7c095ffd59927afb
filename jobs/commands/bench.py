"""``nigiwai bench``: what the work costs on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
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
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHMARKS)), metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench(names: tuple[str, ...], as_json: bool) -> None:
    """Measure NAME, or everything: pipeline (one picture), ledger, minutes, acquisition, memory."""
    results = {name: _run(name) for name in names or BENCHMARKS}
    if as_json:
        click.echo(json.dumps(results))
        return
    for path, value in _flat(results):
        click.echo(f"{path:56} {value}")


def _run(name: str) -> dict[str, Any]:
    result: dict[str, Any] = asyncio.run(import_module(BENCHMARKS[name]).run())
    return result


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        here = f"{path} {name}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, here)
        else:
            yield here, value
