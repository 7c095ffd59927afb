"""The ledger of work that is due, and the outbox of what must leave the house."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.organisation import Organisation


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


class Outbox(Model):
    """Something to do outside the database, written in the transaction that decided it.

    ``kind`` names the channel (``jobs/deliver.py``); ``payload`` is all it needs.
    ``dedupe_key`` makes writing it twice harmless.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="outbox", on_delete=fields.CASCADE
    )
    organisation_id: int
    kind = fields.CharField(max_length=32)
    payload: fields.Field[dict[str, Any]] = fields.JSONField()
    dedupe_key = fields.CharField(max_length=120, unique=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    due_at = fields.DatetimeField()
    attempts = fields.SmallIntField(default=0)
    claim = fields.CharField(max_length=32, default="")
    lease_until = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    given_up_at = fields.DatetimeField(null=True)
    error = fields.CharField(max_length=500, default="")

    class Meta:
        table = "outbox"
        indexes = (("done_at", "due_at"),)


class Heartbeat(Model):
    """An instant by name: signs of life of workers, turns taken, how far the schedule got.

    It belongs to the installation, and is the one table without an organisation.
    """

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=120, unique=True)
    at = fields.DatetimeField()

    class Meta:
        table = "heartbeat"
