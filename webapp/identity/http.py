"""Pages and forms of the provider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from webapp.errors_in_words import HTTP_ERRORS
from webapp.i18n import LANGUAGES, Locale, accepted_language
from webapp.identity.models import Session
from webapp.identity.sessions import COOKIE, load_session
from webapp.middleware import CONTENT_SECURITY_POLICY
from webapp.templating import environment_for
from webapp.tokens import is_token

LANGUAGE_COOKIE = "__Host-nigiwai-id-language"
# What an application asked for, which nobody chose: an account's own language comes before it.
ASKED_LANGUAGE_COOKIE = "__Host-nigiwai-id-asked-language"


def session_of(request: Request) -> Session | None:
    """The living session of this request, with account and organisation, or None."""
    session: Session | None = getattr(request.state, "session", None)
    return session


def locale_of(request: Request) -> Locale:
    """The language that was chosen here, else the account's.

    Of whoever is not signed in: else the application's that led here, else the browser's. Times
    are those of the account's zone.
    """
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    session = session_of(request)
    if session is not None:
        account = session.account
        return Locale(chosen if chosen in LANGUAGES else account.language, account.time_zone)
    asked = request.cookies.get(ASKED_LANGUAGE_COOKIE, "")
    for language in (chosen, asked):
        if language in LANGUAGES:
            return Locale(language)
    return Locale(accepted_language(request.headers.get("accept-language", "")))


def page(
    request: Request,
    template: str,
    status: int = 200,
    /,
    *,
    form_action: str = "",
    **values: Any,
) -> Response:
    """Render a page of ``templates/identity``.

    ``form_action`` is the origin of the application to which the answer to a form of this
    page may redirect; browsers would stop that otherwise.
    """
    locale = locale_of(request)
    session = session_of(request)
    html = (
        environment_for(locale.language)
        .get_template(template)
        .render(
            request=request,
            locale=locale,
            now=datetime.now(UTC),
            account=session.account if session else None,
            csrf=session.csrf_token if session else "",
            **values,
        )
    )
    response = HTMLResponse(html, status)
    if form_action:
        policy = CONTENT_SECURITY_POLICY.replace(
            "form-action 'self'", f"form-action 'self' {form_action}"
        )
        response.headers["Content-Security-Policy"] = policy
    return response


def redirect(path: str) -> Response:
    """Go on to a page of the provider."""
    return RedirectResponse(path, 303)


async def form_of(request: Request, most_fields: int = 50) -> FormData:
    """The posted form; with a session, after its CSRF token was compared (else 403).

    A body may take its time: a sign-in that ended meanwhile changes nothing any more (401).
    Views look at the clock only after this, for the same reason.
    """
    form = await request.form(max_files=0, max_fields=most_fields)
    session = session_of(request)
    if session is not None:
        session = await load_session(request.cookies.get(COOKIE, ""), datetime.now(UTC))
        request.state.session = session
        if session is None:
            raise HTTPException(401)
    given = form.get("csrf", "")
    if session is not None and not is_token(given, session.csrf_token):
        raise HTTPException(403)
    return form


async def error_page(request: Request, error: Exception) -> Response:
    """A page that says what happened and what to do next, for errors of HTTP."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    title, advice = HTTP_ERRORS.get(status, HTTP_ERRORS[500])
    return page(request, "identity/error.html", status, title=title, advice=advice)
