"""Writing down what must be done outside the database, in the transaction that decided it.

``jobs/deliver.py`` carries it out later, once a row at least; each kind is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp.models import Outbox

# Pictures to delete: {"keys": [key, …], "prefixes": [prefix, …]}.
PICTURES_DELETE = "pictures.delete"


async def write(
    organisation_id: int,
    kind: str,
    payload: Mapping[str, Any],
    dedupe_key: str,
    due_at: datetime,
    using_db: BaseDBAsyncClient | None = None,
) -> None:
    """Put one row in the outbox; a second one with the same ``dedupe_key`` changes nothing."""
    row = Outbox(
        organisation_id=organisation_id,
        kind=kind,
        payload=dict(payload),
        dedupe_key=dedupe_key,
        due_at=due_at,
    )
    await Outbox.bulk_create([row], ignore_conflicts=True, using_db=using_db)
