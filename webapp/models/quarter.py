"""The quarter hours that the counts of the minutes are rolled up into."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.group import CameraGroup
from webapp.models.organisation import Organisation


class CameraQuarter(Model):
    """What one camera counted from ``quarter`` (:00, :15, :30, :45) on, for 15 minutes.

    ``n`` minutes were analysed, at least one: a quarter hour without analysis has no row.
    ``total`` is the sum of their counts, ``low`` and ``high`` the least and the most.
    ``at_quarter`` is the count of the picture due at ``quarter`` itself, None when that one is
    not known.
    The row can always be made anew from the observations (``webapp.history.rollup``).
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="camera_quarters", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="quarters", on_delete=fields.CASCADE
    )
    camera_id: int
    quarter = fields.DatetimeField()
    total = fields.IntField()
    n = fields.IntField()
    low = fields.IntField()
    high = fields.IntField()
    at_quarter = fields.IntField(null=True)

    class Meta:
        table = "camera_quarter"
        unique_together = (("camera", "quarter"),)
        indexes = (("quarter",),)


class GroupQuarter(Model):
    """What one group counted: the same of its minute sums, those in which no camera was missing.

    A group's most is not the sum of its cameras' most: they were seldom reached together.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="group_quarters", on_delete=fields.CASCADE
    )
    organisation_id: int
    group: fields.ForeignKeyRelation[CameraGroup] = fields.ForeignKeyField(
        "core.CameraGroup", related_name="quarters", on_delete=fields.CASCADE
    )
    group_id: int
    quarter = fields.DatetimeField()
    total = fields.IntField()
    n = fields.IntField()
    low = fields.IntField()
    high = fields.IntField()
    at_quarter = fields.IntField(null=True)

    class Meta:
        table = "group_quarter"
        unique_together = (("group", "quarter"),)
        indexes = (("quarter",),)
