"""How far the calls of a month reach, in words."""

from __future__ import annotations

from webapp.domain.usage import Outlook, Reach
from webapp.i18n import N_, Locale

WORDS = {
    Reach.UNLIMITED: "",
    Reach.NO_CALLS: N_(
        "今月に表示できる回数がありません。埋め込みと公開サイトには、画像の代わりに案内が"
        "表示されます。"
    ),
    Reach.USED_UP: N_(
        "今月の回数を使い切りました。月末まで、埋め込みと公開サイトには画像の代わりに案内が"
        "表示されます。混雑状況は文字で伝わります。"
    ),
    Reach.UNKNOWN: N_("今月の見込みは、表示された回数がもう少し増えるとお知らせできます。"),
    Reach.RUNS_OUT: N_("このペースでは、%(day)sに使い切る見込みです。"),
    Reach.ENOUGH: N_("このペースでは、月末までに約%(expected)s回になる見込みです。"),
}
# What is shown as a warning.
SHORT = frozenset({Reach.NO_CALLS, Reach.USED_UP, Reach.RUNS_OUT})


def reach_in_words(outlook: Outlook, locale: Locale) -> str:
    """One or two sentences; empty where nothing limits."""
    expected = outlook.expected
    return locale.text(
        WORDS[outlook.reach],
        {
            "day": locale.date(outlook.day) if outlook.day else "",
            "expected": f"{_round(expected):,}" if expected is not None else "",
        },
    )


def _round(calls: int) -> int:
    """Three digits that count: a forecast pretends to know no more."""
    return round(calls, -max(0, len(str(calls)) - 3))
