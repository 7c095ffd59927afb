"""パスキー: adding, renaming and removing."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.identity.account.pages import error_by_field, manager_page, signed_in
from webapp.identity.account.security import add_passkey, remove_passkey, rename_passkey
from webapp.identity.account.step_up import (
    FIELD,
    permit,
    permitted,
    prove_password,
    secret_field,
)
from webapp.identity.browser import visitor_of
from webapp.identity.http import form_of, redirect
from webapp.identity.models import Passkey
from webapp.identity.named import id_of_path
from webapp.identity.parts import parts_of
from webapp.identity.second_factor import passkeys

STEP = "passkey"


async def new_passkey(request: Request) -> Response:
    """What a passkey is; it begins with the current password."""
    return manager_page(request, "passkey_new")


async def begin_passkey(request: Request) -> Response:
    """Go on to making one."""
    form = await form_of(request)
    at = datetime.now(UTC)
    account = signed_in(request).account
    try:
        await prove_password(parts_of(request), account, secret_field(form), at)
    except UserError as error:
        return manager_page(request, "passkey_new", errors=error_by_field(error))
    return await enrolment(request, choose=False, saved=False)


async def begin_again(request: Request) -> Response:  # noqa: ARG001 - a view
    """A page that was the answer to a form is not there by itself."""
    return redirect("/account/security/passkeys/new")


async def register_passkey(request: Request) -> Response:
    """Keep what the browser made; what is none is asked for again, with a new challenge."""
    form = await form_of(request)
    at = datetime.now(UTC)
    parts, session = parts_of(request), signed_in(request)
    known = await permitted(parts, session, STEP, text_field(form, "permission"), at)
    if known is None:
        return redirect("/account/security/passkeys/new?done=too-late")
    name, choose = text_field(form, "name"), bool(known["choose"])
    try:
        made = await add_passkey(
            parts,
            session.account,
            name,
            text_field(form, "code"),
            str(known["challenge"]),
            visitor_of(request),
            at,
            choose=choose,
        )
    except UserError as error:
        if error.field == FIELD:
            return redirect("/account/security/passkeys/new?done=too-late")
        errors = error_by_field(error)
        return await enrolment(request, choose=choose, saved=False, name=name, errors=errors)
    if made.codes:
        return manager_page(request, "codes", codes=made.codes, added="passkey")
    return redirect("/account/security?done=passkey")


async def passkey(request: Request) -> Response:
    """One passkey of one's own."""
    found = await _own(request)
    return manager_page(request, "passkey", passkey=found, name=found.name)


async def change_passkey(request: Request) -> Response:
    """Rename or remove it, after the current password."""
    form = await form_of(request)
    at = datetime.now(UTC)
    found = await _own(request)
    parts, visitor = parts_of(request), visitor_of(request)
    name = text_field(form, "name")
    try:
        await prove_password(parts, found.account, secret_field(form), at)
        if text_field(form, "answer") == "remove":
            made = await remove_passkey(parts, found, visitor, at)
            done = "passkey-gone-mail" if "mail" in made.changes else "passkey-gone"
        else:
            made = await rename_passkey(parts, found, name, visitor, at)
            done = "passkey-renamed"
    except UserError as error:
        errors = error_by_field(error)
        return manager_page(request, "passkey", errors=errors, passkey=found, name=name)
    return redirect(f"/account/security?done={done if made.changes else 'nothing'}")


async def enrolment(
    request: Request,
    *,
    choose: bool,
    saved: bool,
    name: str = "",
    errors: dict[str, UserError] | None = None,
) -> Response:
    """A challenge for the browser of whoever just proved the password."""
    parts, session = parts_of(request), signed_in(request)
    options, challenge = await passkeys.registration_options(session.account, parts.settings)
    at = datetime.now(UTC)
    values = {"challenge": challenge, "choose": choose}
    return manager_page(
        request,
        "passkey_enrol",
        errors=errors,
        options=options,
        permission=await permit(parts, session, STEP, at, **values),
        name=name or visitor_of(request).browser,
        saved=saved,
    )


async def _own(request: Request) -> Passkey:
    """The passkey of the path; 404 for one of somebody else."""
    account = signed_in(request).account
    public_id = id_of_path(request, "passkey")
    found = await Passkey.get_or_none(account=account, public_id=public_id)
    if found is None:
        raise HTTPException(404)
    found.account = account
    return found
