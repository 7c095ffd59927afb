"""Codes and tokens. Each is kept as a hash, and a whole family is revoked at once."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.identity.models.account import Account
from webapp.identity.models.client import Client


class TokenFamily(Model):
    """Everything that came of one authorisation: its code, and every token since."""

    id = fields.BigIntField(primary_key=True)
    client: fields.ForeignKeyRelation[Client] = fields.ForeignKeyField(
        "identity.Client", related_name="families", on_delete=fields.CASCADE
    )
    client_id: int
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="families", on_delete=fields.CASCADE
    )
    account_id: int
    sid = fields.CharField(max_length=32, db_index=True)  # of the sign-in it came from
    scope = fields.CharField(max_length=200)
    auth_time = fields.DatetimeField()
    created_at = fields.DatetimeField(auto_now_add=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_token_family"


class AuthorizationCode(Model):
    """A code, redeemed once within a minute."""

    id = fields.BigIntField(primary_key=True)
    family: fields.ForeignKeyRelation[TokenFamily] = fields.ForeignKeyField(
        "identity.TokenFamily", related_name="codes", on_delete=fields.CASCADE
    )
    family_id: int
    code_hash = fields.CharField(max_length=64, unique=True)
    redirect_uri = fields.CharField(max_length=500)
    code_challenge = fields.CharField(max_length=128)
    nonce = fields.CharField(max_length=255, default="")
    expires_at = fields.DatetimeField(db_index=True)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_code"


class RefreshToken(Model):
    """A refresh token, good once: the next one comes with the answer."""

    id = fields.BigIntField(primary_key=True)
    family: fields.ForeignKeyRelation[TokenFamily] = fields.ForeignKeyField(
        "identity.TokenFamily", related_name="refresh_tokens", on_delete=fields.CASCADE
    )
    family_id: int
    token_hash = fields.CharField(max_length=64, unique=True)
    expires_at = fields.DatetimeField(db_index=True)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_refresh_token"


class AccessToken(Model):
    """An access token, looked up at each use, so that revoking is at once."""

    id = fields.BigIntField(primary_key=True)
    family: fields.ForeignKeyRelation[TokenFamily] = fields.ForeignKeyField(
        "identity.TokenFamily", related_name="access_tokens", on_delete=fields.CASCADE
    )
    family_id: int
    token_hash = fields.CharField(max_length=64, unique=True)
    scope = fields.CharField(max_length=200)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "identity_access_token"
