"""A background that a camera makes by itself (M4, B2): that it may, and what it has so far."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.organisation import Organisation


class BackgroundBuild(Model):
    """That an admin lets a camera collect, from ``started_at`` to ``ends_at`` at the latest.

    Without this row nothing of a picture is kept for a background.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="background_builds", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.OneToOneRelation[Camera] = fields.OneToOneField(
        "core.Camera", related_name="background_build", on_delete=fields.CASCADE
    )
    camera_id: int
    started_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()

    class Meta:
        table = "background_build"


class BackgroundBuildPart(Model):
    """What was collected for one part (``webapp.domain.daylight.Part``) of a camera's day.

    ``file`` is the key of the sealed samples (``webapp.domain.background_build``), empty before
    the first capture; whoever puts another in its place does so only where it still names the one
    that was read. ``captures`` and ``misfits`` are counts, ``coverage`` thousandths of the pixels,
    ``minute`` the last minute that was looked at, ``afresh`` why it was begun again, if it was.
    ``stamp`` names what the pictures come from; those of another make what is here useless.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="background_build_parts", on_delete=fields.CASCADE
    )
    organisation_id: int
    build: fields.ForeignKeyRelation[BackgroundBuild] = fields.ForeignKeyField(
        "core.BackgroundBuild", related_name="parts", on_delete=fields.CASCADE
    )
    build_id: int
    part = fields.CharField(max_length=8)
    file = fields.CharField(max_length=200, default="")
    stamp = fields.CharField(max_length=64, default="")
    captures = fields.IntField(default=0)
    misfits = fields.IntField(default=0)
    coverage = fields.SmallIntField(default=0)
    afresh = fields.CharField(max_length=8, default="")
    minute = fields.DatetimeField(null=True)

    class Meta:
        table = "background_build_part"
        unique_together = (("build", "part"),)
