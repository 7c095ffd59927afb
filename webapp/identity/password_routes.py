"""パスワードリセット, and the one-time links that lead to a new password or to the first one."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_
from webapp.identity.browser import visitor_of
from webapp.identity.flows.login import clean_mail
from webapp.identity.flows.new_password import set_password
from webapp.identity.flows.reset import ask_for_reset
from webapp.identity.guard import TooMany
from webapp.identity.http import form_of, locale_of, page, redirect, session_of
from webapp.identity.links import find_link, was_invitation
from webapp.identity.login_routes import MAIL_MISSING, PASSWORD_MISSING, TOO_MANY
from webapp.identity.models import LinkPurpose, OneTimeLink
from webapp.identity.parts import parts_of
from webapp.identity.passwords import LEAST, MOST
from webapp.identity.sessions import clear_cookie

NO_MAIL = N_("メールアドレスの形になっていません。「@」の前後を確認してください。")


async def reset(request: Request) -> Response:
    """Ask for the mail address."""
    return _reset_form(request)


async def ask_for_reset_by_form(request: Request) -> Response:
    """Ask whether it is meant, and then do it; the answer is the same whoever it is."""
    form = await form_of(request)
    mail, answer = clean_mail(text_field(form, "mail")), text_field(form, "answer")
    before, _, after = mail.partition("@")
    if not (before and after):
        return _reset_form(request, mail, 422, NO_MAIL if mail else MAIL_MISSING)
    if answer == "back":
        return _reset_form(request, mail)
    if answer != "send":
        return page(request, "identity/reset_confirm.html", mail=mail)
    parts, language = parts_of(request), locale_of(request).language
    try:
        await ask_for_reset(parts, mail, language, visitor_of(request), datetime.now(UTC))
    except TooMany:
        return _reset_form(request, mail, 429, TOO_MANY)
    return redirect("/reset/sent")


async def reset_sent(request: Request) -> Response:
    """Say what happens now."""
    return page(request, "identity/reset_sent.html")


async def password_link(request: Request) -> Response:
    """Show the form; a link that is merely looked at (by a mail scanner, say) stays good."""
    link = await find_link(request.path_params["token"], datetime.now(UTC))
    return await _spent(request) if link is None else _form(request, link)


async def set_password_by_form(request: Request) -> Response:
    """Redeem the link once, for a password that will do."""
    form = await form_of(request)
    at = datetime.now(UTC)
    link = await find_link(request.path_params["token"], at)
    if link is None:
        return await _spent(request)
    password = form.get("password", "")
    if not isinstance(password, str) or not password:
        return _form(request, link, UserError(PASSWORD_MISSING))
    try:
        done = await set_password(parts_of(request), link, password, visitor_of(request), at)
    except UserError as error:
        return _form(request, link, error)
    if not done:
        return await _spent(request)
    response = redirect("/password-changed")
    session = session_of(request)
    if session is not None and session.account_id == link.account_id:
        clear_cookie(response)
    return response


async def password_changed(request: Request) -> Response:
    """Say that it is done, and lead to the login."""
    return page(request, "identity/password_changed.html")


def _reset_form(request: Request, mail: str = "", status: int = 200, error: str = "") -> Response:
    errors = {"mail": UserError(error)} if error else {}
    return page(request, "identity/reset.html", status, mail=mail, errors=errors)


def _form(request: Request, link: OneTimeLink, error: UserError | None = None) -> Response:
    return page(
        request,
        "identity/password.html",
        422 if error else 200,
        mail=link.account.mail,
        is_first=link.purpose is LinkPurpose.FIRST_PASSWORD,
        least=LEAST,
        most=MOST,
        errors={"password": error} if error else {},
    )


async def _spent(request: Request) -> Response:
    invited = await was_invitation(request.path_params["token"])
    return page(request, "identity/link_spent.html", 410, invited=invited)
