"""Members of an organisation, their sessions, and the operator's one-time links."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.models.fields import public_id
from webapp.models.organisation import Organisation


class Role(StrEnum):
    """管理ユーザ may change; 一般ユーザ may look and download."""

    ADMIN = "admin"
    GENERAL = "general"


class Member(Model):
    """A person of one organisation."""

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="members", on_delete=fields.CASCADE
    )
    organisation_id: int
    name = fields.CharField(max_length=100)
    mail = fields.CharField(max_length=254)
    role = fields.CharEnumField(Role, description="a word", max_length=16, default=Role.GENERAL)
    language = fields.CharField(max_length=8, default="")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "member"
        unique_together = (("organisation", "mail"),)


class LoginLink(Model):
    """A one-time link that signs a member in. Only its hash is kept."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="login_links", on_delete=fields.CASCADE
    )
    organisation_id: int
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name="login_links", on_delete=fields.CASCADE
    )
    member_id: int
    token_hash = fields.CharField(max_length=64, unique=True)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "login_link"


class Session(Model):
    """A sign-in. The cookie holds a random token, this row its hash: logging out ends it."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="sessions", on_delete=fields.CASCADE
    )
    organisation_id: int
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name="sessions", on_delete=fields.CASCADE
    )
    member_id: int
    token_hash = fields.CharField(max_length=64, unique=True)
    csrf_token = fields.CharField(max_length=64)
    created_at = fields.DatetimeField(auto_now_add=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "session"
