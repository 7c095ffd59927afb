"""Plugins to break the start with: real distributions in a folder on the import path."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.settings import Settings

WORKING = """
from nigiwai_engine_api import EngineInfo, People, PictogramStyle, hookimpl

class Nobody:
    def warm_up(self): WARMED.append(1)
    def find_people(self, frame, context): return People.none()

WARMED = []
SCHEMA = {"type": "object", "properties": {"speed": {"type": "integer"}}}

@hookimpl
def engine_info():
    words = {"ja": "x", "en": "x"}
    return EngineInfo(NAME, words, words, "1", PictogramStyle.MARK, SCHEMA)

@hookimpl
def create_engine(name, options):
    return Nobody() if name == NAME else None
"""


class Workbench:
    """Installs plugins and writes a plugins.toml in a folder of the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._site = folder / "site"
        self._site.mkdir()
        monkeypatch.syspath_prepend(str(self._site))

    def install(self, name: str, source: str = WORKING) -> str:
        """Install an engine of that name; its module is called fake_<name>."""
        module = f"fake_{name.replace('-', '_')}_{abs(hash(str(self.folder)))}"
        (self._site / f"{module}.py").write_text(f'NAME = "{name}"\n{source}', "utf-8")
        info = self._site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[nigiwai.engines]\n{name} = {module}\n")
        return module

    def settings(self, plugins: str) -> Settings:
        """Settings whose plugins file holds that text."""
        file = self.folder / "plugins.toml"
        file.write_text(plugins, "utf-8")
        return Settings(data_dir=self.folder / "data", plugins_file=file)
