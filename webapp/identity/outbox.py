"""Writing down what the provider must do outside its database, in the deciding transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.identity.models import Outbox
from webapp.mail.letters import MAIL_SEND, Letter, seal
from webapp.sealing import Sealer

# Tell an application that a sign-in is over: {"client": client_id, "sub": …, "sid": …}.
BACKCHANNEL_LOGOUT = "backchannel.logout"
# Somebody asked for a new password: {"sealed": {"mail": …, "language": …}}.
RESET_REQUESTED = "reset.requested"
# For the audit log of the app, which takes it from here itself (``jobs/member_audit.py``): {"kind":
# an event's, "organisation": public id, "at": ISO 8601, "actor", "actor_name", "address", "target",
# "target_name", "changed": {field: None, or [before, after]}}.
MEMBERS_TOLD = "members.told"


async def write(kind: str, payload: Mapping[str, Any], dedupe_key: str, due_at: datetime) -> None:
    """Put one row in the outbox; a second one with the same ``dedupe_key`` changes nothing.

    Call ``parts.wake()`` after the transaction, so that it is looked at at once.
    """
    row = Outbox(kind=kind, payload=dict(payload), dedupe_key=dedupe_key, due_at=due_at)
    await Outbox.bulk_create([row], ignore_conflicts=True)


async def write_letter(letter: Letter, sealer: Sealer, dedupe_key: str, due_at: datetime) -> None:
    """Put a mail in the outbox."""
    await write(MAIL_SEND, seal(letter, sealer), dedupe_key, due_at)
