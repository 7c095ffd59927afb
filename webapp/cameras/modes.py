"""The AI modes as the manual tells them apart: how people are drawn, and how far they are seen."""

from __future__ import annotations

from dataclasses import dataclass

from nigiwai_engine_api import EngineInfo, PictogramStyle

from webapp.i18n import N_, Locale


@dataclass(frozen=True, slots=True)
class Facts:
    """``image`` and ``distance`` are message ids: the two rows of the manual's table."""

    image: str
    distance: str


FACTS = {
    "standard": Facts(
        N_("定型の人型で位置を示します。撮影された人の大きさに応じて人型のサイズが変わります。"),
        N_("最大15m程度"),
    ),
    "detailed": Facts(
        N_(
            "人物のポーズを推定した人型で位置を示します。標準モードと解析エンジンが異なるため、"
            "推奨距離内においても人物の検知に差が出ることがあります。"
        ),
        N_("最大7m程度"),
    ),
    "wide": Facts(
        N_(
            "定型の人型で位置を示します。他のモードに比較して、広域密集状態の解析に適しますが、"
            "人型のサイズは実サイズとずれる場合があります。"
        ),
        N_("10m〜最大30m程度"),
    ),
}


@dataclass(frozen=True, slots=True)
class Mode:
    """One card. ``distance`` is empty for an engine of somebody else, which tells none."""

    name: str
    title: str
    image: str
    distance: str
    style: PictogramStyle
    uses_level: bool


def mode_of(info: EngineInfo, locale: Locale) -> Mode:
    """The card of an engine, in the reader's language."""
    facts = FACTS.get(info.name)
    told = info.descriptions.get(locale.language) or info.descriptions["en"]
    return Mode(
        name=info.name,
        title=info.titles.get(locale.language) or info.titles["en"],
        image=locale.gettext(facts.image) if facts else told,
        distance=locale.gettext(facts.distance) if facts else "",
        style=info.style,
        uses_level=info.uses_level,
    )
