"""Members of an organisation, their sessions, and the operator's one-time links."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.models.fields import public_id
from webapp.models.organisation import Organisation


class Role(StrEnum):
    """管理ユーザ may change; 一般ユーザ may look and download; 事業者 sees operator pages alone."""

    ADMIN = "admin"
    GENERAL = "general"
    OPERATOR = "operator"


class Member(Model):
    """A person of one organisation.

    ``issuer`` and ``subject`` say who this is at the identity provider. They are empty until
    the first sign-in there.
    """

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
    issuer = fields.CharField(max_length=255, null=True)
    subject = fields.CharField(max_length=255, null=True)
    # The month (2026-03) in which the notice of few calls was put away.
    few_calls_hidden = fields.CharField(max_length=7, default="", db_default="")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "member"
        unique_together = (("organisation", "mail"), ("issuer", "subject"))


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
    """A sign-in. The cookie holds a random token, this row its hash: logging out ends it.

    ``sid`` is the provider's session. ``sealed_tokens`` is what the provider gave, encrypted;
    it is empty after a one-time link. ``checked_at`` is when the provider last said that the
    sign-in still holds, and ``checking_until`` keeps two requests from asking it at once.
    """

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
    sid = fields.CharField(max_length=255, default="", db_default="", db_index=True)
    sealed_tokens = fields.TextField(default="", db_default="")
    checked_at = fields.DatetimeField(null=True)
    checking_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "session"
