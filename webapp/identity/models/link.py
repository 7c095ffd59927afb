"""Links that come by mail."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.identity.models.account import Account


class LinkPurpose(StrEnum):
    """What a link is for."""

    RESET = "reset"
    FIRST_PASSWORD = "first_password"  # noqa: S105 - no password


class OneTimeLink(Model):
    """A link that is good once. Only its hash is kept."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="links", on_delete=fields.CASCADE
    )
    account_id: int
    purpose = fields.CharEnumField(LinkPurpose, description="a word", max_length=16)
    token_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    expires_at = fields.DatetimeField(db_index=True)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_one_time_link"
