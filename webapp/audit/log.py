"""Adding to the audit log, in the transaction that does what it tells.

``details`` may hold ``changed``: a field's name → [before, after], or None where the values
are nobody's business (addresses, passwords, keys).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from webapp.access import member_of
from webapp.audit.actions import Action
from webapp.models import AuditEntry, Member, Role

_LONGEST_NAME = 100
_LONGEST_VALUE = 100


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something and from where. Empty: a command on the machine itself."""

    public_id: str = ""
    name: str = ""
    address: str = ""
    is_operator: bool = False


COMMAND = Actor()


async def record(
    request: Request,
    action: Action,
    *,
    target: str = "",
    target_name: str = "",
    member: Member | None = None,
    **details: Any,
) -> None:
    """Add what the member of this request does. Call it inside the transaction that does it.

    ``member`` is for a sign-in, whose request does not know its member yet.
    """
    member = member or member_of(request)
    await write(
        member.organisation_id,
        actor_of(request, member),
        action,
        datetime.now(UTC),
        target=target,
        target_name=target_name,
        **details,
    )


async def write(
    organisation_id: int,
    actor: Actor,
    action: Action,
    at: datetime,
    *,
    target: str = "",
    target_name: str = "",
    **details: Any,
) -> None:
    """Add one entry to the log of the organisation that it is about."""
    if actor.is_operator:
        details["operator"] = True
    await AuditEntry.create(
        organisation_id=organisation_id,
        at=at,
        actor=actor.public_id,
        actor_name=actor.name[:_LONGEST_NAME],
        action=action.value,
        target=target,
        target_name=target_name[:_LONGEST_NAME],
        details=details,
        address=actor.address[:45],
    )


def actor_of(request: Request, member: Member) -> Actor:
    """The member, as the doer of what this request asks."""
    return Actor(
        member.public_id,
        member.name,
        getattr(request.state, "address", ""),
        member.role is Role.OPERATOR,
    )


def values_of(row: object, fields: Iterable[str]) -> dict[str, Any]:
    """The values of these fields as they are now, to be compared later."""
    return {field: getattr(row, field) for field in fields}


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], hidden: Iterable[str] = ()
) -> dict[str, list[Any] | None]:
    """What differs, field by field: [before, after], or None for ``hidden`` fields."""
    hidden = frozenset(hidden)
    return {
        field: None if field in hidden else [_short(value), _short(after[field])]
        for field, value in before.items()
        if value != after[field]
    }


def _short(value: Any) -> Any:
    return value[:_LONGEST_VALUE] if isinstance(value, str) else value
