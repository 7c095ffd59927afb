"""Pages, fragments and forms: what every screen needs to answer a request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from webapp import words
from webapp.access import session_of
from webapp.api.problems import API, of_http
from webapp.errors_in_words import HTTP_ERRORS
from webapp.i18n import Locale, accepted_language
from webapp.middleware import CONTENT_SECURITY_POLICY
from webapp.models import Role
from webapp.navigation import Navigation
from webapp.services import Services
from webapp.signin.provider import provider_of
from webapp.signin.sessions import COOKIE, load_session
from webapp.templating import environment_for
from webapp.tokens import is_token


def services_of(request: Request) -> Services:
    """The parts this process was built with."""
    services: Services = request.app.state.services
    return services


def locale_of(request: Request) -> Locale:
    """The member's language and zone; a visitor's browser decides the language."""
    session = session_of(request)
    if session is None:
        return Locale(accepted_language(request.headers.get("accept-language", "")))
    organisation = session.member.organisation
    return Locale(session.member.language or organisation.language, organisation.time_zone)


def page(
    request: Request,
    template: str,
    status: int = 200,
    /,
    *,
    locale: Locale | None = None,
    **values: Any,
) -> Response:
    """Render a whole page, or a fragment: a template whose name begins with ``_``."""
    locale = locale or locale_of(request)
    session = session_of(request)
    html = (
        environment_for(locale.language)
        .get_template(template)
        .render(
            request=request,
            locale=locale,
            words=words,
            now=datetime.now(UTC),
            member=session.member if session else None,
            organisation=session.member.organisation if session else None,
            may_change=bool(session and session.member.role is Role.ADMIN),
            csrf=session.csrf_token if session else "",
            licence_notices=getattr(request.state, "licence_notices", ()),
            navigation=Navigation(request),
            done=words.DONE.get(request.query_params.get("done", ""), ""),
            **values,
        )
    )
    response = HTMLResponse(html, status)
    if session is not None:
        # The form that signs out redirects to the provider; browsers would stop that otherwise.
        places = " ".join(provider_of(request).origins())
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
            "form-action 'self'", f"form-action 'self' {places}"
        )
    return response


def redirect(path: str, done: str = "") -> Response:
    """Go on to ``path``, which says that ``done`` (a key of ``words.DONE``) has happened."""
    joint = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{joint}done={done}" if done else path, 303)


async def form_of(request: Request, *, max_files: int = 2, max_fields: int = 100) -> FormData:
    """The posted form, after its CSRF token was compared; 403 when it is not this session's.

    A body may take its time: a session that ended meanwhile changes nothing any more (401).
    """
    form = await request.form(max_files=max_files, max_fields=max_fields)
    session = session_of(request)
    if session is not None:
        session = await load_session(request.cookies.get(COOKIE, ""), datetime.now(UTC))
        request.state.session = session
        if session is None:
            raise HTTPException(401)
    given = form.get("csrf") or request.headers.get("x-csrf-token", "")
    if session is not None and not is_token(given, session.csrf_token):
        raise HTTPException(403)
    return form


async def error_page(request: Request, error: Exception) -> Response:
    """A page that says what happened and what to do next; programs are told in JSON."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.url.path.startswith(API):
        return of_http(request, status, getattr(error, "headers", None))
    title, advice = HTTP_ERRORS.get(status, HTTP_ERRORS[500])
    template = "errors/_error.html" if request.headers.get("hx-request") else "errors/page.html"
    return page(request, template, status, title=title, advice=advice)
