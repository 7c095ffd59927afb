"""The columns of an outbox: the app and the identity provider each keep one."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class OutboxRow(Model):
    """Something to do outside the database, written in the transaction that decided it.

    ``kind`` names the channel (``jobs/deliver.py``); ``payload`` is all it needs.
    ``dedupe_key`` makes writing it twice harmless.
    """

    id = fields.BigIntField(primary_key=True)
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
        abstract = True
