"""Nigiwai's standard engine: whole people up to about 15 m away.

Two small detectors look at the whole frame; where both see a person the find is surer,
and the registered background tells what was always there.
"""

from __future__ import annotations

from collections.abc import Mapping

from nigiwai_detectors.options import THREADS, schema_of
from nigiwai_engine_api import Engine, EngineInfo, PictogramStyle, hookimpl

INFO = EngineInfo(
    name="standard",
    titles={"ja": "標準", "en": "Standard"},
    descriptions={
        "ja": "約15mまでの人物を検知し、人の大きさに合わせたピクトグラムで表示します。",
        "en": "Finds people up to about 15 m away and draws a pictogram of each one's size.",
    },
    version="1.0.0",
    style=PictogramStyle.FIGURE,
    options_schema=schema_of({"threads": THREADS}),
)


@hookimpl
def engine_info() -> EngineInfo:
    """Say what this engine is."""
    return INFO


@hookimpl
def create_engine(name: str, options: Mapping[str, object]) -> Engine | None:
    """Load the weights; answer None for another's name."""
    if name != INFO.name:
        return None
    from nigiwai_engine_standard.engine import StandardEngine  # weights and runtime load here

    return StandardEngine(options)
