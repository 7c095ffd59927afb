"""Nigiwai's detailed engine: people up to about 7 m away, each with a pose.

The detectors of the standard engine find people; a pose network then looks at each one,
finds 17 key points, and so also tells whether a doubtful find is a person at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from nigiwai_engine_api import Engine, EngineInfo, PictogramStyle, hookimpl

from nigiwai_engine_detailed.options import SCHEMA

INFO = EngineInfo(
    name="detailed",
    titles={"ja": "詳細", "en": "Detailed"},
    descriptions={
        "ja": "約7mまでの人物を検知し、姿勢に合わせたピクトグラムで表示します。"
        "検知レベルを1〜5から選べます。",
        "en": "Finds people up to about 7 m away and draws a pictogram in each one's pose. "
        "The detection level can be set from 1 to 5.",
    },
    version="1.0.0",
    style=PictogramStyle.POSE,
    options_schema=SCHEMA,
    uses_level=True,
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
    from nigiwai_engine_detailed.engine import DetailedEngine  # weights and runtime load here

    return DetailedEngine(options)
