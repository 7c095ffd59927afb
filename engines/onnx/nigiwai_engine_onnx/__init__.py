"""Bring your own ONNX: a detector of people that the operator has, run as an engine.

It carries no weights. ``engines/README.md`` says how to describe a model by options.
"""

from __future__ import annotations

from collections.abc import Mapping

from nigiwai_engine_api import Engine, EngineInfo, PictogramStyle, hookimpl

from nigiwai_engine_onnx.options import SCHEMA

NAME = "onnx"
TITLES = {"ja": "持ち込みモデル", "en": "Own model"}
DESCRIPTIONS = {
    "ja": "事業者が用意したモデルで人物を検知します。",
    "en": "Finds people by a model that the operator has brought.",
}


@hookimpl
def engine_info(options: Mapping[str, object]) -> EngineInfo:
    """Say what this engine is; title and style are options."""
    return EngineInfo(
        name=NAME,
        titles={
            language: _text(options, f"title_{language}", TITLES[language]) for language in TITLES
        },
        descriptions=DESCRIPTIONS,
        version="0.1.0",
        style=PictogramStyle.MARK if options.get("style") == "mark" else PictogramStyle.FIGURE,
        options_schema=SCHEMA,
    )


@hookimpl
def create_engine(name: str, options: Mapping[str, object]) -> Engine | None:
    """Load the model; answer None for another's name."""
    if name != NAME:
        return None
    from nigiwai_engine_onnx.engine import OnnxEngine  # the runtime loads here
    from nigiwai_engine_onnx.options import read_options

    return OnnxEngine(read_options(options))


def _text(options: Mapping[str, object], name: str, default: str) -> str:
    value = options.get(name, default)
    return value if isinstance(value, str) and value.strip() else default
