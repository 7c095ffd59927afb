"""/authorize: who may go on with a code, and who first signs in or agrees."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webapp.cookies import hand_over
from webapp.i18n import LANGUAGES, N_
from webapp.identity.flows.onward import login_page
from webapp.identity.http import ASKED_LANGUAGE_COOKIE, page, session_of
from webapp.identity.models import Consent, Session
from webapp.identity.oauth.freshness import marked_at, with_mark
from webapp.identity.oauth.hints import read_hint
from webapp.identity.oauth.requests import (
    AUTHORIZE,
    AuthorisationRequest,
    BadAuthorisation,
    grant_request,
    read_request,
)
from webapp.identity.parts import Parts, parts_of

REFUSED = N_("アプリケーションからの要求を受け付けられません")
REFUSED_ADVICE = N_(
    "アプリケーションの登録内容と要求が一致しません。アプリケーションに戻り、"
    "もう一度お試しください。続く場合は事業者にご連絡ください。"
)


async def authorize(request: Request) -> Response:
    """Answer an application that wants somebody signed in.

    This GET writes one row, the code, because the protocol wants a code from a GET. The code
    opens nothing for whoever has not asked for it (PKCE), and is void after a minute.
    """
    at, parts = datetime.now(UTC), parts_of(request)
    try:
        wanted = await read_request(parts, request.url.query)
        return await _go_on(request, parts, wanted, at)
    except BadAuthorisation as bad:
        if bad.location:
            return RedirectResponse(bad.location, 303)
        return page(request, "identity/error.html", 400, title=REFUSED, advice=REFUSED_ADVICE)


async def _go_on(
    request: Request, parts: Parts, wanted: AuthorisationRequest, at: datetime
) -> Response:
    """Lead to the login, to the consent, or back with a code.

    Raises ``BadAuthorisation`` when that would need a page and none may be shown.
    """
    session = session_of(request)
    since = marked_at(wanted.asked.parameters, parts.marks, at)
    if session is None or await _wants_login(parts, wanted, session, since, at):
        _may_ask(wanted, "login_required")
        response = RedirectResponse(login_page(_here(parts, wanted, since, at)), 303)
        _speak(response, wanted.ui_locales)
        return response
    if await _wants_consent(wanted, session, since):
        _may_ask(wanted, "consent_required")
        onward = quote(_here(parts, wanted, since, at), safe="")
        return RedirectResponse(f"/consent?next={onward}", 303)
    return RedirectResponse(await grant_request(parts, wanted, session, at), 303)


async def _wants_login(
    parts: Parts,
    wanted: AuthorisationRequest,
    session: Session,
    since: datetime | None,
    at: datetime,
) -> bool:
    """Whether somebody who is signed in has to do it again, for this request.

    Raises ``BadAuthorisation`` when that was done, by another person than the one expected.
    """
    hinted = await read_hint(parts, wanted.id_token_hint)
    is_another = hinted is not None and hinted.subject != session.account.public_id
    if since is not None and session.signed_in_at >= since:
        if is_another:
            raise BadAuthorisation("login_required", wanted.refusal("login_required"))
        return False
    is_old = wanted.max_age is not None and at - session.signed_in_at > wanted.max_age
    return is_another or is_old or not wanted.prompts.isdisjoint({"login", "select_account"})


async def _wants_consent(
    wanted: AuthorisationRequest, session: Session, since: datetime | None
) -> bool:
    """Whether the person has not yet allowed all of this, or is to be asked anew."""
    consent = await Consent.get_or_none(account=session.account, client=wanted.client)
    if consent is None or not set(wanted.scope.split()) <= set(consent.scope.split()):
        return True
    return "consent" in wanted.prompts and (since is None or consent.given_at < since)


def _may_ask(wanted: AuthorisationRequest, error: str) -> None:
    """Refuse, where the application wants an answer without a page."""
    if "none" in wanted.prompts:
        raise BadAuthorisation(error, wanted.refusal(error))


def _here(parts: Parts, wanted: AuthorisationRequest, since: datetime | None, at: datetime) -> str:
    """The address of this request, to come back to; marked where it would ask for ever."""
    pairs = wanted.asked.parameters
    asks_anew = wanted.prompts or wanted.max_age is not None or wanted.id_token_hint
    is_marked = since is not None or not asks_anew
    query = urlencode(pairs) if is_marked else with_mark(pairs, parts.marks, at)
    return f"{AUTHORIZE}?{query}"


def _speak(response: Response, ui_locales: str) -> None:
    """Show the login in the application's language, unless another was chosen here.

    Whoever has signed in has a language of their own, which this does not touch.
    """
    tags = [tag.partition("-")[0].lower() for tag in ui_locales.split()]
    language = next((tag for tag in tags if tag in LANGUAGES), "")
    if language:
        hand_over(response, ASKED_LANGUAGE_COOKIE, language)
