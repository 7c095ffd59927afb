"""The hooks an engine implements, both of them."""

from collections.abc import Mapping

import pluggy

from nigiwai_engine_api.types import Engine, EngineInfo

hookspec = pluggy.HookspecMarker("nigiwai_engine")


@hookspec
def engine_info(options: Mapping[str, object]) -> EngineInfo:  # type: ignore[empty-body]
    """Say what this engine is, without loading its weights.

    ``options`` are those of its section in ``plugins.toml``, for an engine whose title
    depends on them; an implementation without this parameter is called without.
    """


@hookspec(firstresult=True)
def create_engine(name: str, options: Mapping[str, object]) -> Engine | None:
    """Build the engine called ``name``, or answer None for another's name.

    ``options`` are those of its section in ``plugins.toml``. Raises ``EngineUnusable``
    with a sentence when weights are missing or an option makes no sense.
    """
