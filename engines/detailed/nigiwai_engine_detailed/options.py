"""The options of the section ``[engines.detailed]`` in ``plugins.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nigiwai_detectors.options import THREADS, read_options, schema_of
from nigiwai_engine_api import EngineUnusable

POSES = ("thunder", "lightning")

SCHEMA: dict[str, Any] = schema_of({"threads": THREADS})
SCHEMA["properties"]["pose"] = {
    "type": "string",
    "enum": list(POSES),
    "default": POSES[0],
    "description": "The pose network: thunder is right more often, lightning four times as fast.",
}


class Options(NamedTuple):
    """What may be chosen: processor cores that one picture may use, and the pose network."""

    threads: int
    pose: str


def read(options: Mapping[str, object]) -> Options:
    """Fill in what is not given; raises ``EngineUnusable`` for what makes no sense."""
    unknown = sorted(set(options) - set(SCHEMA["properties"]))
    if unknown:
        raise EngineUnusable(f"it has no option {', '.join(unknown)}; it knows threads, pose")
    pose = options.get("pose", POSES[0])
    if not isinstance(pose, str) or pose not in POSES:
        raise EngineUnusable(f"its option pose is {pose!r}; it is one of {', '.join(POSES)}")
    numbers = {name: value for name, value in options.items() if name != "pose"}
    return Options(read_options(numbers, {"threads": THREADS})["threads"], pose)
