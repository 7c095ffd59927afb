"""Signing in by the operator's one-time link, signing out, and the language of the screens."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tortoise.transactions import in_transaction

from webapp.access import member_of, session_of
from webapp.http import form_of, page, redirect, services_of, text_field
from webapp.i18n import LANGUAGES
from webapp.operator import login_links
from webapp.signin.sessions import clear_cookie, end_session, set_cookie, start_session


async def sign_in(request: Request) -> Response:
    """Say how to get in."""
    if session_of(request) is not None:
        return RedirectResponse("/cameras", 303)
    return page(request, "signin/page.html")


async def login_link(request: Request) -> Response:
    """Show a button: a link that is merely looked at (by a mail scanner, say) stays good."""
    return page(request, "signin/link.html")


async def redeem_login_link(request: Request) -> Response:
    """Redeem the link once; the session is a new one whatever cookie came along."""
    now = datetime.now(UTC)
    settings = services_of(request).settings
    previous = session_of(request)
    # All or nothing: a link is not used up by a sign-in that could not be written.
    async with in_transaction():
        member = await login_links.redeem(request.path_params["token"], now)
        if member is None:
            return page(request, "signin/link_spent.html", 410)
        if previous is not None:
            await end_session(previous)
        token = await start_session(member, settings, now)
    response = redirect("/cameras", done="signed_in")
    set_cookie(response, token, settings)
    return response


async def sign_out(request: Request) -> Response:
    """End the session here and in the database."""
    await form_of(request)
    session = session_of(request)
    if session is not None:
        await end_session(session)
    response = RedirectResponse("/sign-in", 303)
    clear_cookie(response)
    return response


async def change_language(request: Request) -> Response:
    """Choose the language of the signed-in member's screens."""
    form = await form_of(request)
    language = text_field(form, "language")
    if language not in LANGUAGES:
        raise HTTPException(400)
    member = member_of(request)
    member.language = language
    await member.save(update_fields=["language"])
    return redirect("/cameras", done="language_changed")
