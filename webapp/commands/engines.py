"""``nigiwai engines``: which engines are on."""

from __future__ import annotations

import json

import click
from nigiwai_engine_api import EngineInfo

from webapp.plugins import EngineSection, build_engines, read_plugins_file
from webapp.settings import read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def engines(as_json: bool) -> None:
    """List the engines that are on, each proven to work, in the order they are offered."""
    settings = read_settings()
    infos = build_engines(settings).infos
    sections = {section.name: section for section in read_plugins_file(settings.plugins_file)}
    if as_json:
        listed = [_as_json(info, sections[info.name]) for info in infos]
        click.echo(json.dumps(listed, ensure_ascii=False))
        return
    for info in infos:
        click.echo("\n".join(_in_words(info, sections[info.name])))


def _as_json(info: EngineInfo, section: EngineSection) -> dict[str, object]:
    return {
        "name": info.name,
        "titles": dict(info.titles),
        "descriptions": dict(info.descriptions),
        "version": info.version,
        "style": info.style.value,
        "uses_level": info.uses_level,
        "options": dict(section.options),
        "options_schema": dict(info.options_schema),
    }


def _in_words(info: EngineInfo, section: EngineSection) -> list[str]:
    lines = [
        f"{info.name} {info.version}: {info.titles['ja']} / {info.titles['en']}",
        f"    {info.descriptions['ja']}",
        f"    {info.descriptions['en']}",
    ]
    for name, schema in info.options_schema.get("properties", {}).items():
        value = section.options.get(name, schema.get("default"))
        lines.append(f"    {name} = {value}  {schema.get('description', '')}".rstrip())
    return lines
