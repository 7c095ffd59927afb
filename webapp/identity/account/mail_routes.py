"""Changing the mail address: the form, the two links, and giving it up."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.identity.account.mail_change import (
    Outcome,
    ask_for_change,
    confirm,
    find_confirmation,
    stop_change,
    waiting_change,
)
from webapp.identity.account.pages import error_by_field, manager_page, signed_in
from webapp.identity.account.step_up import prove_password, secret_field
from webapp.identity.browser import visitor_of
from webapp.identity.guard import TooMany
from webapp.identity.http import form_of, page, redirect, session_of
from webapp.identity.login_routes import TOO_MANY
from webapp.identity.parts import parts_of


async def mail(request: Request) -> Response:
    """Ask for the new address."""
    return await _form(request, "")


async def ask_for_mail_change(request: Request) -> Response:
    """Write to both addresses; the answer is the same whether the new one is taken or not."""
    form = await form_of(request)
    at = datetime.now(UTC)
    parts, account, visitor = parts_of(request), signed_in(request).account, visitor_of(request)
    wanted = text_field(form, "mail")
    try:
        await prove_password(parts, account, secret_field(form), at)
        await ask_for_change(parts, account, wanted, visitor, at)
    except UserError as error:
        return await _form(request, wanted, error_by_field(error))
    except TooMany:
        return await _form(request, wanted, {"mail": UserError(TOO_MANY)}, 429)
    return redirect("/account?done=mail-asked")


async def stop_mail_change(request: Request) -> Response:
    """やめる."""
    await form_of(request)
    account = signed_in(request).account
    stopped = await stop_change(account, visitor_of(request), datetime.now(UTC))
    return redirect(f"/account?done={'mail-stopped' if stopped else 'nothing'}")


async def begin_again(request: Request) -> Response:  # noqa: ARG001 - a view
    """A page that was the answer to a form is not there by itself."""
    return redirect("/account/mail")


async def mail_link(request: Request) -> Response:
    """Show the button; a link that is merely looked at confirms nothing."""
    found = await find_confirmation(request.path_params["token"], datetime.now(UTC))
    if found is None:
        return _outcome(request, Outcome.SPENT)
    if found.is_given:
        return _outcome(request, Outcome.WAITING)
    return page(
        request,
        "identity/account/mail_link.html",
        mail=found.change.mail,
        side=found.side.value,
        is_last=found.other_is_given,
    )


async def confirm_mail_change(request: Request) -> Response:
    """Confirm from this side."""
    await form_of(request)
    outcome = await confirm(
        parts_of(request),
        request.path_params["token"],
        session_of(request),
        visitor_of(request),
        datetime.now(UTC),
    )
    return _outcome(request, outcome)


async def _form(
    request: Request, wanted: str, errors: dict[str, UserError] | None = None, status: int = 200
) -> Response:
    account = signed_in(request).account
    waiting = await waiting_change(account, datetime.now(UTC))
    return manager_page(request, "mail", status, errors=errors, mail=wanted, waiting=waiting)


_STATUS = {Outcome.SPENT: 410, Outcome.TAKEN: 409}


def _outcome(request: Request, outcome: Outcome) -> Response:
    template = "identity/account/mail_outcome.html"
    return page(request, template, _STATUS.get(outcome, 200), outcome=outcome.value)
