"""How the public page says what was checked, and what came of it; message ids."""

from __future__ import annotations

from nigiwai_engine_api import PictogramStyle

from webapp.domain.verification import Outcome, Step, Verdict, Why
from webapp.i18n import N_

# What it comes to: a headline, and a sentence.
VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.VERIFIED: (
        N_("この画像は、背景と人型のマークだけで描かれています"),
        N_(
            "登録された背景に人型のマークをもう一度描き、すべての画素が公開された画像と一致することを"
            "確かめました。この時刻のカメラの映像は、画素ひとつ含まれていません。"
        ),
    ),
    Verdict.FAILED: (
        N_("この画像は、検証に合格しませんでした"),
        N_("一致しない項目があります。書き換えられたか、壊れているおそれがあります。"),
    ),
    Verdict.OPEN: (
        N_("この画像は、ここでは確かめきれません"),
        N_("確かめられない項目があります。書き換えられたという意味ではありません。"),
    ),
}

# What each step looks at, and the words for how it ended.
STEPS: dict[Step, tuple[str, dict[Outcome, str]]] = {
    Step.SIGNATURE: (
        N_("署名"),
        {
            Outcome.PASSED: N_("記録は、このカメラの鍵で署名されたときのままです。"),
            Outcome.FAILED: N_("記録は、署名されたときから変わっています。"),
            Outcome.OPEN: N_("署名を確かめる鍵がありません。"),
        },
    ),
    Step.PLACE: (
        N_("カメラと時刻"),
        {
            Outcome.PASSED: N_("このカメラの、この時刻の画像の記録です。"),
            Outcome.FAILED: N_("別の画像の記録です。"),
            Outcome.OPEN: "",
        },
    ),
    Step.BACKGROUND: (
        N_("背景"),
        {
            Outcome.PASSED: N_("記録にある背景そのものです。"),
            Outcome.FAILED: N_("背景が、記録にあるものと違います。"),
            Outcome.OPEN: N_("背景が削除されたため、確かめられません。"),
        },
    ),
    Step.RASTER: (
        N_("画素"),
        {
            Outcome.PASSED: N_("描き直した画像と、すべての画素が一致しました。"),
            Outcome.FAILED: N_("描き直した画像と、画素が一致しません。"),
            Outcome.OPEN: N_("描き直せないため、確かめられません。"),
        },
    ),
    Step.PICTURE: (
        N_("公開されたファイル"),
        {
            Outcome.PASSED: N_("公開されたJPEGファイルそのものです。"),
            Outcome.FAILED: N_("保存されているファイルが、公開されたものと違います。"),
            Outcome.OPEN: N_(
                "公開が終わったファイルは保存していません。お手元のファイルは下で確かめられます。"
            ),
        },
    ),
}

# Where the reason says more than the outcome does.
REASONS: dict[Why, str] = {
    Why.OTHER_KEY: N_("このカメラの鍵ではない鍵で署名されています。"),
    Why.OTHER_STYLE: N_(
        "この画像は、以前の描き方で描かれました。いまのNigiwaiは同じようには描けないため、"
        "確かめられません。"
    ),
    Why.OTHER_LIBRARY: N_(
        "この画像は、別の版の描画ライブラリで描かれました。描き直した画像と画素が一致しませんが、"
        "版の違いのためかもしれません。"
    ),
    Why.TOO_LARGE: N_("画像が大きすぎて、ここでは確かめられません。"),
    Why.BAD_BACKGROUND: N_("記録にある背景は、この画像の背景になりません。"),
    Why.OTHER_PIXELS: N_("公開されたファイルには、描いたものと違うものが写っています。"),
}

# How the people are drawn (描き方).
STYLES: dict[str, str] = {
    PictogramStyle.FIGURE.value: N_("人型のマーク"),
    PictogramStyle.POSE.value: N_("姿勢のわかる人型のマーク"),
    PictogramStyle.MARK.value: N_("頭と肩の小さなマーク"),
}

# Pictures that are not drawn from people at all: a headline, and a sentence.
NOT_DRAWN: dict[str, tuple[str, str]] = {
    "stage": (
        N_("混雑の段階をお知らせする画像です"),
        N_(
            "カメラの持ち主が選んだ画像で、人は描かれていません。"
            "カメラの映像から作られたものではないため、検証するものはありません。"
        ),
    ),
    "closed": (
        N_("営業時間外の画像です"),
        N_(
            "カメラの持ち主が選んだ画像で、人は描かれていません。"
            "カメラの映像から作られたものではないため、検証するものはありません。"
        ),
    ),
}
