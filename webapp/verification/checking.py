"""Looking a picture up and checking it, on the server that published it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import anyio.to_thread

from webapp import public_counts
from webapp.access import PUBLIC_ID
from webapp.domain.manifests import Manifest, ManifestRefused, minute_of, unpack
from webapp.domain.verification import (
    PASSED,
    Outcome,
    Redrawn,
    Result,
    Step,
    Verdict,
    Why,
    redraw,
    verdict_of,
)
from webapp.models import (
    Background,
    Camera,
    KeptBackground,
    Member,
    PictureManifest,
    Role,
)
from webapp.services import Services
from webapp.verification.keys import KEPT, public_key
from webapp.verification.signing import is_signed


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture that somebody asks about.

    ``manifest`` is None when what is kept of it cannot be read; ``is_its_own`` is False when it
    is that of another camera or minute.
    """

    camera: Camera
    name: str
    row: PictureManifest
    manifest: Manifest | None
    is_its_own: bool


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What came of it: each step, the whole, and the picture as it was drawn anew."""

    results: Mapping[Step, Result]
    redrawn: Redrawn

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        return verdict_of(self.results)


async def find(
    camera_id: str,
    picture: str,
    now: datetime,
    member: Member | None = None,
    *,
    has_sign: bool = False,
) -> Asked | None:
    """The picture of that name, for a member of its organisation or, without one, for anybody.

    None without one, after 30 days, and while the camera, or its count, is published nowhere
    (TRUST 30): then its members alone may look. Where it is published both with its count and
    without, strangers come from where the count is: ``has_sign``, which no other page gives.
    Nobody learns from a name that is not whole whether there was a picture in that minute.
    """
    try:
        minute = minute_of(picture)
    except ManifestRefused:
        return None
    if not PUBLIC_ID.fullmatch(camera_id) or minute <= now - KEPT:
        return None
    row = await PictureManifest.get_or_none(
        camera__public_id=camera_id, minute=minute, organisation__suspended_at=None
    ).select_related("camera", "camera__organisation")
    if row is None:
        return None
    if not _belongs_to(member, row.camera):
        counts = await public_counts.of_camera(row.camera.id)
        if not counts.shows_somewhere or (counts.hides_somewhere and not has_sign):
            return None
    try:
        manifest = unpack(row.packed)
    except ManifestRefused:
        return Asked(row.camera, picture, row, None, is_its_own=False)
    is_its_own = manifest.camera == camera_id and manifest.minute == minute
    if is_its_own and not hmac.compare_digest(manifest.picture.encode(), picture.encode()):
        return None
    return Asked(row.camera, picture, row, manifest, is_its_own)


def _belongs_to(member: Member | None, camera: Camera) -> bool:
    return (
        member is not None
        and member.role is not Role.OPERATOR
        and member.organisation_id == camera.organisation_id
    )


async def check(services: Services, asked: Asked, now: datetime) -> Checked:
    """Go all steps.

    1. The signature, with the camera's published key.
    2. Whether the manifest is that of this picture: a replayed one goes no further.
    3. Draw it anew from background and figures, and compare; the published file, too, while it
       is kept.

    Raises ``TemporaryFailure`` when the store is away.
    """
    manifest = asked.manifest
    if manifest is None or not asked.is_its_own:
        signature = Result(Outcome.FAILED) if manifest is None else await _signature(asked, now)
        failed = {Step.SIGNATURE: signature, Step.PLACE: Result(Outcome.FAILED)}
        return Checked(failed, Redrawn(None, {}))
    results = {Step.SIGNATURE: await _signature(asked, now), Step.PLACE: PASSED}
    pixels = services.settings.max_picture_pixels
    async with services.verification.turn():
        background = await background_file_of(services, asked)
        picture = await picture_file_of(services, asked)
        redrawn = await anyio.to_thread.run_sync(redraw, manifest, background, picture, pixels)
    return Checked({**results, **redrawn.results}, redrawn)


async def background_file_of(services: Services, asked: Asked) -> bytes | None:
    """The PNG that it was drawn on: registered still, or kept because it was replaced."""
    row = await _background_of(asked)
    return None if row is None else await services.storage.get(row.picture)


async def picture_file_of(services: Services, asked: Asked) -> bytes | None:
    """The published file, while it is kept; with its background it is gone at once (M2)."""
    if await _background_of(asked) is None:
        return None
    return await services.storage.get(f"masked/{asked.camera.public_id}/{asked.name}.jpg")


async def _background_of(asked: Asked) -> Background | KeptBackground | None:
    which = {"id": asked.row.background_id, "camera_id": asked.row.camera_id}
    return await Background.get_or_none(**which) or await KeptBackground.get_or_none(**which)


async def _signature(asked: Asked, now: datetime) -> Result:
    assert asked.manifest is not None, "there is one to be signed"
    public = await public_key(asked.camera, asked.manifest.key, now)
    if public is None:
        return Result(Outcome.FAILED, Why.OTHER_KEY)
    signed = is_signed(asked.manifest, bytes(asked.row.signature), public)
    return PASSED if signed else Result(Outcome.FAILED)
