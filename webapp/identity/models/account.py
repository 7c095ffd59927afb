"""Organisations and the accounts of their people."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.identity.public_id import public_id


class Role(StrEnum):
    """管理ユーザ, 一般ユーザ, and 事業者 (of an organisation of operators only)."""

    ADMIN = "admin"
    GENERAL = "general"
    OPERATOR = "operator"


class SecondFactor(StrEnum):
    """二段階認証: always (有効), only where a login is unusual (リスクベース), or never (無効)."""

    ALWAYS = "always"
    RISK = "risk"
    OFF = "off"


class SecondFactorMethod(StrEnum):
    """二段階認証方法: a code by mail, a code of an authenticator, or a passkey."""

    MAIL = "mail"
    TOTP = "totp"
    PASSKEY = "passkey"


class Organisation(Model):
    """A tenant, known to the app by the same public id."""

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    name = fields.CharField(max_length=100)
    is_operator = fields.BooleanField(default=False)
    suspended_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "identity_organisation"


class Account(Model):
    """A person who can sign in. ``public_id`` is the subject that clients see.

    ``mail`` is kept in small letters. ``password_hash`` is empty until the person set one.
    ``totp_sealed`` is the authenticator's secret, and ``totp_step`` the last of its time steps
    that was used, so that a code is good once.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "identity.Organisation", related_name="accounts", on_delete=fields.CASCADE
    )
    organisation_id: int
    name = fields.CharField(max_length=100)
    mail = fields.CharField(max_length=254, unique=True)
    role = fields.CharEnumField(Role, description="a word", max_length=16, default=Role.GENERAL)
    language = fields.CharField(max_length=8, default="ja")
    kana = fields.CharField(max_length=100, default="", db_default="")
    company = fields.CharField(max_length=100, default="", db_default="")
    department = fields.CharField(max_length=100, default="", db_default="")
    phone = fields.CharField(max_length=30, default="", db_default="")
    time_zone = fields.CharField(max_length=64, default="Asia/Tokyo", db_default="Asia/Tokyo")
    second_factor = fields.CharEnumField(
        SecondFactor,
        description="a word",
        max_length=8,
        default=SecondFactor.RISK,
        db_default=SecondFactor.RISK,
    )
    second_factor_method = fields.CharEnumField(
        SecondFactorMethod,
        description="a word",
        max_length=8,
        default=SecondFactorMethod.MAIL,
        db_default=SecondFactorMethod.MAIL,
    )
    login_notice = fields.BooleanField(default=True, db_default=True)
    totp_sealed = fields.TextField(default="", db_default="")
    totp_step = fields.BigIntField(default=0, db_default=0)
    password_hash = fields.CharField(max_length=255, default="")
    password_changed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "identity_account"
