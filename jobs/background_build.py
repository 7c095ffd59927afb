"""Adding a capture to the background that a camera makes by itself (M4, B2)."""

from __future__ import annotations

import secrets
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

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """One still that was analysed, and the minute it stands for."""

    still: Still
    analysis: Analysis
    minute: datetime


async def contribute(
    services: Services, pool: AnalysisPool, camera: Camera, capture: Capture, at: datetime
) -> bool:
    """Add a capture to what the camera collects; tell whether it was added or looked at.

    1. Take the row of the part of the day: none, or one that was looked at within this minute,
       and nothing more happens.
    2. In a thread for analyses, so that no more than one picture for each is in memory: read what
       was collected, add, and seal it again. What comes of other settings is begun anew.
    3. Store it under a new name, and put that into the row, provided that the row still names
       what was read: of two workers one wins, and the capture of the other is not missed. A row
       that is gone was ended meanwhile, and nothing of this is kept.
    """
    if not builds.is_running(camera.background_build, at):
        return False
    row = await _row(camera, capture)
    if row is None:
        return False
    key = f"{builds.PREFIX}/{camera.public_id}/{secrets.token_hex(16)}.sealed"
    try:
        stamp = builds.stamp_of(services, camera)
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


async def _row(camera: Camera, capture: Capture) -> BackgroundBuildPart | None:
    zone = ZoneInfo(camera.organisation.time_zone)
    part = daylight_of(camera).part(capture.minute.astimezone(zone).time())
    row = await BackgroundBuildPart.get_or_none(build_id=camera.background_build.id, part=part)
    if row is None or (row.minute is not None and abs(capture.minute - row.minute) < APART):
        return None
    return row


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
