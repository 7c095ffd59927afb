"""Deleting pictures that no row names: old masked ones, and those of lost transactions."""

from __future__ import annotations

from datetime import datetime, timedelta

import anyio.to_thread
import structlog

from webapp.alerts.pictures import named_pictures
from webapp.hours.pictures import named_closed_pictures
from webapp.models import (
    AlertEvent,
    Background,
    BackgroundBuildPart,
    KeptBackground,
    Latest,
    MonitoringFrame,
    Organisation,
    PreparedFile,
)
from webapp.services import Services
from webapp.storage import Storage

# Viewers hold the address of a picture for up to 5 minutes; writers name a new one at once.
KEPT = timedelta(minutes=10)
# Candidates for a background are never named by a row: they lapse.
LIVES = {
    "masked": KEPT,
    "backgrounds": KEPT,
    "logos": KEPT,
    "alerts": KEPT,
    "closed": KEPT,
    "drafts": timedelta(minutes=30),
    "live": timedelta(minutes=2),
    # A worker that died, or whose build was ended meanwhile, may have stored one.
    "building": timedelta(minutes=2),
    # A worker that died may have stored one that is named nowhere.
    "files": timedelta(minutes=10),
}
_BATCH = 500
MAILS_WAIT = timedelta(hours=25)

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
        named = await _named(batch, at)
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


async def _named(keys: list[str], at: datetime) -> set[str]:
    latest = await Latest.filter(picture__in=keys).values_list("picture", flat=True)
    backgrounds = await Background.filter(picture__in=keys).values_list("picture", flat=True)
    kept = await KeptBackground.filter(picture__in=keys).values_list("picture", flat=True)
    # A mail may still wait for its server; it shows the picture of its minute.
    events = await AlertEvent.filter(picture__in=keys, minute__gte=at - MAILS_WAIT).values_list(
        "picture", flat=True
    )
    logos = await Organisation.filter(logo__in=keys).values_list("logo", flat=True)
    frames = await MonitoringFrame.filter(picture__in=keys).values_list("picture", flat=True)
    builds = await BackgroundBuildPart.filter(file__in=keys).values_list("file", flat=True)
    alerts = await named_pictures(keys)
    files = await PreparedFile.filter(key__in=keys).values_list("key", flat=True)
    closed = await named_closed_pictures(keys)
    named = (
        *latest,
        *backgrounds,
        *kept,
        *events,
        *logos,
        *alerts,
        *frames,
        *builds,
        *files,
        *closed,
    )
    return {str(key) for key in named}
