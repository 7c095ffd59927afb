"""What the pages of the Account Manager have in common."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.http import page, session_of
from webapp.identity.models import Session

# What ``?done=…`` says above a page. Words of a link are never shown.
DONE = {
    "profile": N_("アカウント情報を更新しました。"),
    "mail-asked": N_(
        "現在と新しいメールアドレスに、確認のメールを送信しました。両方のメールのURLを24時間以内に開いてください。"
    ),
    "mail-stopped": N_("メールアドレスの変更をやめました。"),
    "password": N_("パスワードを変更しました。ほかの端末からはログアウトしました。"),
    "settings": N_("セキュリティ設定を更新しました。"),
    "nothing": N_("変更した項目はありません。"),
    "totp": N_("認証アプリを設定しました。"),
    "totp-gone": N_("認証アプリを削除しました。"),
    "totp-gone-mail": N_(
        "認証アプリを削除しました。二段階認証方法は「認証コード(メール)」に戻りました。"
    ),
    "passkey": N_("パスキーを追加しました。"),
    "passkey-renamed": N_("パスキーの名前を変更しました。"),
    "passkey-gone": N_("パスキーを削除しました。"),
    "passkey-gone-mail": N_(
        "パスキーを削除しました。二段階認証方法は「認証コード(メール)」に戻りました。"
    ),
    "device": N_("その端末からログアウトしました。"),
    "devices": N_("ほかのすべての端末からログアウトしました。"),
    "app": N_("許可を取り消しました。"),
}
# What went wrong on the way, where the page that is shown is not the one that was sent.
WENT_WRONG = {
    "too-late": N_(
        "時間が経ちすぎたか、別の画面で設定が変更されました。もう一度はじめからお試しください。"
    ),
}


def signed_in(request: Request) -> Session:
    """The session that the route's guard saw."""
    session = session_of(request)
    if session is None:
        raise HTTPException(401)
    return session


def manager_page(
    request: Request,
    template: str,
    status: int = 200,
    /,
    *,
    errors: dict[str, UserError] | None = None,
    **values: Any,
) -> Response:
    """A page of ``templates/identity/account``, with the message about what was done."""
    done = DONE.get(request.query_params.get("done", ""), "")
    wrong = WENT_WRONG.get(request.query_params.get("done", ""), "")
    template = f"identity/account/{template}.html"
    if errors and status == 200:
        status = 422
    return page(request, template, status, done=done, wrong=wrong, errors=errors or {}, **values)


def error_by_field(error: UserError) -> dict[str, UserError]:
    """The error where the form shows it."""
    return {error.field or "": error}
