"""組織設定 (S10): admins change it, everybody else may look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp import words
from webapp.access import organisation_of
from webapp.audit.actions import FIELDS as FIELD_WORDS
from webapp.audit.words import value_in_words
from webapp.domain.colours import look_of, read_colour
from webapp.domain.logos import MAX_BYTES
from webapp.domain.pictures import PictureProblem, PictureRefused
from webapp.errors import TemporaryFailure, UserError
from webapp.http import form_of, locale_of, page, redirect, services_of
from webapp.i18n import N_
from webapp.models import Organisation
from webapp.operator.office import office_of
from webapp.organisations.forms import (
    FIELDS,
    OrganisationForm,
    form_of_organisation,
    read_form,
    version_of,
)
from webapp.organisations.saving import ChangedMeanwhile, save_settings, store_logo
from webapp.organisations.zones import COMMON, others

LOGO_TOO_LARGE = N_("ロゴは1 MB以下の画像をお使いください。")
LOGO_TOO_SMALL = N_("ロゴが小さすぎます。縦横16ピクセル以上の画像をお使いください。")


async def settings_page(request: Request) -> Response:
    """Show the settings."""
    organisation = organisation_of(request)
    return _page(request, organisation, form_of_organisation(organisation))


async def save(request: Request) -> Response:
    """Keep the settings, unless somebody else changed them since the page was opened."""
    organisation = organisation_of(request)
    form = await form_of(request)
    entered = read_form(form)
    logo = await _logo(request, organisation, form, entered)
    await form.close()
    if entered.errors:
        return _page(request, organisation, entered, 422)
    at = datetime.now(UTC)
    try:
        await save_settings(office_of(request), organisation.id, entered, logo, at)
    except ChangedMeanwhile as meanwhile:
        # Shown with what was entered; saving once more is done knowingly.
        entered.version, entered.has_news = version_of(meanwhile.organisation), True
        return _page(request, meanwhile.organisation, entered, 409)
    return redirect("/organisation", done="organisation_saved")


async def colour(request: Request) -> Response:
    """Answer how a colour looks and reads, while it is being chosen."""
    try:
        chosen = read_colour(request.query_params.get("colour", ""))
    except ValueError:
        raise HTTPException(400) from None
    return page(request, "organisations/_colour.html", look=look_of(chosen))


async def logo_picture(request: Request) -> Response:
    """Answer the organisation's logo to its members; nothing when it has none."""
    key = organisation_of(request).logo
    data = await services_of(request).storage.get(key) if key else None
    if data is None:
        return Response(status_code=204)
    return Response(
        data,
        media_type="image/png",
        headers={
            "Cache-Control": "private, max-age=300",
            "Content-Security-Policy": "default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )


async def _logo(
    request: Request, organisation: Organisation, form: FormData, entered: OrganisationForm
) -> str | None:
    """The key of a new logo, empty to have none, None to leave it as it is."""
    file = form.get("logo")
    if not isinstance(file, UploadFile) or not file.size:
        return "" if entered.removes_logo else None
    if entered.errors:  # it would have to be chosen again anyway
        return None
    try:
        return await store_logo(services_of(request), organisation, await file.read())
    except PictureRefused as refused:
        entered.errors["logo"] = UserError(_refusal(refused), field="logo")
    except TemporaryFailure:
        entered.errors["logo"] = UserError(words.NOT_NOW, field="logo")
    return None


def _refusal(refused: PictureRefused) -> str:
    own = {
        PictureProblem.TOO_LARGE: LOGO_TOO_LARGE,
        PictureProblem.TOO_SMALL: LOGO_TOO_SMALL,
    }
    return own.get(refused.problem) or words.picture_problem(refused.problem)


def _page(
    request: Request,
    organisation: Organisation,
    form: OrganisationForm,
    status: int = 200,
) -> Response:
    values: dict[str, Any] = {
        "form": form,
        "logo": organisation.logo,
        "look": look_of(form.values["colour"]),
        "common_zones": COMMON,
        "other_zones": others(),
        "theirs": _differences(request, organisation, form) if form.has_news else {},
        "field_words": FIELD_WORDS,
        "max_bytes": MAX_BYTES,
    }
    return page(request, "organisations/page.html", status, **values)


def _differences(
    request: Request, organisation: Organisation, form: OrganisationForm
) -> dict[str, str]:
    """What is kept now and is not what was entered, by field, in words."""
    entered = Organisation(logo=organisation.logo)
    form.fill(entered)
    locale = locale_of(request)
    return {
        name: value_in_words(name, getattr(organisation, name), locale)
        for name in FIELDS
        if getattr(organisation, name) != getattr(entered, name)
    }
