"""The registered empty picture of a camera."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.organisation import Organisation


class Background(Model):
    """One registered background. The newest one of a camera and part is in force.

    ``part`` is one of ``webapp.domain.daylight.Part``. ``picture`` is a storage key of a
    PNG re-encoded from pixels; ``blur`` is the ぼかし度 0..10 it was made with.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="backgrounds", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="backgrounds", on_delete=fields.CASCADE
    )
    camera_id: int
    part = fields.CharField(max_length=8, default="all")
    picture = fields.CharField(max_length=200)
    sha256 = fields.CharField(max_length=64)
    width = fields.IntField()
    height = fields.IntField()
    blur = fields.SmallIntField(default=0)
    registered_at = fields.DatetimeField()

    class Meta:
        table = "background"
        indexes = (("camera_id", "part", "registered_at"),)
