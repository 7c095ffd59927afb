"""Signing in."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_
from webapp.identity.browser import visitor_of
from webapp.identity.flows.login import StepAhead, Suspended, log_in
from webapp.identity.flows.onward import HOME, login_hint, onward
from webapp.identity.guard import TooMany
from webapp.identity.http import form_of, page, redirect, session_of
from webapp.identity.mail_address import clean_mail
from webapp.identity.oauth.locations import origin_of
from webapp.identity.parts import parts_of
from webapp.identity.requested import authorisation_of
from webapp.identity.second_step_routes import signed_in, to_second_step

MAIL_MISSING = N_("メールアドレスを入力してください。")
PASSWORD_MISSING = N_("パスワードを入力してください。")
# One sentence for wrong, unknown and locked: it tells nobody who has an account.
REFUSED = N_(
    "メールアドレスまたはパスワードが違うか、一時的にロックされています。"
    "5分ほどおいてお試しください。"
)
SUSPENDED = N_("この組織の利用は停止されています。事業者にお問い合わせください。")
TOO_MANY = N_("このネットワークからの操作が多すぎます。5分ほどおいてお試しください。")


async def login(request: Request) -> Response:
    """Show the form; whoever is signed in already and is asked by nobody goes home."""
    target = onward(request.query_params.get("next", HOME))
    if session_of(request) is not None and target == HOME:
        return redirect(HOME)
    return await _form(request, login_hint(target))


async def log_in_by_form(request: Request) -> Response:
    """Sign in and go on.

    A form that was shown before somebody signed in elsewhere in this browser does nothing and
    goes on: the sign-in is there. One whose sign-in has ended meanwhile asks again.
    """
    target = onward(request.query_params.get("next", HOME))
    try:
        form = await form_of(request)
    except HTTPException as refused:
        if refused.status_code not in {401, 403}:
            raise
        return redirect(target)
    at = datetime.now(UTC)
    mail, password = clean_mail(text_field(form, "mail")), form.get("password", "")
    missing = {}
    if not mail:
        missing["mail"] = UserError(MAIL_MISSING)
    if not isinstance(password, str) or not password:
        missing["password"] = UserError(PASSWORD_MISSING)
    if missing or not isinstance(password, str):
        return await _form(request, mail, 422, errors=missing)
    parts, visitor, previous = parts_of(request), visitor_of(request), session_of(request)
    try:
        result = await log_in(parts, mail, password, visitor, target, previous, at)
    except TooMany:
        return await _form(request, mail, 429, refused=TOO_MANY)
    if result is None:
        return await _form(request, mail, 422, refused=REFUSED)
    if isinstance(result, Suspended):
        return await _form(request, mail, 422, refused=SUSPENDED)
    if isinstance(result, StepAhead):
        return await to_second_step(request, result.token, at)
    return signed_in(request, result, target)


async def _form(
    request: Request,
    mail: str,
    status: int = 200,
    *,
    errors: dict[str, UserError] | None = None,
    refused: str = "",
) -> Response:
    target = onward(request.query_params.get("next", HOME))
    wanted = await authorisation_of(request, target)
    return page(
        request,
        "identity/login.html",
        status,
        form_action=origin_of(wanted.redirect_uri) if wanted else "",
        app=wanted.client.name if wanted else "",
        mail=mail,
        errors=errors or {},
        refused=refused,
    )
