"""Why a sign-in did not come about, in words: what happened, and what to do."""

from __future__ import annotations

from enum import Enum

from webapp.errors import UserError
from webapp.i18n import N_


class Refusal(Enum):
    """Title, advice and status of the page; ``other`` offers to sign in as somebody else."""

    DENIED = (
        N_("ログインを中止しました"),
        N_("許可しなかったか、途中で取り消しました。続けるには、もう一度ログインしてください。"),
        403,
    )
    STALE = (
        N_("ログインをやり直してください"),
        N_("時間が経ちすぎたか、別のタブでログインを始めたため、手続きを続けられません。"),
        400,
    )
    FAILED = (
        N_("ログインを確認できませんでした"),
        N_("もう一度ログインしてください。続く場合は事業者にご連絡ください。"),
        400,
    )
    UNREACHABLE = (
        N_("ログインの画面につながりません"),
        N_(
            "認証サービスが応答していません。少し待ってから、もう一度お試しください。"
            "続く場合は事業者にご連絡ください。"
        ),
        503,
    )
    SUSPENDED = (
        N_("この組織の利用は停止されています"),
        N_("利用を再開するには、事業者にご連絡ください。"),
        403,
    )
    NO_ORGANISATION = (
        N_("所属する組織がわかりません"),
        N_("このアカウントはどの組織にも登録されていません。事業者にご連絡ください。"),
        403,
    )
    MOVED = (
        N_("所属する組織が変わっています"),
        N_("このアカウントは別の組織で登録されています。事業者にご連絡ください。"),
        403,
    )
    FULL = (
        N_("利用者の数が上限に達しています"),
        N_("1つの組織で利用できるのは100人までです。組織の管理ユーザにご連絡ください。"),
        403,
    )
    NO_OPERATOR = (
        N_("事業者としてはログインできません"),
        N_("このアカウントの組織は事業者ではありません。事業者にご連絡ください。"),
        403,
    )
    NO_MAIL = (
        N_("メールアドレスがわかりません"),
        N_(
            "認証サービスのアカウントにメールアドレスを登録してから、もう一度ログインしてください。"
        ),
        403,
    )
    MAIL_TAKEN = (
        N_("このメールアドレスは確認されていません"),
        N_(
            "同じメールアドレスの利用者がいます。認証サービスでメールアドレスの確認を終えてから、"
            "もう一度ログインしてください。"
        ),
        403,
    )

    def __init__(self, title: str, advice: str, status: int) -> None:
        self.title = title
        self.advice = advice
        self.status = status

    @property
    def is_personal(self) -> bool:
        """Whether the account is the reason, so that another one may do better."""
        return self.status == 403 and self is not Refusal.DENIED


class SignInRefused(UserError):
    """A sign-in that does not come about."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.title)
        self.refusal = refusal
