"""The options of an engine's section in ``plugins.toml``, checked by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nigiwai_engine_api import EngineUnusable


class WholeNumber(NamedTuple):
    """An option that is a whole number from ``least`` to ``most``."""

    default: int
    least: int
    most: int
    description: str

    def schema(self) -> dict[str, Any]:
        """Describe it as JSON schema."""
        return {
            "type": "integer",
            "minimum": self.least,
            "maximum": self.most,
            "default": self.default,
            "description": self.description,
        }


THREADS = WholeNumber(1, 1, 64, "Processor cores that one picture may use.")


def schema_of(known: Mapping[str, WholeNumber]) -> dict[str, Any]:
    """Describe an engine's options as JSON schema."""
    return {
        "type": "object",
        "properties": {name: number.schema() for name, number in known.items()},
        "additionalProperties": False,
    }


def read_options(options: Mapping[str, object], known: Mapping[str, WholeNumber]) -> dict[str, int]:
    """Fill in what is not given; raises ``EngineUnusable`` for what makes no sense."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise EngineUnusable(f"it has no option {', '.join(unknown)}; it knows {', '.join(known)}")
    return {name: _number(name, options, number) for name, number in known.items()}


def _number(name: str, options: Mapping[str, object], known: WholeNumber) -> int:
    value = options.get(name, known.default)
    if not isinstance(value, int) or value is True or not known.least <= value <= known.most:
        raise EngineUnusable(
            f"its option {name} is {value!r}; "
            f"it is a whole number from {known.least} to {known.most}"
        )
    return value
