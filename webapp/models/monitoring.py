"""Monitoring (M6): who is looking at a camera's own picture, and the one frame kept for them."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.member import Member
from webapp.models.organisation import Organisation


class MonitoringView(Model):
    """A member's look at a camera, from ▶ on. Only while there is one may a frame be kept.

    ``seen_at`` is when the member's page last asked for news, ``ends_at`` when it ends in any
    case.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="monitoring_views", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="monitoring_views", on_delete=fields.CASCADE
    )
    camera_id: int
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name="monitoring_views", on_delete=fields.CASCADE
    )
    member_id: int
    started_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()

    class Meta:
        table = "monitoring_view"
        unique_together = (("camera", "member"),)


class MonitoringFrame(Model):
    """The latest frame of a camera that somebody looks at. ``picture`` is the key of a sealed one.

    ``captured_at`` is when it was taken, ``width`` and ``height`` its size in pixels.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="monitoring_frames", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.OneToOneRelation[Camera] = fields.OneToOneField(
        "core.Camera", related_name="monitoring_frame", on_delete=fields.CASCADE
    )
    camera_id: int
    picture = fields.CharField(max_length=200)
    captured_at = fields.DatetimeField()
    width = fields.IntField()
    height = fields.IntField()

    class Meta:
        table = "monitoring_frame"
