"""Adding a capture to the background that a camera makes by itself (M4, B2)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from webapp.analysis import Analysis
from webapp.analysis_pool import AnalysisPool, AnalysisTimeout
from webapp.backgrounds import builds
from webapp.backgrounds.in_force import daylight_of
from webapp.connectors import Still
from webapp.domain.background_build import (
    SETTLED,
    Afresh,
    Build,
    Samples,
    coverage,
    packed,
    with_capture,
)
from webapp.domain.pictures import PictureRefused, decode, rotate
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.models import BackgroundBuildPart, Camera
from webapp.services import Services

# Somebody who stays is told from what stays by the number of captures, a minute each.
APART = timedelta(seconds=50)
# Nothing is added to one that is settled: it is only looked at whether it still fits.
SETTLED_APART = timedelta(minutes=9, seconds=50)

# Seconds that a capture waits for a thread which counting has left.
PATIENCE = 10.0
_LOOK = 0.05

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """One still that was analysed, and the minute it stands for."""

    still: Still
    analysis: Analysis
    minute: datetime


class Turns:
    """Whose step it is: one at a time in a worker, so that building takes little from counting.

    Cameras come in the same order every minute. So a camera lets as many captures of its own
    pass as it turned away others': each of them gets on.
    """

    def __init__(self) -> None:
        self._holder: int | None = None
        self._owed: dict[int, int] = {}

    @contextmanager
    def take(self, camera_id: int) -> Iterator[bool]:
        """Take the turn until the block ends; False when it is another's."""
        if owed := self._owed.pop(camera_id, 0):
            if owed > 1:
                self._owed[camera_id] = owed - 1
            yield False
        elif self._holder is not None:
            if self._holder != camera_id:
                self._owed[self._holder] = self._owed.get(self._holder, 0) + 1
            yield False
        else:
            self._holder = camera_id
            try:
                yield True
            finally:
                self._holder = None


async def contribute(
    services: Services, pool: AnalysisPool, camera: Camera, capture: Capture, at: datetime
) -> bool:
    """Add a capture to what the camera collects; tell whether it was added or looked at.

    1. Take the row of the part of the day: none, one that was looked at within this minute (within
       ten, once it is settled), or a capture of what the camera is no longer, and nothing more
       happens.
    2. Wait a little for a thread that has nothing to count; without one the capture is left out.
    3. In a thread for analyses, so that no more than one picture for each is in memory: read what
       was collected, add, and seal it again. What comes of other settings is begun anew.
    4. Store it under a new name, and put that into the row, provided that the row still names
       what was read: of two workers one wins, and the capture of the other is not missed. A row
       that is gone was ended meanwhile, and nothing of this is kept.
    """
    if not builds.is_running(camera.background_build, at):
        return False
    key = f"{builds.PREFIX}/{camera.public_id}/{secrets.token_hex(16)}.sealed"
    try:
        stamp = builds.stamp_of(services, camera)
        row = await _row(services, camera, capture, stamp)
        if row is None or not await _is_room(pool):
            return False
        sealed = await services.storage.get(row.file) if row.file else None
        call = _Step(services, row, stamp, sealed, capture, camera.rotation)
        build, data = await pool.run(call, services.settings.analysis_timeout)
        if data is None:
            return await _write(row, row.file, stamp, build, capture)
        await services.storage.put(key, data)
        if not await _write(row, key, stamp, build, capture):
            await services.storage.delete([key])
            return False
        await services.storage.delete([row.file] if row.file else [])
    except (AnalysisTimeout, PermanentFailure, PictureRefused, TemporaryFailure) as error:
        log.warning("nothing added to a background", camera=camera.public_id, error=str(error))
        return False
    return True


async def _row(
    services: Services, camera: Camera, capture: Capture, stamp: str
) -> BackgroundBuildPart | None:
    """The row to add to, by what the camera is now: it was loaded before it was asked."""
    rows = await BackgroundBuildPart.filter(build_id=camera.background_build.id).select_related(
        "build__camera__organisation"
    )
    for row in rows:
        now: Camera = row.build.camera
        zone = ZoneInfo(now.organisation.time_zone)
        if row.part == daylight_of(now).part(capture.minute.astimezone(zone).time()):
            is_same = builds.stamp_of(services, now) == stamp
            return row if is_same and _is_due(row, capture.minute) else None
    return None


def _is_due(row: BackgroundBuildPart, minute: datetime) -> bool:
    is_settled = row.coverage >= round(1000 * SETTLED) and not row.misfits
    apart = SETTLED_APART if is_settled else APART
    return row.minute is None or abs(minute - row.minute) >= apart


async def _is_room(pool: AnalysisPool) -> bool:
    """Wait until a thread is free; False when counting needs them all for long."""
    for _ in range(round(PATIENCE / _LOOK)):
        if pool.has_room:
            return True
        await asyncio.sleep(_LOOK)
    return pool.has_room


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What is done in the thread."""

    services: Services
    row: BackgroundBuildPart
    stamp: str
    sealed: bytes | None
    capture: Capture
    rotation: int

    def __call__(self) -> tuple[Build, bytes | None]:
        """Give the build, and its sealed samples when they have changed."""
        pixels = self.services.settings.max_picture_pixels
        frame = decode(self.capture.still.data, max_pixels=pixels)
        frame = rotate(frame, self.rotation // 90)
        before = self._before()
        kept = before if isinstance(before, Build) else None
        build = with_capture(kept, frame, self.capture.analysis.found)
        if isinstance(before, Afresh):
            build = Build(build.samples, build.captures, build.misfits, before)
        if kept is not None and build.samples is kept.samples:
            return build, None
        return build, builds.sealer_of(self.services).seal_bytes(packed(build.samples))

    def _before(self) -> Build | Afresh:
        """What was collected before, or why that does not count."""
        row = self.row
        if not row.file:
            return Afresh(row.afresh)
        if row.stamp != self.stamp:
            return Afresh.CAMERA
        samples: Samples | None = None
        if self.sealed is not None:
            samples = builds.opened(self.services, self.sealed)
        if samples is None:
            return Afresh.LOST
        return Build(samples, row.captures, row.misfits, Afresh(row.afresh))


async def _write(
    row: BackgroundBuildPart, file: str, stamp: str, build: Build, capture: Capture
) -> bool:
    """Name the new file, where the row still names the one that was read."""
    ours = BackgroundBuildPart.filter(id=row.id, file=row.file, misfits=row.misfits)
    changed = await ours.update(
        file=file,
        stamp=stamp,
        captures=build.captures,
        misfits=build.misfits,
        coverage=int(1000 * coverage(build.samples)),
        afresh=build.afresh.value,
        minute=capture.minute,
    )
    return bool(changed)
