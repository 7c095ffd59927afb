"""Who did what, when and from where. Rows are added and never changed: triggers refuse it."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from webapp.models.organisation import Organisation


class AuditEntry(Model):
    """One deed. Names are copied: they must still say who it was when the member is gone."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="audit_entries", on_delete=fields.RESTRICT
    )
    organisation_id: int
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=16, default="")  # a member's public id, "" for a command
    actor_name = fields.CharField(max_length=100, default="")
    action = fields.CharField(max_length=40)
    target = fields.CharField(max_length=40, default="")  # a public id
    target_name = fields.CharField(max_length=100, default="")
    details: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    address = fields.CharField(max_length=45, default="")

    class Meta:
        table = "audit_entry"
        indexes = (("organisation_id", "at"),)
