"""What is known of a camera's usual days, and which forecast of it is published."""

from __future__ import annotations

from datetime import date

from tortoise import fields
from tortoise.models import Model

from webapp.domain.forecast.scores import Method
from webapp.models.camera import Camera
from webapp.models.organisation import Organisation


class CameraForecast(Model):
    """The forecast of one camera (F1, B5), as ``jobs/forecast.py`` made it last.

    The dates from ``since`` to ``through``, by the clock of ``time_zone``, are in it; both are
    None when it is yet to be made. ``dates`` of them were analysed. ``means`` are the plain means
    of each weekday and slot (7 x 96 numbers of four bytes, NaN where nothing is known),
    ``knowledge`` everything that is kept (``webapp.domain.forecast.knowledge.Knowledge.pack``).
    ``scored_days``, ``plain_miss`` and ``calendar_miss`` say how both forecasts did lately, in
    people, and ``published`` which one is shown.
    Whoever works on it holds ``claim`` until ``lease_until``; the row can always be made anew from
    the quarter hours.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="camera_forecasts", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.OneToOneRelation[Camera] = fields.OneToOneField(
        "core.Camera", related_name="forecast", on_delete=fields.CASCADE
    )
    camera_id: int
    time_zone = fields.CharField(max_length=64, default="", db_default="")
    since: date | None = fields.DateField(null=True)
    through: date | None = fields.DateField(null=True)
    dates = fields.IntField(default=0, db_default=0)
    published = fields.CharEnumField(
        Method, description="a word", max_length=16, default=Method.PLAIN
    )
    scored_days = fields.FloatField(default=0.0, db_default=0.0)
    plain_miss = fields.FloatField(default=0.0, db_default=0.0)
    calendar_miss = fields.FloatField(default=0.0, db_default=0.0)
    means = fields.BinaryField(default=b"")
    knowledge = fields.BinaryField(default=b"")
    made_at = fields.DatetimeField(null=True)
    claim = fields.CharField(max_length=32, default="", db_default="")
    lease_until = fields.DatetimeField(null=True)

    class Meta:
        table = "camera_forecast"
        indexes = (("organisation_id", "through"),)
