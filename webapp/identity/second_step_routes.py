"""The second step of a login: the code by mail, the authenticator, the passkey."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.identity.browser import visitor_of
from webapp.identity.flows.login import SignedIn
from webapp.identity.flows.onward import login_page, onward
from webapp.identity.flows.second_step import (
    StepOver,
    TooManyTries,
    ask_passkey,
    send_code,
    show_second_factor,
)
from webapp.identity.http import form_of, page, redirect, session_of
from webapp.identity.models import SecondStep
from webapp.identity.oauth.locations import origin_of
from webapp.identity.parts import parts_of
from webapp.identity.requested import authorisation_of
from webapp.identity.second_factor import codes, risk, steps
from webapp.identity.second_factor.steps import Way, find_step, onward_of, ways_of
from webapp.identity.sessions import set_cookie
from webapp.mail.folder import has_mailbox

PAGE = "/login/code"


async def to_second_step(request: Request, token: str, at: datetime) -> Response:
    """Lead whoever knew the password to the second step, and send the code if that is its way."""
    step = await find_step(token, at)
    if step is not None and (await ways_of(step.account))[0] is Way.MAIL:
        await _send(request, token, at)
    response = redirect(PAGE)
    steps.set_cookie(response, token)
    return response


async def second_step(request: Request) -> Response:
    """Show the page of the way that was asked for, or else of the way that was chosen."""
    return await _page(request, datetime.now(UTC), _way(request.query_params.get("way", "")))


async def show_by_form(request: Request) -> Response:
    """Complete the login by a code, or by the answer of a passkey."""
    form = await form_of(request)
    at = datetime.now(UTC)
    way, token = _way(text_field(form, "way")), _token(request)
    parts, visitor, previous = parts_of(request), visitor_of(request), session_of(request)
    step = await find_step(token, at)
    if way is None or step is None:
        return redirect(PAGE)
    shown = text_field(form, "code")
    try:
        done = await show_second_factor(parts, token, way, shown, visitor, previous, at)
    except StepOver:
        return redirect(PAGE)
    except UserError as error:
        status = 429 if isinstance(error, TooManyTries) else 422
        return await _page(request, at, way, status, error=error)
    response = signed_in(request, done, onward(step.onward))
    steps.clear_cookie(response)
    return response


async def resend(request: Request) -> Response:
    """Send another code."""
    await form_of(request)
    at = datetime.now(UTC)
    error = await _send(request, _token(request), at)
    if error is not None:
        return await _page(request, at, Way.MAIL, 429, error=error)
    return redirect(f"{PAGE}?way={Way.MAIL}")


async def begin_again(request: Request) -> Response:  # noqa: ARG001 - a view
    """A page that was the answer to a form is not there by itself."""
    return redirect(PAGE)


async def passkey_options(request: Request) -> Response:
    """What the page's script asks the browser's passkeys; nothing when the step is over."""
    await form_of(request)
    try:
        options = await ask_passkey(parts_of(request), _token(request), datetime.now(UTC))
    except StepOver:
        return JSONResponse({})
    return Response(options, media_type="application/json")


def signed_in(request: Request, done: SignedIn, target: str) -> Response:
    """Go on with the cookies of a login that is complete."""
    response = redirect(target)
    set_cookie(response, done.session, parts_of(request).settings)
    risk.set_cookie(response, done.devices)
    return response


async def _send(request: Request, token: str, at: datetime) -> TooManyTries | None:
    try:
        await send_code(parts_of(request), token, visitor_of(request), at)
    except TooManyTries as error:
        return error
    except StepOver:
        return None  # the page says so
    return None


async def _page(
    request: Request,
    at: datetime,
    asked: Way | None,
    status: int = 200,
    error: UserError | None = None,
) -> Response:
    token = _token(request)
    step = await find_step(token, at)
    if step is None:
        back = login_page(onward(await onward_of(token)))
        return page(request, "identity/second_step_over.html", login=back)
    ways = await ways_of(step.account)
    way = asked if asked in ways else ways[0]
    wanted = await authorisation_of(request, step.onward)
    return page(
        request,
        f"identity/second_step_{way}.html",
        status,
        form_action=origin_of(wanted.redirect_uri) if wanted else "",
        way=way,
        others=[other for other in ways if other is not way],
        error=error,
        login=login_page(onward(step.onward)),
        **(await _about_code(request, step, at) if way is Way.MAIL else {}),
    )


async def _about_code(request: Request, step: SecondStep, at: datetime) -> dict[str, Any]:
    """What the page says of the code that was mailed."""
    settings = parts_of(request).settings
    due = step.code_sent_at + codes.RESEND_AFTER if step.code_sent_at else at
    return {
        "mail": masked(step.account.mail),
        "minutes": int(codes.LIVES.total_seconds()) // 60,
        "sent": step.code_sent_at is not None,
        "no_more": await codes.are_letters_used_up(step.account, at),
        "used_up": step.tries >= codes.TRIES,
        "wait": max(0, round((due - at).total_seconds())),
        "mailbox": f"{settings.origin}/mailbox" if has_mailbox(settings) else "",
    }


def masked(mail: str) -> str:
    """A mail address that its owner recognises, and nobody else learns."""
    name, _, domain = mail.rpartition("@")
    return f"{name[:1]}***@{domain}"


def _token(request: Request) -> str:
    return request.cookies.get(steps.COOKIE, "")


def _way(text: str) -> Way | None:
    return Way(text) if text in set(Way) else None
