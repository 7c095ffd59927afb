"""What was seen, minute by minute: the counts that are kept for twelve months."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.domain.health import CameraState
from webapp.models.camera import Camera
from webapp.models.organisation import Organisation


class Observation(Model):
    """One camera in one minute. No row: nothing was due. ``count`` None: not known, never 0.

    On PostgreSQL the table is partitioned by month of ``minute`` (UTC).
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="observations", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="observations", on_delete=fields.CASCADE
    )
    camera_id: int
    minute = fields.DatetimeField()
    state = fields.CharEnumField(CameraState, description="a word", max_length=24)
    count = fields.IntField(null=True)
    engine = fields.CharField(max_length=32, default="")
    captured_at = fields.DatetimeField(null=True)

    class Meta:
        table = "observation"
        unique_together = (("camera", "minute"),)
