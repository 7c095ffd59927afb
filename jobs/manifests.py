"""Manifests of pictures are kept for 30 days, and backgrounds for as long as one names them."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from jobs import sql
from webapp.models import KeptBackground
from webapp.verification.keys import KEPT, forget_keys

# A turn that was under way when its background was replaced is over by then.
_TURNS_END = timedelta(minutes=10)
_BATCH = 5000
# Of rows that all stay, so many batches in a row end the search; an hour takes so many in all.
_IDLE, _MOST = 20, 400

# Rows are in the order of time by their ids, but for moments and for clocks that were wrong: the
# oldest ones come first, and neither an index nor a partition by time is needed for 40 million of
# them. What stays among them is stepped over.
_LOOK = """
SELECT MAX(id) AS last, COUNT(*) AS seen,
  COUNT(CASE WHEN minute < $1 THEN 1 END) AS past,
  COUNT(CASE WHEN minute >= $1 AND minute <= $2 THEN 1 END) AS needed
FROM (SELECT id, minute FROM picture_manifest WHERE id > $3 ORDER BY id LIMIT $4) AS batch
"""
_REMOVE = "DELETE FROM picture_manifest WHERE id > $1 AND id <= $2 AND minute < $3"

_LAST_DRAWN = """
SELECT MAX(minute) AS minute FROM picture_manifest WHERE camera_id = $1 AND background_id = $2
"""


async def retain(db: BaseDBAsyncClient, at: datetime) -> None:
    """Remove what is not needed any more at ``at``.

    1. Manifests older than 30 days.
    2. Of backgrounds that were replaced: find the last manifest of each, once; those without one,
       and those whose last one is gone, go. Their pictures are swept.
    3. Keys that signed none that is left.
    """
    await remove_old(db, at)
    for row in await KeptBackground.filter(kept_until=None, retired_at__lt=at - _TURNS_END):
        [last] = await sql.fetch(db, _LAST_DRAWN, [row.camera_id, row.id])
        drawn_at = row.retired_at - KEPT if last["minute"] is None else last["minute"]
        # A clock that was ahead may have named a minute long after anything was drawn on it.
        until = min(sql.as_instant(drawn_at), row.retired_at + _TURNS_END) + KEPT
        await KeptBackground.filter(id=row.id).update(kept_until=until)
    await KeptBackground.filter(kept_until__lt=at).delete()
    await forget_keys(at)


async def remove_old(
    db: BaseDBAsyncClient, at: datetime, *, batch: int = _BATCH, idle: int = _IDLE
) -> None:
    """Remove manifests older than 30 days, batch by batch, until ``idle`` batches gave none.

    A row of the future says that a clock was wrong, and nothing of the rows behind it.
    """
    last, without = 0, 0
    for _ in range(_MOST):
        [seen] = await sql.fetch(db, _LOOK, [at - KEPT, at, last, batch])
        if seen["past"]:
            await sql.run(db, _REMOVE, [last, seen["last"], at - KEPT])
            without = 0
        elif seen["needed"]:
            without += 1
        if seen["seen"] < batch or without == idle:
            return
        last = seen["last"]
