"""What an engine is to Nigiwai: two hooks, four value types, three errors.

An engine is a distribution with one entry point in the group ``nigiwai.engines``
that names a module implementing the hooks of :mod:`nigiwai_engine_api.hookspecs`.
It is switched on by a section of that name in ``plugins.toml``.
"""

import pluggy

from nigiwai_engine_api.errors import EngineError, EngineFailure, EngineUnusable
from nigiwai_engine_api.types import (
    Context,
    Engine,
    EngineInfo,
    Frame,
    People,
    PictogramStyle,
)

ENTRY_POINT_GROUP = "nigiwai.engines"
PROJECT_NAME = "nigiwai_engine"

hookimpl = pluggy.HookimplMarker(PROJECT_NAME)

__all__ = [
    "ENTRY_POINT_GROUP",
    "PROJECT_NAME",
    "Context",
    "Engine",
    "EngineError",
    "EngineFailure",
    "EngineInfo",
    "EngineUnusable",
    "Frame",
    "People",
    "PictogramStyle",
    "hookimpl",
]
