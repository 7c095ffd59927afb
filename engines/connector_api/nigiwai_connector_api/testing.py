"""The conformance kit: what every connector that asks over a network has to keep.

An author subclasses it, names the module with the hooks and says how a source names a
camera; that is a whole test file::

    import nigiwai_connector_example
    from nigiwai_connector_api.testing import SECRET, ConnectorConformance

    class TestConformance(ConnectorConformance):
        plugin = nigiwai_connector_example

        def source(self, host, port):
            return {"url": f"x://{host}:{port}/", "user": "me", "password": SECRET}
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

import pluggy
import pytest

from nigiwai_connector_api import PROJECT_NAME, checks, hookspecs
from nigiwai_connector_api.checks import SECRET, NotConformant, Subject
from nigiwai_connector_api.network import Network
from nigiwai_connector_api.types import Connector, ConnectorInfo, Surroundings

__all__ = ["SECRET", "ConnectorConformance", "NotConformant"]


class ConnectorConformance:
    """Tests that every connector passes; subclass it under a name that begins with ``Test``.

    ``plugin``    the module (or object) with the two hooks.
    ``options``   as they would stand in ``plugins.toml``.
    ``deadline``  seconds that each fetch is given.
    ``endless``   how an answer begins whose end never comes.
    ``scale``     how many times the limit on bytes a stream may send before a picture.
    """

    plugin: ClassVar[Any] = None
    options: ClassVar[Mapping[str, object]] = {}
    deadline: ClassVar[float] = 1.0
    endless: ClassVar[bytes] = b""
    scale: ClassVar[int] = 1

    def source(self, host: str, port: int) -> Mapping[str, Any]:
        """A source that leads to this host and port, with ``SECRET`` as its password."""
        raise NotImplementedError

    @pytest.fixture
    def hooks(self) -> Any:
        """The module with the two hooks."""
        return self.plugin

    @pytest.fixture
    def info(self, hooks: Any) -> ConnectorInfo:
        """What the connector says of itself."""
        (info,) = _manager(hooks).hook.connector_info()
        if not isinstance(info, ConnectorInfo):
            raise NotConformant("connector_info does not return a ConnectorInfo")
        return info

    @pytest.fixture
    def subject(self, hooks: Any, info: ConnectorInfo) -> Subject:
        """The connector with its deadline."""

        def build(surroundings: Surroundings) -> Connector:
            return create(hooks, info.name, self.options, surroundings)

        return Subject(build, self.source, info, self.deadline, self.scale)

    def test_it_says_what_it_is(self, info: ConnectorInfo) -> None:
        """Fields, titles and options in words; passwords are known as such."""
        checks.check_info(info)

    def test_it_answers_for_its_own_name_only(self, hooks: Any, info: ConnectorInfo) -> None:
        """``create_connector`` gives None for another's name."""
        around = Surroundings(Network([]))
        other = _manager(hooks).hook.create_connector(
            name=f"{info.name}_other", options={}, surroundings=around
        )
        if other is not None:
            raise NotConformant("create_connector builds a connector for another's name")

    def test_phases_and_deadline(self, subject: Subject) -> None:
        """Silence, nobody there, a hang-up: the right phase, in time."""
        asyncio.run(checks.check_phases(subject))

    def test_size(self, subject: Subject) -> None:
        """An endless answer is given up."""
        asyncio.run(checks.check_size(subject, self.endless))

    def test_foreign_addresses(self, subject: Subject) -> None:
        """Outside the networks nothing is connected to."""
        asyncio.run(checks.check_guard(subject))

    def test_it_uses_the_network_it_is_given(self, subject: Subject) -> None:
        """No connection goes past the guard."""
        asyncio.run(checks.check_goes_through_the_guard(subject))

    def test_cancelled(self, subject: Subject) -> None:
        """Neither a connection nor a thread is left."""
        asyncio.run(checks.check_cancelled(subject))

    def test_many_at_once(self, subject: Subject) -> None:
        """Forty silent cameras end by their deadlines."""
        asyncio.run(checks.check_many(subject))

    def test_nonsense(self, subject: Subject) -> None:
        """No entry of a source makes it raise anything else."""
        asyncio.run(checks.check_nonsense(subject))


def create(
    plugin: object, name: str, options: Mapping[str, object], surroundings: Surroundings
) -> Connector:
    """Build the plugin's connector as the product does; raises ``NotConformant``."""
    connector = _manager(plugin).hook.create_connector(
        name=name, options=options, surroundings=surroundings
    )
    if connector is None:
        raise NotConformant(f"create_connector builds nothing under its own name {name}")
    built: Connector = connector
    return built


def _manager(plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    return manager
