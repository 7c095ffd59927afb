"""What becomes of groups when one of their cameras goes: the next one inherits (S7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp import outbox
from webapp.domain.groups import heir_of
from webapp.groups.holding import hold_groups
from webapp.mail.letters import Letter
from webapp.models import Camera, CameraGroup, CameraGroupMember, Member, Organisation, Role
from webapp.services import Services

EVENT = "default_camera_gone"


@dataclass(frozen=True, slots=True)
class Succession:
    """One group whose default camera goes, and the name of the one that follows; may be empty."""

    group: CameraGroup
    heir: str


async def camera_goes(
    services: Services, camera: Camera, at: datetime, db: BaseDBAsyncClient
) -> None:
    """Call it in the transaction that deletes a camera, before it does.

    1. Hold the organisation's groups, and the camera's own rows of them in one order.
    2. Where it is the default camera, the next one becomes it, and a notice waits for admins.
    3. One mail to each admin tells of all these groups.
    """
    await hold_groups(camera.organisation_id, db)
    groups = await _groups_of(camera, db)
    inherited = []
    for group in groups:
        group.version += 1
        if group.default_camera_id == camera.id:
            inherited.append(await _hand_over(group, camera, at, db))
        await group.save(
            using_db=db,
            update_fields=["version", "default_camera_id", "lost_default", "lost_default_at"],
        )
    if inherited:
        await _tell_admins(services, camera, inherited, at, db)


async def _groups_of(camera: Camera, db: BaseDBAsyncClient) -> list[CameraGroup]:
    ids = await (
        CameraGroupMember.filter(camera_id=camera.id)
        .using_db(db)
        .values_list("group_id", flat=True)
    )
    query = CameraGroup.filter(id__in=list(ids)).using_db(db).order_by("id")
    if query.capabilities.support_for_update:
        query = query.select_for_update()
    return await query


async def _hand_over(
    group: CameraGroup, camera: Camera, at: datetime, db: BaseDBAsyncClient
) -> Succession:
    rows = (
        await CameraGroupMember.filter(group_id=group.id)
        .using_db(db)
        .order_by("position", "id")
        .select_related("camera")
    )
    names = {row.camera_id: row.camera.name for row in rows}
    heir = heir_of(camera.id, list(names), {camera.id})
    group.default_camera_id = heir
    group.lost_default, group.lost_default_at = camera.name, at
    return Succession(group, names[heir] if heir is not None else "")


async def _tell_admins(
    services: Services,
    camera: Camera,
    inherited: Sequence[Succession],
    at: datetime,
    db: BaseDBAsyncClient,
) -> None:
    organisation = await Organisation.get(id=camera.organisation_id, using_db=db)
    admins = await Member.filter(organisation_id=organisation.id, role=Role.ADMIN).using_db(db)
    for admin in admins:
        letter = Letter(
            EVENT,
            admin.mail,
            admin.language or organisation.language,
            {
                "name": admin.name,
                "camera": camera.name,
                "at": at.isoformat(),
                "groups": [{"name": one.group.name, "heir": one.heir} for one in inherited],
                "url": f"{services.settings.origin}/groups",
            },
            time_zone=organisation.time_zone,
        )
        key = f"default-gone:{camera.public_id}:{admin.public_id}"
        await outbox.write_letter(organisation.id, letter, services.sealer, key, at, db)
