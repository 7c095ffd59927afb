"""The operator's page of one organisation's licences: what holds, what is to come, what was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapp.domain.licences import good_until
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.http import form_of, page, redirect
from webapp.licences.standing import Standing, standing_of
from webapp.models import Organisation
from webapp.operator import licences
from webapp.operator.office import office_of
from webapp.operator.routes import OfficeForm, organisation_named

FIELDS = ("effective_on", "cameras", "cameras_until", "packs", "packs_until")


async def edit(request: Request) -> Response:
    """Show the licences, with a form that begins with what holds today."""
    organisation = await organisation_named(request)
    standing = await standing_of(organisation, datetime.now(UTC))
    return await _page(request, organisation, standing, _form_of(standing))


async def save(request: Request) -> Response:
    """Add a change."""
    organisation = await organisation_named(request)
    posted = await form_of(request)
    form = OfficeForm({name: text_field(posted, name) for name in FIELDS})
    at = datetime.now(UTC)
    try:
        await licences.set_licence(
            office_of(request), at, organisation=organisation.public_id, **form.values
        )
    except UserError as error:
        form.errors[error.field or "cameras"] = error
        standing = await standing_of(organisation, at)
        return await _page(request, organisation, standing, form, 422)
    return redirect(_path(organisation), done="licence_changed")


async def revoke(request: Request) -> Response:
    """Take back a change that has not begun."""
    organisation = await organisation_named(request)
    posted = await form_of(request)
    at = datetime.now(UTC)
    try:
        await licences.revoke_licence(
            office_of(request),
            at,
            organisation=organisation.public_id,
            change=text_field(posted, "change")[:16],
        )
    except UserError as error:
        standing = await standing_of(organisation, at)
        form = _form_of(standing)
        form.errors["change"] = error
        return await _page(request, organisation, standing, form, 422)
    return redirect(_path(organisation), done="licence_revoked")


def _form_of(standing: Standing) -> OfficeForm:
    terms = standing.terms
    days = {"cameras_until": terms.cameras_until, "packs_until": terms.packs_until}
    return OfficeForm(
        {
            "effective_on": standing.day.isoformat(),
            "cameras": "" if terms.cameras is None else str(terms.cameras),
            "packs": str(terms.packs),
            **{name: day.isoformat() if day else "" for name, day in days.items()},
        }
    )


async def _page(
    request: Request,
    organisation: Organisation,
    standing: Standing,
    form: OfficeForm,
    status: int = 200,
) -> Response:
    values: dict[str, Any] = {
        "shown": organisation,
        "standing": standing,
        "history": await licences.history_of(organisation),
        "form": form,
        "good_until": good_until,
    }
    return page(request, "operator/licence.html", status, **values)


def _path(organisation: Organisation) -> str:
    return f"/operator/organisations/{organisation.public_id}/licence"
