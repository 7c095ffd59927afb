"""Start-up loads the connectors that plugins.toml names, and refuses a broken one in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.connectors import build_connectors
from webapp.errors import StartRefused
from webapp.settings import Settings

WORKING = """
from nigiwai_connector_api import CameraUnreachable, ConnectorInfo, Field, Kind, Phase, hookimpl

class Nothing:
    async def fetch(self, source, at, timeout):
        raise CameraUnreachable(Phase.SETTINGS, "Nothing.")

SCHEMA = {"type": "object", "properties": {"speed": {"type": "integer"}}}
WORDS = {"ja": "x", "en": "x"}

@hookimpl
def connector_info():
    return ConnectorInfo(NAME, WORDS, WORDS, "1", (Field("url", Kind.TEXT, WORDS),), SCHEMA)

@hookimpl
def create_connector(name, options, surroundings):
    return Nothing() if name == NAME else None
"""
ONE = "[connectors.one]\nenabled = true\n"


class Workbench:
    """Installs connectors and writes a plugins.toml in a folder of the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._site = folder / "site"
        self._site.mkdir()
        monkeypatch.syspath_prepend(str(self._site))

    def install(self, name: str, source: str = WORKING) -> None:
        module = f"fake_connector_{name}_{abs(hash(str(self._folder)))}"
        (self._site / f"{module}.py").write_text(f'NAME = "{name}"\n{source}', "utf-8")
        info = self._site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[nigiwai.connectors]\n{name} = {module}\n")

    def settings(self, plugins: str) -> Settings:
        file = self._folder / "plugins.toml"
        file.write_text(plugins, "utf-8")
        return Settings(data_dir=self._folder / "data", plugins_file=file, footage_dir=self._folder)

    def refusal(self, plugins: str = ONE) -> str:
        with pytest.raises(StartRefused) as caught:
            build_connectors(self.settings(plugins))
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert sentence.endswith(".")
        return sentence


@pytest.fixture
def workbench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return Workbench(tmp_path, monkeypatch)


def test_without_a_footage_folder_there_are_no_file_cameras() -> None:
    assert list(build_connectors(Settings())) == ["http_snapshot", "rtsp", "onvif"]


def test_our_own_come_by_the_same_hooks(tmp_path: Path) -> None:
    connectors = build_connectors(Settings(footage_dir=tmp_path))
    assert list(connectors) == ["http_snapshot", "rtsp", "onvif", "file"]
    assert [info.name for info in connectors.infos] == list(connectors)
    assert connectors.info("file").may_repeat
    assert connectors.info("onvif").secrets == {"password"}
    assert len(connectors) == 4


def test_a_file_without_the_table_has_our_own_on(workbench: Workbench) -> None:
    connectors = build_connectors(workbench.settings("[engines.standard]\nenabled = true\n"))
    assert set(connectors) == {"http_snapshot", "rtsp", "onvif", "file"}


def test_a_third_party_s_stands_beside_ours(workbench: Workbench) -> None:
    workbench.install("one")
    connectors = build_connectors(
        workbench.settings(ONE + "[connectors.file]\nenabled = true\n[connectors.rtsp]\n")
    )
    assert list(connectors) == ["one", "file"]
    with pytest.raises(KeyError):
        connectors["rtsp"]
    with pytest.raises(KeyError):
        connectors.info("rtsp")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("X = 1", "has no hook connector_info"),
        (WORKING + "\n@hookimpl\ndef find_cameras(): pass\n", "wrong hook"),
        (WORKING.replace("options, surroundings)", "options, x)"), "wrong hook"),
        (WORKING.replace("ConnectorInfo(NAME", "ConnectorInfo('other'"), "calls itself other"),
        (WORKING.replace('"ja": "x", ', ""), "Japanese or English"),
        (WORKING.replace("return ConnectorInfo(", "return str("), "does not describe itself"),
        (WORKING.replace("return Nothing() if name == NAME else None", "return None"), "nothing"),
        (WORKING.replace("return Nothing()", "return object()"), "cannot fetch"),
        (WORKING.replace("return Nothing()", "return 1 / 0"), "division by zero"),
    ],
)
def test_a_broken_connector_is_named_with_its_reason(
    workbench: Workbench, source: str, why: str
) -> None:
    workbench.install("one", source)
    sentence = workbench.refusal()
    assert "connector one" in sentence
    assert why in sentence


@pytest.mark.parametrize(
    ("plugins", "why"),
    [
        ("[connectors.absent]\nenabled = true", "no installed package brings it"),
        ("[connectors.one]\nenabled = 'yes'", "true or false"),
        ("[connectors.one]\nenabled = true\nspeed = 1", "unknown key speed"),
        ("[connectors.one]\nenabled = true\n[connectors.one.options]\nsped = 1", "no option sped"),
        ("connectors = 3", "must be sections"),
        ("[connectors.one]\nenabled = false", "no connector that is on"),
    ],
)
def test_a_wrong_plugins_file_is_told(workbench: Workbench, plugins: str, why: str) -> None:
    workbench.install("one")
    assert why in workbench.refusal(plugins)
