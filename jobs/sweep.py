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
PREFIXES = ("masked", "backgrounds")
_BATCH = 500

log = structlog.get_logger(__name__)


async def sweep(services: Services, at: datetime) -> int:
    """Delete what is older than ``KEPT`` and named by nobody; tell how much that was.

    1. List what is old: before asking for names, so that what is named later is not in it.
    2. Ask the tables which of these are still named.
    3. Delete the others.
    """
    old = await anyio.to_thread.run_sync(_old_keys, services.storage, at - KEPT)
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


def _old_keys(storage: Storage, before: datetime) -> list[str]:
    return [
        key for prefix in PREFIXES for key, stored in storage.list_sync(prefix) if stored < before
    ]


async def _named(keys: list[str]) -> set[str]:
    latest = await Latest.filter(picture__in=keys).values_list("picture", flat=True)
    backgrounds = await Background.filter(picture__in=keys).values_list("picture", flat=True)
    return {str(key) for key in (*latest, *backgrounds)}
