"""認証アプリ: setting it up by QR code or by hand, setting it up again, and removing it."""

from __future__ import annotations

from datetime import UTC, datetime

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.identity.account.pages import error_by_field, manager_page, signed_in
from webapp.identity.account.security import add_totp, remove_totp
from webapp.identity.account.step_up import (
    FIELD,
    permit,
    permitted,
    prove_password,
    secret_field,
)
from webapp.identity.browser import visitor_of
from webapp.identity.http import form_of, redirect
from webapp.identity.parts import parts_of
from webapp.identity.second_factor import totp

STEP = "totp"


async def authenticator(request: Request) -> Response:
    """What an authenticator is, and the way to one; or that there is one."""
    return _start(request)


async def change_authenticator(request: Request) -> Response:
    """Set one up, or remove it, after the current password."""
    form = await form_of(request)
    at = datetime.now(UTC)
    parts, account = parts_of(request), signed_in(request).account
    try:
        await prove_password(parts, account, secret_field(form), at)
        if text_field(form, "answer") != "remove":
            return await enrolment(request, choose=False, saved=False)
        made = await remove_totp(parts, account, visitor_of(request), at)
    except UserError as error:
        return _start(request, error_by_field(error))
    done = "totp-gone-mail" if "mail" in made.changes else "totp-gone"
    return redirect(f"/account/security?done={done if made.changes else 'nothing'}")


async def begin_again(request: Request) -> Response:  # noqa: ARG001 - a view
    """A page that was the answer to a form is not there by itself."""
    return redirect("/account/security/totp")


async def confirm_authenticator(request: Request) -> Response:
    """Keep it, once it shows the right code."""
    form = await form_of(request)
    at = datetime.now(UTC)
    parts, session = parts_of(request), signed_in(request)
    sealed = text_field(form, "permission")
    known = await permitted(parts, session, STEP, sealed, at)
    if known is None:
        return redirect("/account/security/totp?done=too-late")
    secret, choose = str(known["secret"]), bool(known["choose"])
    code = text_field(form, "code")
    try:
        made = await add_totp(
            parts, session.account, secret, code, visitor_of(request), at, choose=choose
        )
    except UserError as error:
        if error.field == FIELD:
            return redirect("/account/security/totp?done=too-late")
        return _show(request, secret, sealed, error_by_field(error))
    if made.codes:
        return manager_page(request, "codes", codes=made.codes, added="totp")
    return redirect("/account/security?done=totp")


async def enrolment(request: Request, *, choose: bool, saved: bool) -> Response:
    """A new secret, shown to whoever just proved the password.

    Nothing is kept of it until a code proves that an authenticator has it.
    """
    secret = totp.new_secret()
    values = {"secret": secret, "choose": choose}
    sealed = await permit(parts_of(request), signed_in(request), STEP, datetime.now(UTC), **values)
    return _show(request, secret, sealed, saved=saved)


def _start(request: Request, errors: dict[str, UserError] | None = None) -> Response:
    is_set_up = totp.is_set_up(signed_in(request).account)
    return manager_page(request, "totp", errors=errors, is_set_up=is_set_up)


def _show(
    request: Request,
    secret: str,
    sealed: str,
    errors: dict[str, UserError] | None = None,
    *,
    saved: bool = False,
) -> Response:
    uri = totp.provisioning_uri(secret, signed_in(request).account.mail)
    code = segno.make(uri, error="m", micro=False)
    drawn = code.svg_inline(scale=5, border=4, light="#fff", svgclass="qr", lineclass=None)
    return manager_page(
        request,
        "totp_enrol",
        errors=errors,
        qr=Markup(drawn),  # noqa: S704 - drawn by us: squares and nothing of the text
        groups=[secret[n : n + 4] for n in range(0, len(secret), 4)],
        uri=uri,
        permission=sealed,
        saved=saved,
    )
