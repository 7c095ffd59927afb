"""The ledger of work that is due, and the outbox of what must leave the house."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.organisation import Organisation
from webapp.outbox_row import OutboxRow


class SlotState(StrEnum):
    """Where a slot stands: due, claimed under a lease, done, or past without an answer."""

    DUE = "due"
    CLAIMED = "claimed"
    DONE = "done"
    MISSED = "missed"


class Slot(Model):
    """One camera's turn in one minute. The database decides who works on it."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="slots", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="slots", on_delete=fields.CASCADE
    )
    camera_id: int
    minute = fields.DatetimeField()
    due_at = fields.DatetimeField()
    state = fields.CharEnumField(
        SlotState, description="a word", max_length=8, default=SlotState.DUE
    )
    attempts = fields.SmallIntField(default=0)
    claim = fields.CharField(max_length=32, default="")
    lease_until = fields.DatetimeField(null=True)

    class Meta:
        table = "slot"
        unique_together = (("camera", "minute"),)
        indexes = (("state", "due_at"), ("minute",))


class Outbox(OutboxRow):
    """What an organisation's doings leave to be done outside the database."""

    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="outbox", on_delete=fields.CASCADE
    )
    organisation_id: int
    # Rows of one lane are carried out one after another, in the order in which they were written.
    lane = fields.CharField(max_length=64, default="", db_default="")

    class Meta:
        table = "outbox"
        indexes = (("done_at", "due_at"), ("lane", "id"))


class Heartbeat(Model):
    """An instant by name: signs of life of workers, turns taken, how far the schedule got.

    It belongs to the installation, and is the one table without an organisation.
    """

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=120, unique=True)
    at = fields.DatetimeField()

    class Meta:
        table = "heartbeat"
