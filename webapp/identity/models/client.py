"""The applications that sign people in here, and what people allowed them."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.identity.models.account import Account


class Client(Model):
    """An application. A public one has no secret, every one must use PKCE.

    ``redirect_uris`` and ``post_logout_redirect_uris`` are compared letter by letter.
    """

    id = fields.BigIntField(primary_key=True)
    client_id = fields.CharField(max_length=48, unique=True)
    name = fields.CharField(max_length=100)
    secret_hash = fields.CharField(max_length=64, default="")
    redirect_uris: fields.Field[list[str]] = fields.JSONField(default=list)
    post_logout_redirect_uris: fields.Field[list[str]] = fields.JSONField(default=list)
    backchannel_logout_uri = fields.CharField(max_length=500, default="")
    scope = fields.CharField(max_length=200, default="openid profile email nigiwai")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "identity_client"


class Consent(Model):
    """許可: what an account lets an application read."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="consents", on_delete=fields.CASCADE
    )
    account_id: int
    client: fields.ForeignKeyRelation[Client] = fields.ForeignKeyField(
        "identity.Client", related_name="consents", on_delete=fields.CASCADE
    )
    client_id: int
    scope = fields.CharField(max_length=200)
    given_at = fields.DatetimeField()

    class Meta:
        table = "identity_consent"
        unique_together = (("account", "client"),)
