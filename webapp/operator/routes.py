"""The operator's pages: which organisations there are, making, suspending and resuming them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.audit.words import ROLES
from webapp.domain.licences import good_until
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.http import form_of, page, redirect
from webapp.licences.standing import standing_of
from webapp.models import Camera, Organisation, Role
from webapp.operator import members, organisations
from webapp.operator.office import office_of

_PUBLIC_ID = re.compile(r"[a-z0-9]{1,16}")


@dataclass(slots=True)
class OfficeForm:
    """Values for the fields, errors by field."""

    values: dict[str, str]
    errors: dict[str, UserError] = field(default_factory=dict)


async def home(request: Request) -> Response:
    """Show all organisations, or those that were searched for."""
    text = request.query_params.get("q", "").strip()[:100]
    every = await organisations.list_organisations(office_of(request), datetime.now(UTC))
    wanted = _folded(text)
    shown = [o for o in every if wanted in _folded(f"{o['name']} {o['organisation']}")]
    for organisation in shown:
        organisation["created_at"] = datetime.fromisoformat(organisation["created_at"])
    return page(request, "operator/list.html", organisations=shown, total=len(every), searched=text)


async def new(request: Request) -> Response:
    """Ask for a new organisation."""
    values = {"name": "", "admin_mail": "", "admin_name": "", "language": "ja"}
    return _new_page(request, OfficeForm(values))


async def create(request: Request) -> Response:
    """Make an organisation and invite its first admin."""
    form = _read(await form_of(request), ("name", "admin_mail", "admin_name", "language"))
    office = office_of(request)
    try:
        made = await organisations.create_organisation(office, datetime.now(UTC), **form.values)
    except UserError as error:
        name = {"mail": "admin_mail"}.get(error.field or "", error.field or "name")
        form.errors[name] = error
        return _new_page(request, form, 422)
    done = "organisation_made" if made.get("mailed") else "organisation_made_unmailed"
    done = done if office.has_accounts else "organisation_made_here"
    return redirect(f"/operator/organisations/{made['organisation']}", done=done)


async def organisation_page(request: Request) -> Response:
    """Show one organisation: its people, its cameras, and what can be done."""
    return await _organisation_page(request, await organisation_named(request), _invitation())


async def suspend(request: Request) -> Response:
    """Stop an organisation."""
    organisation = await organisation_named(request)
    await form_of(request)
    try:
        await organisations.suspend_organisation(
            office_of(request), datetime.now(UTC), organisation=organisation.public_id
        )
    except UserError as error:
        form = _invitation()
        form.errors["suspend"] = error
        return await _organisation_page(request, organisation, form, 422)
    return redirect(_path(organisation), done="organisation_suspended")


async def resume(request: Request) -> Response:
    """Let a suspended organisation go on."""
    organisation = await organisation_named(request)
    await form_of(request)
    await organisations.resume_organisation(
        office_of(request), datetime.now(UTC), organisation=organisation.public_id
    )
    return redirect(_path(organisation), done="organisation_resumed")


async def invite(request: Request) -> Response:
    """Invite somebody to an organisation."""
    organisation = await organisation_named(request)
    form = _read(await form_of(request), ("mail", "name", "role"))
    try:
        made = await members.invite_member(
            office_of(request),
            datetime.now(UTC),
            organisation=organisation.public_id,
            **form.values,
        )
    except UserError as error:
        form.errors[error.field or "mail"] = error
        return await _organisation_page(request, organisation, form, 422)
    done = "member_invited" if made["mailed"] else "member_invited_unmailed"
    return redirect(_path(organisation), done=done)


async def organisation_named(request: Request) -> Organisation:
    """The organisation named in the path; 404 when there is none."""
    public_id = request.path_params["organisation"]
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        found = await Organisation.get_or_none(public_id=public_id)
    if found is None:
        raise HTTPException(404)
    return found


async def _organisation_page(
    request: Request, organisation: Organisation, form: OfficeForm, status: int = 200
) -> Response:
    office = office_of(request)
    people = await members.list_members(
        office, datetime.now(UTC), organisation=organisation.public_id
    )
    choices = (Role.OPERATOR,) if organisation.is_operator else (Role.GENERAL, Role.ADMIN)
    values: dict[str, Any] = {
        "shown": organisation,
        "people": people,
        "cameras": await Camera.filter(organisation_id=organisation.id).count(),
        "standing": await standing_of(organisation, datetime.now(UTC)),
        "good_until": good_until,
        "form": form,
        "roles": ROLES,
        "choices": choices,
        "has_accounts": office.has_accounts,
        "can_mail": office.can_mail,
        "issuer": office.settings.issuer,
    }
    return page(request, "operator/organisation.html", status, **values)


def _new_page(request: Request, form: OfficeForm, status: int = 200) -> Response:
    office = office_of(request)
    return page(
        request,
        "operator/new.html",
        status,
        form=form,
        has_accounts=office.has_accounts,
        can_mail=office.can_mail,
        issuer=office.settings.issuer,
        claim=office.settings.oidc_claim_organisation,
    )


def _read(form: FormData, names: tuple[str, ...]) -> OfficeForm:
    return OfficeForm({name: text_field(form, name) for name in names})


def _invitation() -> OfficeForm:
    return OfficeForm({"mail": "", "name": "", "role": Role.GENERAL.value})


def _path(organisation: Organisation) -> str:
    return f"/operator/organisations/{organisation.public_id}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
