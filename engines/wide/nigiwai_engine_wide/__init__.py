"""Nigiwai's wide-area engine: people and crowds 10 to 30 m away.

The frame is searched in overlapping tiles at several scales; how tall people are at each
height of the picture is learnt from the picture itself and judges the doubtful finds.
"""

from __future__ import annotations

from collections.abc import Mapping

from nigiwai_detectors.options import THREADS, WholeNumber, schema_of
from nigiwai_engine_api import Engine, EngineInfo, PictogramStyle, hookimpl

OPTIONS = {
    "threads": THREADS,
    "tiles": WholeNumber(40, 2, 200, "Most parts of one picture that are searched; bounds time."),
}

INFO = EngineInfo(
    name="wide",
    titles={"ja": "広域", "en": "Wide area"},
    descriptions={
        "ja": "約10〜30m離れた人物や混雑を検知し、頭の位置に小さなピクトグラムを表示します。",
        "en": "Finds people and crowds 10 to 30 m away and draws a small mark at each head.",
    },
    version="1.0.0",
    style=PictogramStyle.MARK,
    options_schema=schema_of(OPTIONS),
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
    from nigiwai_engine_wide.engine import WideEngine  # weights and runtime load here

    return WideEngine(options)
