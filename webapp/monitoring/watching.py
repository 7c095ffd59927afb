"""Who looks at a camera's own picture, and the one frame that is kept for them meanwhile.

Nothing is kept before somebody presses ▶, and nothing after the last one has gone: their page
asks for news each minute, and whoever no longer asks no longer looks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import Q

from webapp.database import transaction
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.models import Camera, Member, MonitoringFrame, MonitoringView, Role
from webapp.sealing import Sealer
from webapp.services import Services

# A page asks each minute. Whoever was not heard of for this long has gone.
SEEN_WITHIN = timedelta(seconds=150)
# A forgotten page does not look for ever: ▶ is pressed again, and stands in the log again.
LONGEST = timedelta(hours=1)

PREFIX = "live"


@dataclass(frozen=True, slots=True)
class Watch:
    """One member's look at one camera: whether it was started, and the frame, if there is one."""

    started: bool = False
    frame: MonitoringFrame | None = None


def frame_sealer(services: Services) -> Sealer:
    """What encrypts frames in the store; it opens nothing else."""
    return Sealer(services.settings.secret(), "monitoring frames")


async def start(camera: Camera, member: Member, at: datetime) -> None:
    """Begin to look; beginning again makes it last longer. Inside the caller's transaction."""
    times = {"started_at": at, "seen_at": at, "ends_at": at + LONGEST}
    row = MonitoringView(
        organisation_id=camera.organisation_id, camera_id=camera.id, member_id=member.id, **times
    )
    await MonitoringView.bulk_create([row], ignore_conflicts=True)
    await MonitoringView.filter(camera_id=camera.id, member_id=member.id).update(**times)


async def look(camera: Camera, member: Member, at: datetime) -> None:
    """Say that the member is still there; a look that is over stays over."""
    mine = MonitoringView.filter(_living(at), camera_id=camera.id, member_id=member.id)
    await mine.update(seen_at=at)


async def stop(services: Services, camera: Camera, member: Member, at: datetime) -> None:
    """Look no longer; without anybody else who looks the frame goes at once."""
    await MonitoringView.filter(camera_id=camera.id, member_id=member.id).delete()
    if not await is_watched(camera.id, at):
        await forget(services, await MonitoringFrame.filter(camera_id=camera.id))


async def watches_of(
    cameras: Collection[int], member: Member, at: datetime, fresh: timedelta
) -> dict[int, Watch]:
    """Looks of this member by camera, by two queries; a frame older than ``fresh`` is none."""
    started = MonitoringView.filter(_living(at), camera_id__in=list(cameras), member_id=member.id)
    looking = {look.camera_id for look in await started}
    frames = {
        frame.camera_id: frame
        for frame in await MonitoringFrame.filter(
            camera_id__in=list(looking), captured_at__gt=at - fresh
        )
    }
    return {number: Watch(number in looking, frames.get(number)) for number in cameras}


async def is_watched(camera_id: int, at: datetime) -> bool:
    """Whether anybody who may looks at the camera."""
    may = Q(member__role=Role.ADMIN) | Q(member__role=Role.GENERAL) & Q(
        organisation__monitoring_allowed=True
    )
    return await MonitoringView.filter(_living(at), may, camera_id=camera_id).exists()


async def read_frame(services: Services, frame: MonitoringFrame) -> bytes | None:
    """The JPEG of a frame; None when it has gone meanwhile or cannot be read."""
    try:
        sealed = await services.storage.get(frame.picture)
        return None if sealed is None else frame_sealer(services).unseal_bytes(sealed)
    except (TemporaryFailure, PermanentFailure):
        return None


async def keep(
    services: Services, camera: Camera, key: str, captured_at: datetime, size: tuple[int, int]
) -> None:
    """Name the stored frame as the latest one, and delete the one before.

    The last one may have gone while it was stored: ask ``is_watched`` after this.
    """
    async with transaction():
        before = await MonitoringFrame.filter(camera_id=camera.id).select_for_update().first()
        if before is not None:
            await MonitoringFrame.filter(id=before.id).delete()
        await MonitoringFrame.create(
            organisation_id=camera.organisation_id,
            camera_id=camera.id,
            picture=key,
            captured_at=captured_at,
            width=size[0],
            height=size[1],
        )
    if before is not None:
        await services.storage.delete([before.picture])


async def forget(services: Services, frames: Collection[MonitoringFrame]) -> None:
    """Delete frames: the pictures first, so that a failure leaves a row to try again by."""
    await services.storage.delete([frame.picture for frame in frames])
    await MonitoringFrame.filter(id__in=[frame.id for frame in frames]).delete()


async def forget_unwatched(services: Services, at: datetime, fresh: timedelta) -> int:
    """Delete every frame that nobody looks at or that is stale; how many there were.

    Looks that are over go, too.
    """
    gone = [
        frame
        for frame in await MonitoringFrame.all()
        if not at - fresh < frame.captured_at < at + fresh
        or not await is_watched(frame.camera_id, at)
    ]
    if gone:
        await forget(services, gone)
    await MonitoringView.filter(Q(ends_at__lt=at) | Q(seen_at__lt=at - LONGEST)).delete()
    return len(gone)


def _living(at: datetime) -> Q:
    """A look that goes on. One from the future is none: the clock was put back."""
    return Q(
        seen_at__gt=at - SEEN_WITHIN,
        seen_at__lt=at + SEEN_WITHIN,
        ends_at__gt=at,
        ends_at__lt=at + LONGEST + SEEN_WITHIN,
    )
