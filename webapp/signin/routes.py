"""Signing in by the provider or by the operator's one-time link, signing out, the language."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.access import member_of, session_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.database import shared_now, transaction
from webapp.form_fields import text_field
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.i18n import LANGUAGES
from webapp.models import Member, Organisation
from webapp.operator import login_links
from webapp.setup.steps import first_page
from webapp.signin.attempt import Attempt, forget, recall, remember
from webapp.signin.claims import is_name, read_person
from webapp.signin.members import arrive
from webapp.signin.next_page import HOME, local_page
from webapp.signin.provider import Provider, ProviderUnreachable, Tokens, provider_of
from webapp.signin.refusals import Refusal, SignInRefused
from webapp.signin.sessions import clear_cookie, end_session, set_cookie, start_session

log = structlog.get_logger()


async def sign_in(request: Request) -> Response:
    """Go to the provider; ``again`` asks it to let another person sign in."""
    at = datetime.now(UTC)
    next_page = local_page(request.query_params.get("next", ""))
    again = "again" in request.query_params
    if session_of(request) is not None and not again:
        return RedirectResponse(next_page, 303)
    provider = provider_of(request)
    remembered: dict[str, Any] = {}
    request.scope["session"] = remembered
    parameters = {"ui_locales": locale_of(request).language}
    if again:
        parameters["prompt"] = "login"
    try:
        response = await provider.leave(request, at, **parameters)
    except ProviderUnreachable as error:
        log.warning("signin.provider_unreachable", error=str(error))
        return _refused(request, Refusal.UNREACHABLE, next_page)
    remember(response, Attempt(remembered, next_page), provider.attempts, at)
    return response


async def callback(request: Request) -> Response:
    """Come back from the provider: the one GET that changes something, as the protocol has it.

    It does so only for a browser that carries the state of a sign-in that it began itself:
    nobody can be signed in as somebody else by a link.
    """
    at = await shared_now()
    provider = provider_of(request)
    attempt = recall(request, provider.attempts, at)
    if attempt is None:
        return _stale(request, HOME)
    request.scope["session"] = attempt.remembered
    try:
        tokens, claims = await provider.come_back(request, at)
        token, member = await _let_in(request, tokens, claims, at)
    except SignInRefused as refused:
        if refused.refusal is Refusal.STALE:
            return _stale(request, attempt.next_page)
        response = _refused(request, refused.refusal, attempt.next_page)
        forget(response)
        return response
    organisation = await Organisation.get(id=member.organisation_id)
    onward = await first_page(organisation, member.role, attempt.next_page)
    response = RedirectResponse(onward, 303)
    set_cookie(response, token, provider.settings)
    forget(response)
    return response


async def login_link(request: Request) -> Response:
    """Show a button: a link that is merely looked at (by a mail scanner, say) stays good."""
    return page(request, "signin/link.html")


async def redeem_login_link(request: Request) -> Response:
    """Redeem the link once; the session is a new one whatever cookie came along."""
    now = datetime.now(UTC)
    settings = services_of(request).settings
    previous = session_of(request)
    try:
        # All or nothing: a link is not used up by a sign-in that could not be written.
        async with transaction():
            member = await login_links.redeem(request.path_params["token"], now)
            if member is None:
                return page(request, "signin/link_spent.html", 410)
            if member.organisation.suspended_at is not None:
                raise SignInRefused(Refusal.SUSPENDED)  # noqa: TRY301 - it ends the transaction
            if previous is not None:
                await end_session(previous)
            token = await start_session(member, settings, now)
            await record(request, Action.SIGNED_IN, member=member, by_link=True)
    except SignInRefused as refused:
        return _refused(request, refused.refusal, HOME)
    response = redirect("/cameras", done="signed_in")
    set_cookie(response, token, settings)
    return response


async def sign_out(request: Request) -> Response:
    """End the session here and in the database, then the one at the provider."""
    await form_of(request)
    at = datetime.now(UTC)
    provider = provider_of(request)
    session = session_of(request)
    tokens = provider.unseal(session.sealed_tokens) if session else None
    if session is not None:
        async with transaction():
            await end_session(session)
            await record(request, Action.SIGNED_OUT)
    way_out = await provider.way_out(tokens, at) if tokens else ""
    response = RedirectResponse(way_out or "/signed-out", 303)
    clear_cookie(response)
    return response


async def signed_out(request: Request) -> Response:
    """Say that it is done, and offer the way back in."""
    return page(request, "signin/signed_out.html")


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


async def _let_in(
    request: Request, tokens: Tokens, claims: dict[str, Any], at: datetime
) -> tuple[str, Member]:
    """Start a session of the person, in place of the one that this browser had."""
    provider: Provider = provider_of(request)
    person = read_person(claims, provider.settings)
    sid = claims.get("sid")
    previous = session_of(request)
    async with transaction():
        member = await arrive(person)
        if previous is not None:
            await end_session(previous)
        await record(request, Action.SIGNED_IN, member=member)
        token = await start_session(
            member,
            provider.settings,
            at,
            sid=sid if isinstance(sid, str) and is_name(sid) else "",
            sealed_tokens=provider.seal(tokens),
        )
    return token, member


def _stale(request: Request, next_page: str) -> Response:
    """Begin anew; whoever is signed in (another tab was faster) is where they wanted to be."""
    if session_of(request) is not None:
        return RedirectResponse(next_page, 303)
    return _refused(request, Refusal.STALE, next_page)


def _refused(request: Request, refusal: Refusal, next_page: str) -> Response:
    return page(
        request, "signin/refused.html", refusal.status, refusal=refusal, next_page=next_page
    )
