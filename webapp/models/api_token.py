"""Tokens with which programs of an organisation read its states, counts and forecasts (B7)."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.fields import public_id
from webapp.models.organisation import Organisation


class ApiToken(Model):
    """One token. Only its hash is kept, and deleting the row revokes it.

    ``scopes`` are words of ``webapp.domain.api_tokens.Scope``; ``hint`` are its last letters.
    ``expires_at`` None: it has no end. ``last_used_at`` is written once a minute at most.
    ``made_by`` is a name that is copied.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="api_tokens", on_delete=fields.CASCADE
    )
    organisation_id: int
    name = fields.CharField(max_length=60)
    token_hash = fields.CharField(max_length=64, unique=True)
    hint = fields.CharField(max_length=8)
    scopes: fields.Field[list[str]] = fields.JSONField(default=list)
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    made_by = fields.CharField(max_length=100, default="")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "api_token"
        unique_together = (("organisation", "name"),)
