"""Where a camera is: what adding and 差し替え ask first (S9, C1)."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.i18n import N_


@dataclass(frozen=True, slots=True)
class Way:
    """One answer: the end of its path, message ids of its title and of what it is, icon."""

    path: str
    title: str
    text: str
    icon: str


WAYS = (
    Way(
        "cloud",
        N_("カメラクラウド"),
        N_("カメラクラウドのオーナーアカウントで許可した、契約済みのカメラから選びます。"),
        "cloud",
    ),
    Way(
        "network",
        N_("ネットワークカメラ"),
        N_("施設内のカメラに、RTSP・ONVIF・HTTPで直接つなぎます。オプションの契約は不要です。"),
        "plug",
    ),
)


def ways_to(base: str) -> list[tuple[str, Way]]:
    """Every way with the path it leads to; the page shows those that lead somewhere."""
    return [(f"{base}/{way.path}", way) for way in WAYS]
