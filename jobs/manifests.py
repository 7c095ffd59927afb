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

# Rows are in the order of time by their ids, but for moments: the oldest ones come first, and
# neither an index nor a partition by time is needed for 40 million of them.
_REMOVE_OLDEST = """
WITH oldest AS (SELECT id, minute FROM picture_manifest ORDER BY id LIMIT $2)
DELETE FROM picture_manifest WHERE id IN (SELECT id FROM oldest WHERE minute < $1)
RETURNING id
"""

_LAST_DRAWN = """
SELECT MAX(minute) AS minute FROM picture_manifest WHERE camera_id = $1 AND background_id = $2
"""


async def retain(db: BaseDBAsyncClient, at: datetime) -> None:
    """Remove what is not needed any more at ``at``.

    1. Manifests older than 30 days, in batches.
    2. Of backgrounds that were replaced: find the last manifest of each, once; those without one,
       and those whose last one is gone, go. Their pictures are swept.
    3. Keys that signed none that is left.
    """
    while len(await sql.fetch(db, _REMOVE_OLDEST, [at - KEPT, _BATCH])) == _BATCH:
        continue
    for row in await KeptBackground.filter(kept_until=None, retired_at__lt=at - _TURNS_END):
        [last] = await sql.fetch(db, _LAST_DRAWN, [row.camera_id, row.id])
        drawn_at = row.retired_at - KEPT if last["minute"] is None else last["minute"]
        until = sql.as_instant(drawn_at) + KEPT
        await KeptBackground.filter(id=row.id).update(kept_until=until)
    await KeptBackground.filter(kept_until__lt=at).delete()
    await forget_keys(at)
