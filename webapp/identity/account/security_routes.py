"""セキュリティ設定: 二段階認証, its method, ログイン通知, and recovery codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_
from webapp.identity.account import passkey_routes, totp_routes
from webapp.identity.account.pages import error_by_field, manager_page, signed_in
from webapp.identity.account.security import (
    Settings,
    change_settings,
    is_set_up,
    make_recovery_codes,
    may_have_codes,
)
from webapp.identity.account.step_up import prove_password, secret_field
from webapp.identity.browser import visitor_of
from webapp.identity.http import form_of, locale_of, redirect
from webapp.identity.models import Account, SecondFactor, SecondFactorMethod
from webapp.identity.parts import parts_of
from webapp.identity.second_factor import passkeys, recovery, totp

CHOICE_WRONG = N_("一覧から選んでください。")

# Each choice with its words, and what it means for whoever signs in.
SECOND_FACTORS = (
    (
        SecondFactor.ALWAYS,
        N_("有効"),
        N_("ログインのたびに、パスワードに加えて二段階認証を行います。"),
    ),
    (
        SecondFactor.RISK,
        N_("リスクベース"),
        N_("初めてのブラウザやネットワークなど、いつもと異なる環境のときだけ行います。"),
    ),
    (
        SecondFactor.OFF,
        N_("無効"),
        N_("パスワードだけでログインします。パスワードが知られると、だれでもログインできます。"),
    ),
)
METHODS = (
    (
        SecondFactorMethod.MAIL,
        N_("認証コード(メール)"),
        N_("アカウントのメールアドレスに届く6桁の数字を入力します。"),
    ),
    (
        SecondFactorMethod.TOTP,
        N_("認証アプリ"),
        N_("スマートフォンの認証アプリに表示される6桁の数字を入力します。"),
    ),
    (
        SecondFactorMethod.PASSKEY,
        N_("パスキー"),
        N_("端末の指紋・顔・画面ロックや、セキュリティキーで確認します。"),
    ),
)
NOTICES = (
    ("on", N_("有効"), N_("初めての環境でログインがあると、メールでお知らせします。")),
    ("off", N_("無効"), N_("お知らせしません。")),
)


async def security(request: Request) -> Response:
    """The settings, and what is set up."""
    return await _page(request, Settings.of(signed_in(request).account))


async def change_security(request: Request) -> Response:
    """更新. A method that is not set up yet leads to its enrolment."""
    form = await form_of(request)
    at = datetime.now(UTC)
    parts, session, visitor = parts_of(request), signed_in(request), visitor_of(request)
    kept = Settings.of(session.account)
    wanted, errors = _read(form, kept)
    if errors:
        return await _page(request, wanted, errors)
    if wanted == kept:
        return redirect("/account/security?done=nothing")
    try:
        await prove_password(parts, session.account, secret_field(form), at)
        made = await change_settings(parts, session.account, wanted, visitor, at)
    except UserError as error:
        return await _page(request, wanted, error_by_field(error))
    if not await is_set_up(session.account, wanted.method):
        await session.account.refresh_from_db()
        enrol = {
            SecondFactorMethod.TOTP: totp_routes.enrolment,
            SecondFactorMethod.PASSKEY: passkey_routes.enrolment,
        }[wanted.method]
        return await enrol(request, choose=True, saved=bool(made.changes))
    return redirect("/account/security?done=settings")


async def recovery_codes(request: Request) -> Response:
    """How many are left, and the way to new ones."""
    return await _recovery_page(request)


async def renew_recovery_codes(request: Request) -> Response:
    """Make new ones, and show them this once."""
    form = await form_of(request)
    at = datetime.now(UTC)
    parts, account = parts_of(request), signed_in(request).account
    if not await may_have_codes(account):
        return redirect("/account/security")
    try:
        await prove_password(parts, account, secret_field(form), at)
        made = await make_recovery_codes(parts, account, visitor_of(request), at)
    except UserError as error:
        return await _recovery_page(request, error_by_field(error))
    return manager_page(request, "codes", codes=made.codes, added="")


async def _recovery_page(request: Request, errors: dict[str, UserError] | None = None) -> Response:
    account = signed_in(request).account
    if not await may_have_codes(account):
        return redirect("/account/security")
    left = await recovery.remaining(account)
    return manager_page(request, "recovery", errors=errors, left=left)


async def _page(
    request: Request, shown: Settings, errors: dict[str, UserError] | None = None
) -> Response:
    account = signed_in(request).account
    return manager_page(
        request,
        "security",
        errors=errors,
        shown=shown,
        second_factors=_in_words(request, SECOND_FACTORS),
        methods=_in_words(request, METHODS),
        notices=_in_words(request, NOTICES),
        **await _set_up(account),
    )


def _in_words(
    request: Request, options: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    """The choices in the language of the page."""
    say = locale_of(request).gettext
    return [(value, say(words), say(means)) for value, words, means in options]


async def _set_up(account: Account) -> dict[str, object]:
    return {
        "has_totp": totp.is_set_up(account),
        "passkeys": await passkeys.passkeys_of(account),
        "most_passkeys": passkeys.MOST_PASSKEYS,
        "codes_left": await recovery.remaining(account),
    }


def _read(form: FormData, kept: Settings) -> tuple[Settings, dict[str, UserError]]:
    """What was chosen; where that is nothing we know, what is kept, and the error."""
    values = {name: text_field(form, name) for name in ("second_factor", "method", "login_notice")}
    known = {
        "second_factor": [value.value for value, *_ in SECOND_FACTORS],
        "method": [value.value for value, *_ in METHODS],
        "login_notice": [value for value, *_ in NOTICES],
    }
    errors = {
        name: UserError(CHOICE_WRONG) for name, value in values.items() if value not in known[name]
    }
    if errors:
        return kept, errors
    wanted = Settings(
        SecondFactor(values["second_factor"]),
        SecondFactorMethod(values["method"]),
        values["login_notice"] == "on",
    )
    return wanted, {}
