"""Sign-ins at the provider, and what happened to an account."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from webapp.identity.models.account import Account


class Session(Model):
    """A sign-in. The cookie holds a random token, this row its hash. Clients see ``sid``."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="sessions", on_delete=fields.CASCADE
    )
    account_id: int
    token_hash = fields.CharField(max_length=64, unique=True)
    csrf_token = fields.CharField(max_length=64)
    sid = fields.CharField(max_length=32, unique=True)
    signed_in_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    address = fields.CharField(max_length=45, default="")
    browser = fields.CharField(max_length=200, default="")

    class Meta:
        table = "identity_session"


class Event(Model):
    """Something that happened to an account: a sign-in, a new password. Never changed."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="events", on_delete=fields.CASCADE
    )
    account_id: int
    kind = fields.CharField(max_length=32)
    at = fields.DatetimeField()
    address = fields.CharField(max_length=45, default="")
    browser = fields.CharField(max_length=200, default="")
    details: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)

    class Meta:
        table = "identity_event"
        indexes = (("account_id", "at"),)
