"""Every engine that plugins.toml switches on keeps the rules of the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import cv2
import pytest
from nigiwai_engine_api import ENTRY_POINT_GROUP, Engine, Frame
from nigiwai_engine_api.checks import noise, scene
from nigiwai_engine_api.testing import EngineConformance, create

import webapp.demo
from webapp.evaluation_set import read_manifest
from webapp.plugins import Engines, describe_engines, read_plugins_file
from webapp.settings import Settings

PLUGINS = Path("plugins.toml")
OPTIONS = {section.name: section.options for section in read_plugins_file(PLUGINS)}
NAMES = list(OPTIONS)
DEMO = Path(webapp.demo.__file__).parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Engines:
    data = tmp_path_factory.mktemp("engines")
    return describe_engines(Settings(data_dir=data, plugins_file=PLUGINS))


@pytest.fixture(scope="module")
def street() -> Sequence[Frame]:
    (item,) = read_manifest(DEMO / "manifest.json")
    frame, _ = next(item.frames(400))
    return [frame, scene(), noise(120, 160)]


@pytest.fixture(scope="module")
def far() -> Sequence[Frame]:
    """The street from so far off that its people are doubtful."""
    (item,) = read_manifest(DEMO / "manifest.json")
    return [
        Frame(cv2.resize(frame.pixels, (138, 104), interpolation=cv2.INTER_AREA))
        for frame, _ in item.frames(400)
    ]


@pytest.mark.parametrize("name", NAMES)
class TestBuiltIn(EngineConformance):
    memory_frames = 14  # 12 MiB of frames, were they kept
    memory_growth = 6 << 20

    @pytest.fixture
    def hooks(self, name: str) -> Any:
        (point,) = entry_points(group=ENTRY_POINT_GROUP, name=name)
        return point.load()

    @pytest.fixture
    def engine(self, built: Engines, name: str) -> Engine:
        return built.get(name)

    @pytest.fixture
    def another(self, hooks: Any, name: str) -> Engine:
        return create(hooks, name, OPTIONS[name])

    @pytest.fixture
    def frames(self, street: Sequence[Frame]) -> Sequence[Frame]:
        return street

    @pytest.fixture
    def level_frames(self, far: Sequence[Frame]) -> Sequence[Frame]:
        return far
