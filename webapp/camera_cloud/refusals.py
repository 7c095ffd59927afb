"""Why a consent came to nothing, in words of what to do."""

from __future__ import annotations

from enum import StrEnum

from webapp.i18n import N_


class Refusal(StrEnum):
    """What happened on the way to the cloud and back."""

    STALE = "stale"
    DENIED = "denied"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    CLIENT = "client"

    @property
    def status(self) -> int:
        """The status of the page that says so."""
        return {Refusal.UNREACHABLE: 503, Refusal.DENIED: 200}.get(self, 400)

    @property
    def happened(self) -> str:
        """Message id: what happened."""
        return _WORDS[self][0]

    @property
    def advice(self) -> str:
        """Message id: what to do."""
        return _WORDS[self][1]


_WORDS = {
    Refusal.STALE: (
        N_("許可の手続きをやり直してください"),
        N_("時間が経ったか、別のタブで手続きが進んだため、ここからは続けられません。"),
    ),
    Refusal.DENIED: (
        N_("許可されませんでした"),
        N_("カメラクラウドのカメラを使うには、オーナーアカウントで「許可する」を押してください。"),
    ),
    Refusal.FAILED: (
        N_("許可を受け取れませんでした"),
        N_("もう一度お試しください。続く場合は事業者にご連絡ください。"),
    ),
    Refusal.UNREACHABLE: (
        N_("カメラクラウドから応答がありません"),
        N_("少し待ってから、もう一度お試しください。"),
    ),
    Refusal.CLIENT: (
        N_("カメラクラウドがこのサービスを受け付けません"),
        N_("カメラクラウドへの登録内容が違うようです。事業者にご連絡ください。"),
    ),
}
