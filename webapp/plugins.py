"""Which engines are on: ``plugins.toml`` names them, entry points bring them.

Start-up stops on the first thing that is wrong, with one sentence that says which engine
and why: a camera must not be found uncounted because a plugin was quietly left out.
"""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import nigiwai_engine_api as api
import nigiwai_engine_api.hookspecs as hookspecs
import pluggy
from nigiwai_engine_api import Engine, EngineInfo, EngineUnusable

from webapp.errors import StartRefused
from webapp.settings import Settings

# Whatever a plugin raises while it is loaded is its own fault and becomes one sentence.
_ANY = Exception


@dataclass(frozen=True, slots=True)
class EngineSection:
    """One section ``[engines.NAME]`` of ``plugins.toml`` that is enabled."""

    name: str
    options: Mapping[str, object]


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
    manager = pluggy.PluginManager(api.PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    installed = _installed()
    for section in read_plugins_file(settings.plugins_file):
        if section.name not in installed:
            raise StartRefused(
                f"The engine {section.name} is on in {settings.plugins_file.name}, but no "
                f"installed package brings it; install it or switch it off there."
            )
        _register(manager, section.name, installed[section.name])
    return manager


def read_plugins_file(path: Path) -> tuple[EngineSection, ...]:
    """Read the sections that are on, in the order of the file; raises ``StartRefused``."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefused(f"The plugins file {path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise StartRefused(f"The plugins file {path} is no valid TOML: {error}.") from None
    engines = content.get("engines", {})
    if not isinstance(engines, dict):
        raise StartRefused(f"In {path}, engines must be sections such as [engines.standard].")
    sections = [_section(path, name, value) for name, value in engines.items()]
    enabled = tuple(section for section in sections if section)
    if not enabled:
        raise StartRefused(f"The plugins file {path} has no engine that is on.")
    return enabled


def _section(path: Path, name: str, value: Any) -> EngineSection | None:
    where = f"In {path}, the section [engines.{name}]"
    if not isinstance(value, dict):
        raise StartRefused(f"{where} must be a section, not a value.")
    unknown = sorted(set(value) - {"enabled", "options"})
    if unknown:
        raise StartRefused(
            f"{where} has an unknown key {unknown[0]}; it takes enabled and options."
        )
    enabled, options = value.get("enabled", False), value.get("options", {})
    if not isinstance(enabled, bool):
        raise StartRefused(f"{where} has enabled = {enabled!r}; it is true or false.")
    if not isinstance(options, dict):
        raise StartRefused(f"{where} has options that are no section.")
    return EngineSection(name, options) if enabled else None


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=api.ENTRY_POINT_GROUP)}


def _register(manager: pluggy.PluginManager, name: str, point: EntryPoint) -> None:
    try:
        plugin = point.load()
    except _ANY as error:
        raise StartRefused(
            f"The engine {name} cannot be imported from {point.value}: {_sentence(error)}"
        ) from error
    try:
        manager.register(plugin, name=name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise StartRefused(f"The engine {name} has a wrong hook: {_sentence(error)}") from error
    hooks = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    missing = sorted({"engine_info", "create_engine"} - hooks)
    if missing:
        raise StartRefused(f"The engine {name} has no hook {missing[0]}.")


def _hook(manager: pluggy.PluginManager, name: str, hook: str) -> pluggy.HookCaller:
    """Give the hook of that engine alone, so that none can answer for another."""
    others = [plugin for other, plugin in manager.list_name_plugin() if other != name]
    return manager.subset_hook_caller(hook, remove_plugins=others)


def _info(manager: pluggy.PluginManager, section: EngineSection) -> EngineInfo:
    """Ask the engine what it is, and check that it knows its options by name."""
    name = section.name
    try:
        (info,) = _hook(manager, name, "engine_info")() or (None,)
    except _ANY as error:
        raise StartRefused(
            f"The engine {name} does not describe itself: {_sentence(error)}"
        ) from error
    if not isinstance(info, EngineInfo):
        raise StartRefused(f"The engine {name} does not describe itself by an EngineInfo.")
    if info.name != name:
        raise StartRefused(f"The engine {name} calls itself {info.name}; both must be the same.")
    known = info.options_schema.get("properties", {})
    unknown = sorted(set(section.options) - set(known))
    if unknown:
        raise StartRefused(
            f"The engine {name} has no option {unknown[0]}; it knows: {', '.join(known) or 'none'}."
        )
    return info


def _build(manager: pluggy.PluginManager, section: EngineSection) -> Engine:
    name = section.name
    try:
        engine = _hook(manager, name, "create_engine")(name=name, options=section.options)
        if engine is None:
            raise EngineUnusable("it builds nothing under its own name")
        engine.warm_up()
    except _ANY as error:
        raise StartRefused(f"The engine {name} cannot be used: {_sentence(error)}") from error
    built: Engine = engine
    return built


def _sentence(error: Exception) -> str:
    """Put the error into one line that ends like a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
