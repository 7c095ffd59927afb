"""The conformance kit: what every engine has to keep, as a pytest class.

An author subclasses it and names the module with the hooks; that is a whole test file::

    import nigiwai_engine_example
    from nigiwai_engine_api.testing import EngineConformance

    class TestConformance(EngineConformance):
        plugin = nigiwai_engine_example
        options: ClassVar[dict[str, object]] = {"least_change": 30}

Real pictures tell more than made-up ones: override the fixture ``frames``, and
``level_frames`` if the engine uses the level. An engine that is made in another way is given
by the fixtures ``hooks``, ``engine`` and ``another``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pluggy
import pytest

from nigiwai_engine_api import PROJECT_NAME, checks, hookspecs
from nigiwai_engine_api.checks import NotConformant, Subject, noise, scene
from nigiwai_engine_api.types import Engine, EngineInfo, Frame

__all__ = ["EngineConformance", "NotConformant"]


class EngineConformance:
    """Tests that every engine passes; subclass it under a name that begins with ``Test``.

    ``plugin``         the module (or object) with the two hooks.
    ``options``        as they would stand in ``plugins.toml``.
    ``deadline``       seconds that one frame may take, of any size.
    ``warm_up_within`` seconds that loading and warming up may take.
    ``memory_frames``, ``memory_growth``  frames, and bytes by which they may make it grow.
    """

    plugin: Any = None
    options: ClassVar[Mapping[str, Any]] = {}
    deadline: ClassVar[float] = 10.0
    warm_up_within: ClassVar[float] = 60.0
    memory_frames: ClassVar[int] = 30
    memory_growth: ClassVar[int] = 12 << 20

    @pytest.fixture
    def hooks(self) -> Any:
        """The module with the two hooks."""
        return self.plugin

    @pytest.fixture
    def info(self, hooks: Any) -> EngineInfo:
        """What the engine says of itself."""
        (info,) = _manager(hooks).hook.engine_info(options=self.options)
        if not isinstance(info, EngineInfo):
            raise NotConformant("engine_info does not return an EngineInfo")
        return info

    @pytest.fixture
    def engine(self, hooks: Any, info: EngineInfo) -> Engine:
        """The engine under test, built once for all tests of the class."""
        if type(self) not in _BUILT:
            _BUILT[type(self)] = create(hooks, info.name, self.options)
        return _BUILT[type(self)]

    @pytest.fixture
    def another(self, hooks: Any, info: EngineInfo) -> Engine:
        """A second engine with the same options, which has seen nothing yet."""
        return create(hooks, info.name, self.options)

    @pytest.fixture
    def frames(self) -> Sequence[Frame]:
        """Pictures to try it on; real ones with people in them tell more."""
        return [scene(), noise(240, 320), scene(180, 320, figures=5)]

    @pytest.fixture
    def level_frames(self) -> Sequence[Frame]:
        """Pictures on which level 5 finds more people than level 1; none unless overridden."""
        return []

    @pytest.fixture
    def subject(self, engine: Engine, info: EngineInfo) -> Subject:
        """The engine with its deadline."""
        return Subject(engine, info, self.deadline)

    def test_it_says_what_it_is(self, info: EngineInfo) -> None:
        """Title and description in Japanese and English, a version, options with a word each."""
        checks.check_info(info)

    def test_it_answers_for_its_own_name_only(self, hooks: Any, info: EngineInfo) -> None:
        """``create_engine`` gives None for another's name."""
        engine = _manager(hooks).hook.create_engine(name=f"{info.name}-other", options={})
        if engine is not None:
            raise NotConformant("create_engine builds an engine for another's name")

    def test_it_warms_up(self, subject: Subject) -> None:
        """Warming up ends, and may be asked for twice."""
        checks.check_warm_up(subject, self.warm_up_within)

    @pytest.mark.parametrize("size", [*checks.TINY, *checks.HUGE], ids=str)
    def test_frames_of_any_size(self, subject: Subject, size: tuple[int, int]) -> None:
        """From one pixel to 4K, and very narrow ones."""
        checks.check_sizes(subject, [size])

    def test_nobody_in_an_empty_frame(self, subject: Subject) -> None:
        """A frame of one shade holds nobody."""
        checks.check_empty(subject)

    def test_pixels_stored_in_any_way(self, subject: Subject, frames: Sequence[Frame]) -> None:
        """Read-only, not contiguous, mirrored: the same people."""
        checks.check_layouts(subject, frames[0])

    def test_it_does_not_write_to_the_frame(
        self, subject: Subject, frames: Sequence[Frame]
    ) -> None:
        """Frame and background come back as they were."""
        checks.check_hands_off(subject, frames[0])

    def test_any_background(self, subject: Subject, frames: Sequence[Frame]) -> None:
        """Of another size too."""
        checks.check_backgrounds(subject, frames[0])

    def test_levels(
        self, subject: Subject, frames: Sequence[Frame], level_frames: Sequence[Frame]
    ) -> None:
        """Levels 1 to 5, a higher one finding no fewer."""
        checks.check_levels(subject, frames, level_frames)

    def test_the_same_again(
        self, subject: Subject, frames: Sequence[Frame], another: Engine
    ) -> None:
        """The same frame gives the same people, from a new engine too."""
        checks.check_warm_up(Subject(another, subject.info), self.warm_up_within)
        checks.check_repeats(subject, frames, another)

    def test_the_same_in_threads(self, subject: Subject, frames: Sequence[Frame]) -> None:
        """In four threads at once too."""
        checks.check_threads(subject, frames)

    def test_it_keeps_no_frame(self, subject: Subject) -> None:
        """No pixel outlives the answer."""
        checks.check_forgets(subject)

    def test_memory_does_not_grow(self, subject: Subject) -> None:
        """Many frames take no more memory and threads than some."""
        checks.check_memory(subject, self.memory_frames, self.memory_growth)


def create(plugin: object, name: str, options: Mapping[str, object]) -> Engine:
    """Build the plugin's engine as the product does; raises ``NotConformant``."""
    engine = _manager(plugin).hook.create_engine(name=name, options=options)
    if engine is None:
        raise NotConformant(f"create_engine builds nothing under its own name {name}")
    built: Engine = engine
    return built


def _manager(plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    return manager


# One engine a test class: loading weights for every test would take minutes.
_BUILT: dict[type, Engine] = {}
