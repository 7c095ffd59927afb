"""Time zones: words for those that are asked for most, names for all the others."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from webapp.i18n import N_

COMMON = {
    "Asia/Tokyo": N_("日本（東京）"),
    "Asia/Seoul": N_("韓国（ソウル）"),
    "Asia/Shanghai": N_("中国（上海）"),
    "Asia/Taipei": N_("台湾（台北）"),
    "Asia/Hong_Kong": N_("香港"),
    "Asia/Manila": N_("フィリピン（マニラ）"),
    "Asia/Ho_Chi_Minh": N_("ベトナム（ホーチミン）"),
    "Asia/Bangkok": N_("タイ（バンコク）"),
    "Asia/Singapore": N_("シンガポール"),
    "Asia/Kuala_Lumpur": N_("マレーシア（クアラルンプール）"),
    "Asia/Jakarta": N_("インドネシア（ジャカルタ）"),
    "Asia/Kolkata": N_("インド（コルカタ）"),
    "Asia/Dubai": N_("アラブ首長国連邦（ドバイ）"),
    "Australia/Sydney": N_("オーストラリア（シドニー）"),
    "Pacific/Auckland": N_("ニュージーランド（オークランド）"),
    "Europe/London": N_("イギリス（ロンドン）"),
    "Europe/Paris": N_("フランス（パリ）"),
    "Europe/Berlin": N_("ドイツ（ベルリン）"),
    "America/Sao_Paulo": N_("ブラジル（サンパウロ）"),
    "America/New_York": N_("アメリカ東部（ニューヨーク）"),
    "America/Chicago": N_("アメリカ中部（シカゴ）"),
    "America/Los_Angeles": N_("アメリカ西部（ロサンゼルス）"),
    "Pacific/Honolulu": N_("ハワイ（ホノルル）"),
    "UTC": N_("協定世界時（UTC）"),
}


@cache
def zones() -> frozenset[str]:
    """Every zone that can be chosen."""
    return frozenset(
        name for name in available_timezones() if "/" in name and not name.startswith("Etc/")
    ) | {"UTC"}


@cache
def others() -> tuple[str, ...]:
    """The zones that have no word here, by name."""
    return tuple(sorted(zones() - COMMON.keys()))
