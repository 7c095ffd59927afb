"""A group of cameras, who belongs to it, and what was counted of it (S7)."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.fields import public_id
from webapp.models.organisation import Organisation


class CameraGroup(Model):
    """Cameras that are counted together: グループ.

    ``default_camera`` gives the group its picture and its hours. It is one of the members, and
    None only while the group has none. When it went together with its camera, ``lost_default``
    is that camera's name until an admin has read so. ``version`` grows with every change of the
    settings: whoever saves says which one they saw. ``site_settings`` are what a site that is
    switched off would have, its ``name`` and ``options`` (``webapp.models.Site``); empty before
    anybody chose any.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="camera_groups", on_delete=fields.CASCADE
    )
    organisation_id: int
    name = fields.CharField(max_length=100)
    default_camera: fields.ForeignKeyNullableRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="default_of", null=True, on_delete=fields.SET_NULL
    )
    default_camera_id: int | None
    lost_default = fields.CharField(max_length=100, default="", db_default="")
    lost_default_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=0, db_default=0)
    site_settings: fields.Field[dict[str, Any]] = fields.JSONField(default=dict, db_default={})
    created_at = fields.DatetimeField(auto_now_add=True)

    members: fields.ReverseRelation[CameraGroupMember]

    class Meta:
        table = "camera_group"
        indexes = (("organisation_id", "id"),)


class CameraGroupMember(Model):
    """One camera of one group. ``position`` orders them: the one that follows inherits."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="camera_group_members", on_delete=fields.CASCADE
    )
    organisation_id: int
    group: fields.ForeignKeyRelation[CameraGroup] = fields.ForeignKeyField(
        "core.CameraGroup", related_name="members", on_delete=fields.CASCADE
    )
    group_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="memberships", on_delete=fields.CASCADE
    )
    camera_id: int
    position = fields.IntField(default=0, db_default=0)

    class Meta:
        table = "camera_group_member"
        unique_together = (("group", "camera"),)
        indexes = (("camera_id",), ("organisation_id",))


class GroupLatest(Model):
    """The newest sample of one group, as ``GroupObservation`` has it. ``minute`` None: none yet."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="group_latest", on_delete=fields.CASCADE
    )
    organisation_id: int
    group: fields.OneToOneRelation[CameraGroup] = fields.OneToOneField(
        "core.CameraGroup", related_name="latest", on_delete=fields.CASCADE
    )
    group_id: int
    minute = fields.DatetimeField(null=True)
    count = fields.IntField(null=True)
    known = fields.SmallIntField(default=0, db_default=0)
    members = fields.SmallIntField(default=0, db_default=0)

    class Meta:
        table = "group_latest"


class GroupObservation(Model):
    """One group in one minute. No row: it was closed, or had no camera.

    ``count`` is the sum over the ``known`` of the ``members`` cameras that were open; with fewer
    known than open it is "at least", and None, never 0, when none is known. Where a late answer
    made it fuller, ``first_count`` and ``first_known`` are what was written first, which is what
    the alert was given; ``first_known`` is None where nothing came late.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="group_observations", on_delete=fields.CASCADE
    )
    organisation_id: int
    group: fields.ForeignKeyRelation[CameraGroup] = fields.ForeignKeyField(
        "core.CameraGroup", related_name="observations", on_delete=fields.CASCADE
    )
    group_id: int
    minute = fields.DatetimeField()
    count = fields.IntField(null=True)
    known = fields.SmallIntField(default=0, db_default=0)
    members = fields.SmallIntField(default=0, db_default=0)
    first_count = fields.IntField(null=True)
    first_known = fields.SmallIntField(null=True)

    class Meta:
        table = "group_observation"
        unique_together = (("group", "minute"),)
        indexes = (("minute",),)
