"""Whoever changes which cameras an organisation's groups have comes one after another.

Held by who makes or changes a group and by who deletes a camera, before they read anything:
otherwise a camera that goes just when it becomes a default camera would leave a group without.
"""

from __future__ import annotations

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp.models import Organisation


async def hold_groups(organisation_id: int, db: BaseDBAsyncClient | None = None) -> None:
    """Hold the organisation's groups until the transaction ends. Call it before other locks.

    Rows that only refer to the organisation are written all the same. SQLite has one writer at
    a time anyway.
    """
    rows = Organisation.filter(id=organisation_id)
    if db is not None:
        rows = rows.using_db(db)
    if rows.capabilities.support_for_update:
        rows = rows.select_for_update(no_key=True)
    await rows.get()
