"""Deleting pictures that no row names: old masked ones, and those of lost transactions."""

from __future__ import annotations

from datetime import datetime, timedelta

import anyio.to_thread
import structlog

from webapp.models import Background, Latest
from webapp.services import Services
from webapp.storage import Storage

# Viewers hold the address of a picture for up to 5 minutes; writers name a new one at once.
KEPT = timedelta(minutes=10)
# Candidates for a background are never named by a row: they lapse.
LIVES = {"masked": KEPT, "backgrounds": KEPT, "drafts": timedelta(minutes=30)}
_BATCH = 500

log = structlog.get_logger(__name__)


async def sweep(services: Services, at: datetime) -> int:
    """Delete what has outlived its time and is named by nobody; tell how much that was.

    1. List what is old: before asking for names, so that what is named later is not in it.
    2. Ask the tables which of these are still named.
    3. Delete the others.
    """
    old = await anyio.to_thread.run_sync(_old_keys, services.storage, at)
    deleted = 0
    for start in range(0, len(old), _BATCH):
        batch = old[start : start + _BATCH]
        named = await _named(batch)
        orphans = [key for key in batch if key not in named]
        await services.storage.delete(orphans)
        deleted += len(orphans)
    if deleted:
        log.info("pictures swept", deleted=deleted)
    return deleted


def _old_keys(storage: Storage, at: datetime) -> list[str]:
    return [
        key
        for prefix, life in LIVES.items()
        for key, stored in storage.list_sync(prefix)
        if stored < at - life
    ]


async def _named(keys: list[str]) -> set[str]:
    latest = await Latest.filter(picture__in=keys).values_list("picture", flat=True)
    backgrounds = await Background.filter(picture__in=keys).values_list("picture", flat=True)
    return {str(key) for key in (*latest, *backgrounds)}
