"""Which engines are on: ``plugins.toml`` names them, entry points bring them.

Start-up stops on the first thing that is wrong, with one sentence that says which engine
and why: a camera must not be found uncounted because a plugin was quietly left out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import nigiwai_engine_api as api
import nigiwai_engine_api.hookspecs as hookspecs
import pluggy
from nigiwai_engine_api import Engine, EngineInfo, EngineUnusable

from webapp.errors import StartRefused
from webapp.plugin_host import ANY, PluginKind, Section, hook_of, sentence
from webapp.settings import Settings

EngineSection = Section

ENGINES = PluginKind(
    noun="engine",
    table="engines",
    project=api.PROJECT_NAME,
    group=api.ENTRY_POINT_GROUP,
    hookspecs=hookspecs,
    hooks=frozenset({"engine_info", "create_engine"}),
)


@dataclass(frozen=True)
class Engines:
    """The engines that are on, in the order of ``plugins.toml``.

    ``builders`` make and warm up each engine by name; each is called at most once.
    """

    infos: tuple[EngineInfo, ...]
    builders: Mapping[str, Callable[[], Engine]] = field(repr=False)
    _built: dict[str, Engine] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(info.name for info in self.infos)

    def info(self, name: str) -> EngineInfo:
        """Look up what the engine says of itself; raises KeyError for one that is not on."""
        return {info.name: info for info in self.infos}[name]

    def get(self, name: str) -> Engine:
        """Build the engine on the first call, warmed up; every call gives the same one.

        May be called from several threads. Raises KeyError for an engine that is not on,
        ``StartRefused`` when it cannot be built.
        """
        build = self.builders[name]
        with self._lock:
            if name not in self._built:
                self._built[name] = build()
            return self._built[name]


def build_engines(settings: Settings) -> Engines:
    """Load the engines that are on and prove that each one works.

    Raises ``StartRefused`` with a sentence that names the engine and what is wrong.
    """
    engines = describe_engines(settings)
    for name in engines.names:
        engines.get(name)
    return engines


def describe_engines(settings: Settings) -> Engines:
    """Load the engines that are on without their weights; ``get`` builds what is needed.

    For commands that use one engine or none. Raises ``StartRefused`` like ``build_engines``.
    """
    sections = read_plugins_file(settings.plugins_file)
    manager = build_plugin_manager(settings)
    infos = tuple(_info(manager, section) for section in sections)
    return Engines(infos, {s.name: partial(_build, manager, s) for s in sections})


def build_plugin_manager(settings: Settings) -> pluggy.PluginManager:
    """Make a manager of its own with every engine of ``plugins.toml`` that is on.

    Raises ``StartRefused`` when one is not installed, cannot be imported, or has a hook
    that is unknown or takes arguments it should not.
    """
    return ENGINES.manager(read_plugins_file(settings.plugins_file), settings.plugins_file)


def read_plugins_file(path: Path) -> tuple[EngineSection, ...]:
    """Read the engines that are on, in the order of the file; raises ``StartRefused``."""
    enabled = ENGINES.read(path)
    if not enabled:
        raise StartRefused(f"The plugins file {path} has no engine that is on.")
    return enabled


def _info(manager: pluggy.PluginManager, section: EngineSection) -> EngineInfo:
    info: EngineInfo = ENGINES.describe(manager, section, "engine_info", EngineInfo)
    return info


def _build(manager: pluggy.PluginManager, section: EngineSection) -> Engine:
    name = section.name
    try:
        engine = hook_of(manager, name, "create_engine")(name=name, options=section.options)
        if engine is None:
            raise EngineUnusable("it builds nothing under its own name")
        engine.warm_up()
    except ANY as error:
        raise StartRefused(f"The engine {name} cannot be used: {sentence(error)}") from error
    built: Engine = engine
    return built
