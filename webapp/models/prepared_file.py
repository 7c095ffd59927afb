"""Files that are made in the background, offered for a while, and then removed."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.fields import public_id
from webapp.models.group import CameraGroup
from webapp.models.member import Member
from webapp.models.organisation import Organisation


class FileKind(StrEnum):
    """What is in it."""

    CSV = "csv"  # a month of every camera, as a ZIP
    REPORT = "report"  # the monthly report, as a PDF


class FileState(StrEnum):
    """How far it is. Only one that is ready has a ``key``: no half file is ever offered."""

    WAITING = "waiting"
    WORKING = "working"
    READY = "ready"
    FAILED = "failed"


class PreparedFile(Model):
    """One file: what it is about, how far it is, and where it lies until ``expires_at``.

    ``camera`` or ``group`` say whom it is about; with neither it is the whole organisation.
    Whoever makes it holds ``claim`` until ``lease_until``; when that passes, another begins anew.
    One that waits is begun then at the earliest.
    ``done`` of ``total`` cameras are in it. ``member`` asked for it, and gets a mail when it is
    ready if ``wants_mail``; nobody asked for those that are made by themselves.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="prepared_files", on_delete=fields.CASCADE
    )
    organisation_id: int
    member: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name="prepared_files", null=True, on_delete=fields.SET_NULL
    )
    member_id: int | None
    camera: fields.ForeignKeyNullableRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="prepared_files", null=True, on_delete=fields.CASCADE
    )
    camera_id: int | None
    group: fields.ForeignKeyNullableRelation[CameraGroup] = fields.ForeignKeyField(
        "core.CameraGroup", related_name="prepared_files", null=True, on_delete=fields.CASCADE
    )
    group_id: int | None
    kind = fields.CharEnumField(FileKind, description="a word", max_length=8)
    month = fields.CharField(max_length=7)  # 2026-10, by the organisation's calendar
    language = fields.CharField(max_length=8, default="ja")
    wants_mail = fields.BooleanField(default=False, db_default=False)
    state = fields.CharEnumField(
        FileState, description="a word", max_length=8, default=FileState.WAITING
    )
    done = fields.IntField(default=0, db_default=0)
    total = fields.IntField(default=0, db_default=0)
    attempts = fields.SmallIntField(default=0, db_default=0)
    claim = fields.CharField(max_length=32, default="", db_default="")
    lease_until = fields.DatetimeField(null=True)
    key = fields.CharField(max_length=200, default="", db_default="")
    size = fields.BigIntField(default=0, db_default=0)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "prepared_file"
        indexes = (("organisation_id", "kind", "created_at"), ("state", "created_at"))


class ReportWish(Model):
    """A member who wants the monthly report by mail."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="report_wishes", on_delete=fields.CASCADE
    )
    organisation_id: int
    member: fields.OneToOneRelation[Member] = fields.OneToOneField(
        "core.Member", related_name="report_wish", on_delete=fields.CASCADE
    )
    member_id: int

    class Meta:
        table = "report_wish"
        indexes = (("organisation_id",),)
