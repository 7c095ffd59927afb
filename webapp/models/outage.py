"""Times in which a camera gave nothing that can be trusted, and who was told of them (M7)."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.organisation import Organisation


class Outage(Model):
    """One camera that went bad, from the bad minute that was verified to the first good one.

    ``reason`` is the word of ``Latest.detail`` when it was noted. ``told_at`` and
    ``end_told_at`` say when the mails of its beginning and of its end were written; one that was
    over before anybody was told has both, and no mail.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="outages", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="outages", on_delete=fields.CASCADE
    )
    camera_id: int
    reason = fields.CharField(max_length=500, default="")
    began_at = fields.DatetimeField()
    noted_at = fields.DatetimeField()
    told_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    end_told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "outage"
        unique_together = (("camera", "began_at"),)
        indexes = (("end_told_at", "ended_at"),)
