"""Pages, fragments and forms: what every screen needs to answer a request."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from webapp import words
from webapp.access import session_of
from webapp.errors import UserError
from webapp.i18n import Locale, accepted_language
from webapp.models import Role
from webapp.services import Services
from webapp.settings import ROOT

TEMPLATES = ROOT / "templates"
STATIC = Path(__file__).parent / "static"


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


@cache
def asset(path: str) -> str:
    """The address of a static file, with its content's hash so that caches never lie.

    A file that was not copied yet (``nigiwai assets``) keeps its plain address.
    """
    file = STATIC / path
    if not file.is_file():
        return f"/static/{path}"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(asset=asset, words=words)
    return environment


@cache
def environment_for(language: str) -> jinja2.Environment:
    """The templates in one language."""
    environment = _environment()
    locale = Locale(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        locale.gettext, locale.ngettext, newstyle=True
    )
    return environment


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
            now=datetime.now(UTC),
            member=session.member if session else None,
            organisation=session.member.organisation if session else None,
            may_change=bool(session and session.member.role is Role.ADMIN),
            csrf=session.csrf_token if session else "",
            done=words.DONE.get(request.query_params.get("done", ""), ""),
            **values,
        )
    )
    return HTMLResponse(html, status)


def redirect(path: str, done: str = "") -> Response:
    """Go on to ``path``, which says that ``done`` (a key of ``words.DONE``) has happened."""
    return RedirectResponse(f"{path}?done={done}" if done else path, 303)


async def form_of(request: Request) -> FormData:
    """The posted form, after its CSRF token was compared; 403 when it is not this session's."""
    form = await request.form(max_files=2, max_fields=100)
    session = session_of(request)
    given = form.get("csrf") or request.headers.get("x-csrf-token", "")
    if session is not None and not (
        isinstance(given, str) and hmac.compare_digest(given.encode(), session.csrf_token.encode())
    ):
        raise HTTPException(403)
    return form


def text_field(form: FormData, name: str) -> str:
    """A text field without surrounding blanks; empty when it is missing or a file."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def name_field(form: FormData, name: str = "name", limit: int = 60) -> str:
    """A name people gave: one line, without invisible control characters, 1..``limit`` long.

    Raises ``UserError`` for the field when it is empty or too long.
    """
    value = "".join(c for c in text_field(form, name) if c.isprintable()).strip()
    if not value:
        raise UserError(words.NAME_MISSING, field=name)
    if len(value) > limit:
        raise UserError(words.NAME_TOO_LONG, field=name, limit=limit)
    return value


async def error_page(request: Request, error: Exception) -> Response:
    """A page that says what happened and what to do next, for errors of HTTP."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    title, advice = words.HTTP_ERRORS.get(status, words.HTTP_ERRORS[500])
    template = "errors/_error.html" if request.headers.get("hx-request") else "errors/page.html"
    return page(request, template, status, title=title, advice=advice)
