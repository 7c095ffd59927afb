"""Counting tries, so that guessing does not pay."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Guard(Model):
    """Tries under one key within a window, and how long nothing is tried any more.

    ``key`` is the hash of what is guarded (a mail address, an address of the network), so
    that one that does not exist is guarded like one that does.
    """

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=80, unique=True)
    tries = fields.IntField(default=0)
    window_until = fields.DatetimeField(db_index=True)
    locked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_guard"
