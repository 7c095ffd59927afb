"""Rolling a minute up into its quarter hour, in the transaction of its observation (F2)."""

from __future__ import annotations

from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp.history import rollup


async def roll_up(
    db: BaseDBAsyncClient,
    organisation_id: int,
    camera_id: int,
    minute: datetime,
    count: int | None,
) -> None:
    """Add the count of a minute whose observation was written just now; unknown adds nothing."""
    if count is not None:
        await rollup.add(db, rollup.CAMERAS, organisation_id, camera_id, minute, count)


async def roll_up_group(
    db: BaseDBAsyncClient,
    organisation_id: int,
    group_id: int,
    minute: datetime,
    count: int | None,
) -> None:
    """Add the sum of a group's minute in which no camera was missing; it is written once only."""
    if count is not None:
        await rollup.add(db, rollup.GROUPS, organisation_id, group_id, minute, count)
