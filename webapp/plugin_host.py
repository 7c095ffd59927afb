"""What engines and connectors have in common as plugins: a section, an entry point, two hooks.

Start-up stops on the first thing that is wrong, with one sentence that says which plugin
and why: a camera must not be found unwatched because a plugin was quietly left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from webapp.errors import StartRefused

# Whatever a plugin raises while it is loaded is its own fault and becomes one sentence.
ANY = Exception


@dataclass(frozen=True, slots=True)
class Section:
    """One section ``[engines.NAME]`` or ``[connectors.NAME]`` that is enabled."""

    name: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PluginKind:
    """A kind of plugin: its word, its table in ``plugins.toml``, its entry points and hooks."""

    noun: str
    table: str
    project: str
    group: str
    hookspecs: ModuleType
    hooks: frozenset[str]

    def manager(self, sections: Iterable[Section], file: Path) -> pluggy.PluginManager:
        """Make a manager of its own with every plugin of ``sections``.

        Raises ``StartRefused`` when one is not installed, cannot be imported, or has a
        hook that is unknown or takes arguments it should not.
        """
        manager = pluggy.PluginManager(self.project)
        manager.add_hookspecs(self.hookspecs)
        installed = {point.name: point for point in entry_points(group=self.group)}
        for section in sections:
            if section.name not in installed:
                raise StartRefused(
                    f"The {self.noun} {section.name} is on in {file.name}, but no "
                    f"installed package brings it; install it or switch it off there."
                )
            self._register(manager, section.name, installed[section.name])
        return manager

    def read(self, path: Path) -> tuple[Section, ...] | None:
        """Read the sections that are on, in the order of the file; None without the table.

        Raises ``StartRefused`` for a file or a section that makes no sense.
        """
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise StartRefused(f"The plugins file {path} cannot be read: {error}.") from None
        except tomllib.TOMLDecodeError as error:
            raise StartRefused(f"The plugins file {path} is no valid TOML: {error}.") from None
        table = content.get(self.table)
        if table is None:
            return None
        if not isinstance(table, dict):
            raise StartRefused(
                f"In {path}, {self.table} must be sections such as [{self.table}.NAME]."
            )
        sections = [self._section(path, name, value) for name, value in table.items()]
        return tuple(section for section in sections if section)

    def _section(self, path: Path, name: str, value: Any) -> Section | None:
        where = f"In {path}, the section [{self.table}.{name}]"
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
        return Section(name, options) if enabled else None

    def _register(self, manager: pluggy.PluginManager, name: str, point: EntryPoint) -> None:
        try:
            plugin = point.load()
        except ANY as error:
            raise StartRefused(
                f"The {self.noun} {name} cannot be imported from {point.value}: {sentence(error)}"
            ) from error
        try:
            manager.register(plugin, name=name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise StartRefused(
                f"The {self.noun} {name} has a wrong hook: {sentence(error)}"
            ) from error
        hooks = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
        missing = sorted(self.hooks - hooks)
        if missing:
            raise StartRefused(f"The {self.noun} {name} has no hook {missing[0]}.")

    def describe(
        self, manager: pluggy.PluginManager, section: Section, hook: str, kind: type[Any]
    ) -> Any:
        """Ask a plugin what it is, and check that it knows its options by name."""
        name, noun = section.name, self.noun
        try:
            (info,) = hook_of(manager, name, hook)(options=section.options) or (None,)
        except ANY as error:
            raise StartRefused(
                f"The {noun} {name} does not describe itself: {sentence(error)}"
            ) from error
        if not isinstance(info, kind):
            raise StartRefused(f"The {noun} {name} does not describe itself by {kind.__name__}.")
        if info.name != name:
            raise StartRefused(
                f"The {noun} {name} calls itself {info.name}; both must be the same."
            )
        known = info.options_schema.get("properties", {})
        unknown = sorted(set(section.options) - set(known))
        if unknown:
            raise StartRefused(
                f"The {noun} {name} has no option {unknown[0]}; "
                f"it knows: {', '.join(known) or 'none'}."
            )
        return info


def hook_of(manager: pluggy.PluginManager, name: str, hook: str) -> pluggy.HookCaller:
    """Give the hook of that plugin alone, so that none can answer for another."""
    others = [plugin for other, plugin in manager.list_name_plugin() if other != name]
    return manager.subset_hook_caller(hook, remove_plugins=others)


def sentence(error: Exception) -> str:
    """Put the error into one line that ends like a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
