"""Making, changing and removing groups: plain steps inside a transaction of their caller's."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.domain.groups import MOST_CAMERAS, MOST_GROUPS, chosen_in_order, heir_of
from webapp.errors import UserError
from webapp.groups.holding import hold_groups
from webapp.i18n import N_
from webapp.models import (
    Camera,
    CameraGroup,
    CameraGroupMember,
    GroupLatest,
    Organisation,
)

TOO_MANY_GROUPS = N_(
    "グループは%(most)s個まで作成できます。使わないグループを削除してから追加してください。"
)
TOO_MANY_CAMERAS = N_(
    "1つのグループに含められるカメラは%(most)s台までです（選択中: %(chosen)s台）。"
)
NO_CAMERA = N_("カメラを1台以上選択してください。")
NO_DEFAULT = N_("デフォルト画像にするカメラを選択してください。")


def check_number(chosen: int) -> None:
    """Raise ``UserError`` when a group cannot have so many cameras."""
    if chosen > MOST_CAMERAS:
        raise UserError(TOO_MANY_CAMERAS, field="camera", most=MOST_CAMERAS, chosen=chosen)
    if not chosen:
        raise UserError(NO_CAMERA, field="camera")


async def create(organisation: Organisation, name: str, chosen: Sequence[str]) -> CameraGroup:
    """Make a group of the chosen cameras (public ids); the first is its default camera.

    The organisation's groups are held meanwhile: of two who would each make the last group that is
    allowed, the second gets ``UserError``.
    """
    await hold_groups(organisation.id)
    if await CameraGroup.filter(organisation_id=organisation.id).count() >= MOST_GROUPS:
        raise UserError(TOO_MANY_GROUPS, field="name", most=MOST_GROUPS)
    cameras = await _cameras(organisation.id, chosen)
    check_number(len(cameras))
    group = await CameraGroup.create(
        organisation_id=organisation.id, name=name, default_camera_id=cameras[0].id
    )
    await GroupLatest.create(organisation_id=organisation.id, group=group)
    await _write_members(group, [camera.id for camera in cameras])
    return group


async def change_members(
    group: CameraGroup, chosen: Sequence[str], default: str | None = None
) -> list[Camera]:
    """Let a group, whose row is held, have the chosen cameras (public ids), and give them.

    Those that stay keep their places. Without ``default`` (a public id) the default camera
    stays, or the next one takes its place when it goes. Raises ``UserError`` for the field.
    """
    cameras = await _cameras(group.organisation_id, chosen)
    check_number(len(cameras))
    by_id = {camera.id: camera for camera in cameras}
    members = await _members(group)
    if default is None:
        heir = heir_of(group.default_camera_id, members, set(members) - set(by_id))
        group.default_camera_id = heir if heir is not None else cameras[0].id
    else:
        picked = next((camera for camera in cameras if camera.public_id == default), None)
        if picked is None:
            raise UserError(NO_DEFAULT, field="default")
        group.default_camera_id = picked.id
    order = chosen_in_order(members, by_id)
    if order != members:
        await CameraGroupMember.filter(group_id=group.id).delete()
        await _write_members(group, order)
    return [by_id[camera] for camera in order]


async def _cameras(organisation_id: int, chosen: Sequence[str]) -> list[Camera]:
    """The organisation's cameras among these, in the order given, held until it is over."""
    query = Camera.filter(organisation_id=organisation_id, public_id__in=list(chosen[:1000]))
    if query.capabilities.support_for_update:
        query = query.select_for_update()
    found = {camera.public_id: camera for camera in await query.order_by("id")}
    return [found[one] for one in dict.fromkeys(chosen) if one in found]


async def _members(group: CameraGroup) -> list[int]:
    rows = await CameraGroupMember.filter(group_id=group.id).order_by("position", "id")
    return [row.camera_id for row in rows]


async def _write_members(group: CameraGroup, cameras: Sequence[int]) -> None:
    await CameraGroupMember.bulk_create(
        [
            CameraGroupMember(
                organisation_id=group.organisation_id,
                group_id=group.id,
                camera_id=camera,
                position=position,
            )
            for position, camera in enumerate(cameras)
        ]
    )
