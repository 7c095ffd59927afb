"""What the operator can have done: organisations, members, sign-in links.

Each action takes the settings, the time and JSON-able arguments by name, and returns
what JSON can hold, so that the command line and the control socket carry out the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Concatenate

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from webapp.database import connection_name
from webapp.errors import UserError
from webapp.models import Member, Organisation, Role
from webapp.operator import login_links
from webapp.operator.control import Handler
from webapp.settings import Settings

Action = Callable[Concatenate[Settings, datetime, ...], Awaitable[Any]]

MAX_MEMBERS = 100  # accounts of an organisation (SPEC P)


async def list_organisations(_settings: Settings, _at: datetime) -> list[dict[str, Any]]:
    """Every organisation with its members, oldest first."""
    organisations = await Organisation.all().order_by("id")
    members = await Member.all().order_by("id")
    return [
        {
            **_organisation(organisation),
            "members": [_member(m) for m in members if m.organisation_id == organisation.id],
        }
        for organisation in organisations
    ]


async def create_organisation(
    settings: Settings, at: datetime, *, name: str, admin_mail: str, admin_name: str
) -> dict[str, Any]:
    """Make an organisation with its first admin; returns both."""
    name = check_name(name, "name")
    mail, admin_name = check_mail(admin_mail), check_name(admin_name, "admin_name")
    async with in_transaction(connection_name(settings)):
        organisation = await Organisation.create(name=name, created_at=at)
        member = await Member.create(
            organisation=organisation, name=admin_name, mail=mail, role=Role.ADMIN, created_at=at
        )
    return {**_organisation(organisation), "members": [_member(member)]}


async def create_member(
    settings: Settings, at: datetime, *, organisation: str, mail: str, name: str, role: str
) -> dict[str, Any]:
    """Add a member to the organisation of that public id; ``role`` is admin or general.

    The row of the organisation is locked meanwhile, so that account 101 is refused even
    when two are added at once.
    """
    mail, name = check_mail(mail), check_name(name, "name")
    if role not in set(Role):
        raise UserError("A role is admin or general.", field="role")
    async with in_transaction(connection_name(settings)):
        owner = await _find_organisation(organisation, lock=not settings.is_sqlite)
        if await Member.filter(organisation=owner).count() >= MAX_MEMBERS:
            raise UserError("An organisation has at most %(most)s accounts.", most=MAX_MEMBERS)
        try:
            member = await Member.create(
                organisation=owner, name=name, mail=mail, role=Role(role), created_at=at
            )
        except IntegrityError:
            message = "This organisation has an account with this mail address already."
            raise UserError(message, field="mail") from None
    return _member(member)


async def create_login_link(
    settings: Settings, at: datetime, *, organisation: str | None = None, mail: str | None = None
) -> dict[str, Any]:
    """Make a one-time sign-in link.

    Without ``mail`` it is for the first admin, without ``organisation`` (a public id) for
    the first organisation that has the member asked for.
    """
    members = Member.all().order_by("organisation_id", "id").select_related("organisation")
    if organisation is not None:
        members = members.filter(organisation=await _find_organisation(organisation))
    members = members.filter(mail=mail.strip().lower()) if mail else members.filter(role=Role.ADMIN)
    found = await members.limit(2)
    if not found:
        raise UserError("There is no such account.")
    if mail and len(found) > 1:
        raise UserError("Several organisations have an account with this mail address; name one.")
    url = await login_links.create(settings, found[0], at)
    return {
        "url": url,
        "minutes": settings.login_link_minutes,
        "organisation": _organisation(found[0].organisation),
        "member": _member(found[0]),
    }


ACTIONS: dict[str, Action] = {
    "organisations": list_organisations,
    "create-organisation": create_organisation,
    "create-member": create_member,
    "login-link": create_login_link,
}


def handlers(settings: Settings) -> dict[str, Handler]:
    """Every action by its command, with these settings and the time of the call."""

    def bind(action: Action) -> Handler:
        async def handle(**arguments: Any) -> Any:
            at = datetime.now(UTC)
            try:
                inspect.signature(action).bind(settings, at, **arguments)
            except TypeError:
                raise UserError("The arguments of this command make no sense.") from None
            return await action(settings, at, **arguments)

        return handle

    return {command: bind(action) for command, action in ACTIONS.items()}


def check_name(value: str, field: str) -> str:
    """Accept 1 to 100 printable characters."""
    value = value.strip()
    if not value or len(value) > 100 or not value.isprintable():
        raise UserError("A name has 1 to 100 characters.", field=field)
    return value


def check_mail(value: str) -> str:
    """Accept one plain mail address; it is kept in small letters."""
    value = value.strip().lower()
    name, at_sign, host = value.rpartition("@")
    plain = value.isprintable() and not any(letter in value for letter in ' ,;:<>()[]\\"')
    if not (name and at_sign and host and plain) or "@" in name or len(value) > 254:
        raise UserError("This is no mail address.", field="mail")
    return value


async def _find_organisation(identifier: str, lock: bool = False) -> Organisation:
    organisations = Organisation.filter(public_id=identifier)
    if lock:
        organisations = organisations.select_for_update()
    organisation = await organisations.first()
    if organisation is None:
        raise UserError("There is no such organisation.", field="organisation")
    return organisation


def _organisation(organisation: Organisation) -> dict[str, Any]:
    return {"organisation": organisation.public_id, "name": organisation.name}


def _member(member: Member) -> dict[str, Any]:
    return {
        "member": member.public_id,
        "name": member.name,
        "mail": member.mail,
        "role": str(member.role),
    }
