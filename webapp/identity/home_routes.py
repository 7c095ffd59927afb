"""The provider's own front page, and the language of its pages."""

from __future__ import annotations

from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.cookies import hand_over
from webapp.form_fields import text_field
from webapp.i18n import LANGUAGES
from webapp.identity.flows.onward import local_path
from webapp.identity.http import LANGUAGE_COOKIE, form_of, redirect

A_YEAR = timedelta(days=365)


async def home(request: Request) -> Response:  # noqa: ARG001 - a view
    """Lead to one's own account, from where the app is one step further."""
    return redirect("/account")


async def change_language(request: Request) -> Response:
    """Keep the language that was chosen in this browser, and go back to the page."""
    form = await form_of(request)
    language = text_field(form, "language")
    if language not in LANGUAGES:
        raise HTTPException(400)
    response = redirect(local_path(text_field(form, "back")))
    hand_over(response, LANGUAGE_COOKIE, language, A_YEAR)
    return response
