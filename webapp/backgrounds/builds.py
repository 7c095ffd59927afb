"""自動で作る: letting a camera collect a background by itself, and letting go of what it collected.

Workers add to it (``jobs/background_build.py``). What is kept is sealed, names no moment and
nobody, and goes with the registration of a background, when an admin ends it, after ``KEPT``, and
with the camera. A file that a worker stored too late for any of these is swept.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio.to_thread
from tortoise.expressions import Q

from webapp import outbox
from webapp.backgrounds.in_force import daylight_of
from webapp.cameras.trial import Preview, preview_of
from webapp.database import current_connection, transaction
from webapp.domain.background_build import (
    COMPLETE,
    Afresh,
    Samples,
    coverage_map,
    picture,
    unpacked,
)
from webapp.domain.daylight import Part
from webapp.domain.pictures import encode_png
from webapp.domain.remarks import Remark
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.models import BackgroundBuild, BackgroundBuildPart, Camera, Latest
from webapp.sealing import Sealer
from webapp.services import Services

KEPT = timedelta(days=7)
# By so much a clock may have been wrong when it began; more, and nobody knows when it ends.
CLOCK_OFF = timedelta(hours=1)
PREFIX = "building"


@dataclass(frozen=True, slots=True)
class Collected:
    """What one part has so far: how much of the picture, in percent, from how many captures."""

    part: Part
    row: BackgroundBuildPart
    build: BackgroundBuild

    @property
    def percent(self) -> int:
        """Whole percent, never rounded up to all of it."""
        return int(self.row.coverage) // 10

    @property
    def is_complete(self) -> bool:
        """Whether it can be registered."""
        return bool(self.row.file) and self.row.coverage >= round(1000 * COMPLETE)

    @property
    def afresh(self) -> Afresh:
        """Why it was begun again, if it was."""
        return Afresh(self.row.afresh)


def sealer_of(services: Services) -> Sealer:
    """What encrypts samples in the store; it opens nothing else."""
    return Sealer(services.settings.secret(), "background builds")


def stamp_of(services: Services, camera: Camera) -> str:
    """Name what a camera's pictures come from; raises ``PermanentFailure`` if it is not known.

    Areas are not in it: whoever was found is left out, wherever they count.
    """
    source = sorted(services.sealer.unseal(camera.source).items())
    known = repr((camera.connector, source, camera.rotation, camera.engine))
    return hmac.new(services.settings.secret(), known.encode(), hashlib.sha256).hexdigest()


async def start(camera: Camera, at: datetime) -> bool:
    """Let the camera collect from now on; False if it does so already. In a transaction.

    There is a row for each part from the beginning: workers change rows, they make none. One whose
    time is over, and which nobody has come to delete yet, is let go of first.
    """
    whose = {"organisation_id": camera.organisation_id}
    build = BackgroundBuild(camera_id=camera.id, started_at=at, ends_at=at + KEPT, **whose)
    await BackgroundBuild.bulk_create([build], ignore_conflicts=True)
    row = await BackgroundBuild.filter(camera_id=camera.id).select_for_update().get()
    if not is_running(row, at):
        await _drop(row, at)
        return await start(camera, at)
    there = {one.part for one in await BackgroundBuildPart.filter(build_id=row.id)}
    new = [
        BackgroundBuildPart(build_id=row.id, part=part.value, **whose)
        for part in Part
        if part.value not in there
    ]
    await BackgroundBuildPart.bulk_create(new, ignore_conflicts=True)
    return bool(new)


async def cancel(camera: Camera, at: datetime) -> bool:
    """Let go of all that was collected; False if there was nothing. In a transaction."""
    build = await BackgroundBuild.filter(camera_id=camera.id).select_for_update().first()
    if build is None:
        return False
    await _drop(build, at)
    return True


async def part_ends(camera: Camera, part: Part, at: datetime) -> None:
    """Let go of a part, whose background was just registered. In a transaction.

    With the last part that the camera shows the whole ends.
    """
    build = await BackgroundBuild.filter(camera_id=camera.id).select_for_update().first()
    if build is None:
        return
    rows = await BackgroundBuildPart.filter(build_id=build.id).select_for_update()
    others = [row for row in rows if row.part != part]
    if not others or not camera.has_night:
        await _drop(build, at)
        return
    await BackgroundBuildPart.filter(build_id=build.id, part=part).delete()
    await _forget_files(build, [row for row in rows if row.part == part], at)


async def night_ends(camera: Camera, at: datetime) -> None:
    """Let go of what was collected for the night, which the camera no longer has.

    In a transaction.
    """
    build = await BackgroundBuild.filter(camera_id=camera.id).select_for_update().first()
    if build is None:
        return
    rows = await BackgroundBuildPart.filter(build_id=build.id).select_for_update()
    nights = [row for row in rows if row.part == Part.NIGHT]
    if len(nights) == len(rows):
        await _drop(build, at)
        return
    await _begin_anew(build, nights, Afresh.NOT, at)


async def source_changes(camera: Camera, at: datetime) -> None:
    """Let go of all that was collected from another source, rotation or AI mode; go on afresh.

    In the transaction that changes them.
    """
    build = await BackgroundBuild.filter(camera_id=camera.id).select_for_update().first()
    if build is not None:
        rows = await BackgroundBuildPart.filter(build_id=build.id).select_for_update()
        await _begin_anew(build, rows, Afresh.CAMERA, at)


async def of_camera(services: Services, camera: Camera, at: datetime) -> dict[Part, Collected]:
    """What is being collected, by part; nothing when nothing is, or its time is over.

    What came of another source, rotation or AI mode counts as nothing: it is no background of
    what the camera shows now.
    """
    rows = await BackgroundBuildPart.filter(build__camera_id=camera.id).select_related("build")
    shown = {Part.ALL, Part.NIGHT} if daylight_of(camera).changes else {Part.ALL}
    try:
        stamp = stamp_of(services, camera)
    except PermanentFailure:  # what leads to its pictures cannot be read: neither is it known
        stamp = ""
    return {
        Part(row.part): Collected(Part(row.part), _of_now(row, stamp), row.build)
        for row in rows
        if row.part in shown and is_running(row.build, at)
    }


async def forget_expired(at: datetime) -> int:
    """Let go of whatever has been collected for long enough; how many there were."""
    over = Q(ends_at__lte=at) | Q(started_at__gt=at + CLOCK_OFF)
    expired = await BackgroundBuild.filter(over)
    for build in expired:
        async with transaction():
            # The build before its parts, as everybody locks them: nobody waits in a circle.
            if await BackgroundBuild.filter(id=build.id).select_for_update().first():
                await _drop(build, at)
    return len(expired)


def is_running(build: BackgroundBuild, at: datetime) -> bool:
    """Whether a capture of this instant may be added."""
    return build.started_at - CLOCK_OFF <= at < build.ends_at


def is_view_lost(latest: Latest) -> bool:
    """Whether the camera no longer sees what its background shows: then another is proposed."""
    return latest.detail == Remark.MOVED


async def samples_of(services: Services, row: BackgroundBuildPart) -> Samples | None:
    """What was collected; None when there is nothing, or nothing that can be read.

    Raises ``TemporaryFailure`` when the store is away.
    """
    sealed = await services.storage.get(row.file) if row.file else None
    if sealed is None:
        return None
    return await anyio.to_thread.run_sync(opened, services, sealed)


def opened(services: Services, sealed: bytes) -> Samples | None:
    """Decrypt and read; None when that is not possible. Takes a while: call it in a thread."""
    try:
        return unpacked(sealer_of(services).unseal_bytes(sealed))
    except (PermanentFailure, ValueError):
        return None


async def preview_so_far(services: Services, collected: Collected) -> Preview | None:
    """A map of where it is sure so far, without a pixel of the picture; None without samples.

    Nobody has looked through these pixels for people before ``make_candidate`` does.
    """
    try:
        samples = await samples_of(services, collected.row)
    except TemporaryFailure:
        return None
    if samples is None:
        return None
    return await anyio.to_thread.run_sync(lambda: preview_of(coverage_map(samples)))


async def built_picture(services: Services, collected: Collected) -> bytes | None:
    """The background that was built, as PNG; None when it is gone. As ``samples_of`` otherwise."""
    samples = await samples_of(services, collected.row)
    if samples is None:
        return None
    return await anyio.to_thread.run_sync(lambda: encode_png(picture(samples)))


def _of_now(row: BackgroundBuildPart, stamp: str) -> BackgroundBuildPart:
    """The row, or one without anything, if its file came of something else."""
    if not row.file or (stamp and row.stamp == stamp):
        return row
    return BackgroundBuildPart(
        id=row.id,
        organisation_id=row.organisation_id,
        build_id=row.build_id,
        part=row.part,
        afresh=Afresh.CAMERA.value,
    )


async def _begin_anew(
    build: BackgroundBuild, rows: list[BackgroundBuildPart], why: Afresh, at: datetime
) -> None:
    """Put other rows in the place of these: a worker that has read one of them finds it gone.

    So it does when nothing was collected yet, and no value in the row could tell it.
    """
    if not rows:
        return
    await BackgroundBuildPart.filter(id__in=[row.id for row in rows]).delete()
    new = [
        BackgroundBuildPart(
            organisation_id=build.organisation_id,
            build_id=build.id,
            part=row.part,
            afresh=why.value if row.file else Afresh.NOT.value,
        )
        for row in rows
    ]
    await BackgroundBuildPart.bulk_create(new)
    await _forget_files(build, rows, at)


async def _drop(build: BackgroundBuild, at: datetime) -> None:
    # Locked: a worker that would put another file there waits, and then finds no row.
    rows = await BackgroundBuildPart.filter(build_id=build.id).select_for_update()
    await BackgroundBuild.filter(id=build.id).delete()
    await _forget_files(build, rows, at)


async def _forget_files(
    build: BackgroundBuild, rows: list[BackgroundBuildPart], at: datetime
) -> None:
    keys = [row.file for row in rows if row.file]
    if keys:
        await outbox.write(
            build.organisation_id,
            outbox.PICTURES_DELETE,
            {"keys": keys, "prefixes": []},
            f"build-gone:{keys[0]}",
            at,
            using_db=current_connection(),
        )
