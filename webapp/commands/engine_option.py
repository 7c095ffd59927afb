"""What the commands that use one engine share: its name on the command line."""

from __future__ import annotations

from pathlib import Path

import click
from nigiwai_engine_api import Engine, EngineInfo, Frame

from webapp.domain.pictures import PictureRefused, decode
from webapp.plugins import describe_engines
from webapp.settings import read_settings

engine_option = click.option(
    "--engine", "engine_name", required=True, metavar="E", help="An engine that is on."
)
level_option = click.option(
    "--level",
    type=click.IntRange(1, 5),
    default=3,
    show_default=True,
    help="Detection level; only some engines use it.",
)
background_option = click.option(
    "--background",
    "background_file",
    type=click.Path(path_type=Path),
    metavar="BG",
    help="The empty scene, JPEG or PNG.",
)


def load_engine(name: str) -> tuple[EngineInfo, Engine]:
    """Load that engine alone; a usage error names those that are on."""
    engines = describe_engines(read_settings())
    if name not in engines.names:
        raise click.UsageError(f"No engine {name} is on; there is: {', '.join(engines.names)}.")
    return engines.info(name), engines.get(name)


def load_background(file: Path | None) -> Frame | None:
    """Read the background, if one is named; raises ``click.UsageError``."""
    if file is None:
        return None
    try:
        return decode(file.read_bytes())
    except (OSError, PictureRefused) as error:
        raise click.UsageError(f"The background {file} cannot be used: {error}") from error
