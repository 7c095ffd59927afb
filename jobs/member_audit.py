"""What admins did in the Group Manager, added to the audit log of the app (I8).

The provider knows nothing of the app, and leaves word in its outbox; only a worker sees both
databases. An entry tells when it was done, which is up to a minute before it stands in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.audit.actions import Action
from webapp.audit.log import Actor, write
from webapp.database import transaction
from webapp.identity import provisioning
from webapp.identity.models import Outbox
from webapp.identity.outbox import MEMBERS_TOLD
from webapp.models import AuditEntry, Member, Organisation
from webapp.settings import Settings

_BATCH = 100
_ACTIONS = {
    provisioning.MEMBER_ADDED: Action.MEMBER_INVITED,
    provisioning.MEMBER_INVITED_AGAIN: Action.INVITATION_RESENT,
    provisioning.MEMBER_FACTOR_RESET: Action.FACTOR_RESET,
    provisioning.MEMBER_CHANGED: Action.MEMBER_CHANGED,
    provisioning.MEMBER_REMOVED: Action.MEMBER_REMOVED,
}


async def take_over(settings: Settings, at: datetime) -> int:
    """Add what the provider left word of, oldest first; how many entries were added.

    Any number may do this at once, and be killed at any point: each deed is added once.
    """
    if not settings.has_own_identity:
        return 0
    added = 0
    while rows := await Outbox.filter(kind=MEMBERS_TOLD, done_at=None).order_by("id").limit(_BATCH):
        for row in rows:
            added += await _add(settings, row.payload)
            await Outbox.filter(id=row.id).update(done_at=at, payload={})
    return added


async def _add(settings: Settings, told: Mapping[str, Any]) -> bool:
    """Add one deed unless it is there already, or the app has no such organisation."""
    if not told:  # another worker was faster
        return False
    when, changed = datetime.fromisoformat(told["at"]), told["changed"]
    action = Action.ROLE_CHANGED if set(changed) == {"role"} else _ACTIONS[told["kind"]]
    async with transaction():
        found = Organisation.select_for_update().get_or_none(public_id=told["organisation"])
        organisation = await found
        if organisation is None:
            return False
        same = AuditEntry.filter(
            organisation=organisation, at=when, action=action.value, target=told["target"]
        )
        if await same.exists():
            return False
        await write(
            organisation.id,
            await _actor(settings, told),
            action,
            when,
            target=told["target"],
            target_name=told["target_name"],
            **({"changed": changed} if changed else {}),
        )
    return True


async def _actor(settings: Settings, told: Mapping[str, Any]) -> Actor:
    """The admin as a member, who has another id; or as the account of somebody never here."""
    subject = told["actor"]
    member = await Member.get_or_none(issuer=settings.issuer, subject=subject)
    actor = member.public_id if member is not None else subject
    return Actor(actor, told["actor_name"], told["address"])
