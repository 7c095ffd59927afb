"""Writing down what must be done outside the database, in the transaction that decided it.

``jobs/deliver.py`` carries it out later, once a row at least; each kind is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp.mail.letters import MAIL_SEND, Letter, seal
from webapp.models import Outbox
from webapp.sealing import Sealer

# Pictures to delete: {"keys": [key, …], "prefixes": [prefix, …]}.
PICTURES_DELETE = "pictures.delete"
# Somebody to tell of a stage: {"delivery": id}. Their lane is that recipient's.
ALERT_MAIL = "alert.mail"
ALERT_WEBHOOK = "alert.webhook"
ALERT_MQTT = "alert.mqtt"


async def write(
    organisation_id: int,
    kind: str,
    payload: Mapping[str, Any],
    dedupe_key: str,
    due_at: datetime,
    using_db: BaseDBAsyncClient | None = None,
    lane: str = "",
) -> None:
    """Put one row in the outbox; a second one with the same ``dedupe_key`` changes nothing.

    Rows of one ``lane`` are carried out one after another, in the order of writing.
    """
    row = Outbox(
        organisation_id=organisation_id,
        kind=kind,
        payload=dict(payload),
        dedupe_key=dedupe_key,
        due_at=due_at,
        lane=lane,
    )
    await Outbox.bulk_create([row], ignore_conflicts=True, using_db=using_db)


async def write_letter(
    organisation_id: int,
    letter: Letter,
    sealer: Sealer,
    dedupe_key: str,
    due_at: datetime,
    using_db: BaseDBAsyncClient | None = None,
) -> None:
    """Put a mail in the outbox."""
    payload = seal(letter, sealer)
    await write(organisation_id, MAIL_SEND, payload, dedupe_key, due_at, using_db)
