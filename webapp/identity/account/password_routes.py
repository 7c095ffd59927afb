"""Changing one's own password."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.identity.account.pages import error_by_field, manager_page, signed_in
from webapp.identity.account.password import change_password
from webapp.identity.account.step_up import secret_field
from webapp.identity.browser import visitor_of
from webapp.identity.http import form_of, redirect
from webapp.identity.parts import parts_of
from webapp.identity.passwords import LEAST, MOST
from webapp.identity.sessions import set_cookie


async def password(request: Request) -> Response:
    """The form."""
    return _form(request)


async def change_password_by_form(request: Request) -> Response:
    """Change it; this browser stays signed in, by a new token."""
    form = await form_of(request)
    parts = parts_of(request)
    current, new, again = (secret_field(form, name) for name in ("current", "password", "again"))
    try:
        token = await change_password(
            parts,
            signed_in(request),
            current,
            new,
            again,
            visitor_of(request),
            datetime.now(UTC),
        )
    except UserError as error:
        return _form(request, error_by_field(error))
    response = redirect("/account?done=password")
    set_cookie(response, token, parts.settings)
    return response


def _form(request: Request, errors: dict[str, UserError] | None = None) -> Response:
    return manager_page(request, "password", errors=errors, least=LEAST, most=MOST)
