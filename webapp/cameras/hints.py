"""設置のヒント: where to put a camera, all rows of both tables of the manual (appx2).

Left out is the model number of one maker's 360° camera: it holds for every such camera.
"""

from __future__ import annotations

from dataclasses import dataclass

from webapp.i18n import N_


@dataclass(frozen=True, slots=True)
class Hint:
    """One row: its name, what is recommended, and notes, all message ids.

    ``drawing`` names a macro of ``cameras/_hint_drawings.html``; ``measure`` is what is written
    into it.
    """

    drawing: str
    title: str
    value: str
    notes: tuple[str, ...]
    measure: str = ""


_DEPENDS = N_("カメラ本体の画角や、撮影角・設置高に依存するため、目安となります")
_HEIGHT_NOTE = N_("地上からの設置高の推奨条件です")
_ANGLE_NOTE = N_("撮影対象に対する角度の推奨条件です")
_DEVICE_NOTE = N_("機種により画角が異なるため、撮影範囲と検出範囲は異なることに注意してください")
_DEVICE = N_("360°カメラを除く")
_LIGHT = Hint(
    "light",
    N_("照度"),
    N_("500〜1000ルクス程度"),
    (
        N_("推奨照度です"),
        N_("直射日光などで白とびする場合は検出ができない場合があります"),
    ),
    "500–1000 lx",
)
_CROWD = Hint(
    "crowd",
    N_("同時撮影数"),
    N_("制限なし"),
    (
        N_("システム上での上限設定はありません"),
        N_("人が増えることにより撮影条件を満たせない場合に検出漏れが発生します"),
    ),
)
_BACKGROUND_NOTES = (
    N_("人の輪郭がはっきりと映る背景を選択するのが理想です"),
    N_("人物が映るポスターなどは誤検知されます"),
)
_BACKGROUND = N_("人が同化しないこと。人物が映るポスターなどが映りこまないこと")


def _near(distance: str, measure: str) -> tuple[Hint, ...]:
    return (
        Hint("height", N_("設置高"), N_("2.5〜5m"), (_HEIGHT_NOTE,), "2.5–5 m"),
        Hint("angle", N_("撮影角"), N_("30〜70°"), (_ANGLE_NOTE,), "30–70°"),
        Hint("distance", N_("検出範囲（距離）"), distance, (_DEPENDS,), measure),
        Hint(
            "subject",
            N_("検知対象"),
            N_("腰から上が映ること（全身撮影が望ましい）"),
            (
                N_("理想は全身が映ること、最低限腰から上が映るよう設置をお願いします"),
                N_("正面向きの方がより検出精度は良いです"),
            ),
            "waist",
        ),
        _LIGHT,
        Hint("device", N_("デバイス"), _DEVICE, (_DEVICE_NOTE,)),
        _CROWD,
        Hint("background", N_("背景"), _BACKGROUND, _BACKGROUND_NOTES),
    )


_WIDE = (
    Hint("height", N_("設置高"), N_("2.5〜5m程度"), (_HEIGHT_NOTE,), "2.5–5 m"),
    Hint(
        "heads",
        N_("撮影角"),
        N_("指定なし"),
        (_ANGLE_NOTE, N_("頭部どうしが重なりにくい角度が推奨です")),
    ),
    Hint(
        "distance",
        N_("検出範囲（距離）"),
        N_("10m〜最大30m程度"),
        (
            _DEPENDS,
            N_("カメラとの距離が近すぎると検出されにくい傾向があります（10m以上推奨）"),
        ),
        "10–30 m",
    ),
    Hint(
        "subject",
        N_("検知対象"),
        N_("肩から上が映ること（全身撮影が望ましい）"),
        (
            N_("理想は全身が映ること、最低限肩から上が映るよう設置をお願いします"),
            N_("正面向きの方がより検出精度は良いです"),
            N_("頭部どうしが重なりにくいことが望ましいです"),
        ),
        "shoulders",
    ),
    _LIGHT,
    Hint(
        "device",
        N_("デバイス"),
        _DEVICE,
        (
            _DEVICE_NOTE,
            N_("向きや倍率が動くカメラ（PTZ）を利用する場合は、背景の設定に注意が必要です"),
        ),
    ),
    _CROWD,
    Hint(
        "background",
        N_("背景"),
        _BACKGROUND,
        (*_BACKGROUND_NOTES, N_("丸いものを人と検出する可能性があります")),
    ),
)

HINTS = {
    "standard": _near(N_("最大15m程度"), "≤ 15 m"),
    "detailed": _near(N_("最大7m程度"), "≤ 7 m"),
    "wide": _WIDE,
}


def hints_of(engine: str) -> tuple[Hint, ...]:
    """The rows for an AI mode; those of the standard one for an engine of somebody else."""
    return HINTS.get(engine, HINTS["standard"])
