"""The tabs of the settings of a camera and of a group: one row a tab.

A tab shows once its page is in ``urls.py``. Its template extends ``cameras/settings.html`` and
fills the blocks ``heading`` and ``panel``; with ``group`` among its values it is a group's.
"""

from __future__ import annotations

from dataclasses import dataclass

from webapp.i18n import N_


@dataclass(frozen=True, slots=True)
class Tab:
    """``path`` follows /cameras/{camera}/ or /groups/{group}/; ``title`` is a message id."""

    path: str
    title: str
    icon: str


# In the order of the manual (2-2), then what goes beyond it.
CAMERA_TABS = (
    Tab("alerts", N_("混雑アラート"), "bell"),
    Tab("hours", N_("営業時間"), "waiting"),
    Tab("mode", N_("AIモード"), "sliders"),
    Tab("background", N_("背景画像"), "picture"),
    Tab("areas", N_("集計するエリア"), "area"),
    Tab("embed", N_("埋め込み用コード"), "globe"),
    Tab("edit", N_("接続"), "plug"),
)
GROUP_TABS = (
    Tab("basic", N_("基本設定"), "gear"),
    Tab("alerts", N_("混雑アラート"), "bell"),
    Tab("hours", N_("営業時間一括設定"), "waiting"),
    Tab("embed", N_("埋め込み用コード"), "globe"),
    Tab("site", N_("WEBサイト生成"), "site"),
)
