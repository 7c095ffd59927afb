"""The second factor (二段階認証): how an account proves itself, and where it usually is."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.identity.models.account import Account
from webapp.identity.public_id import public_id


class Device(Model):
    """A browser on which an account signed in: its cookie's hash, and how it looked (I4).

    ``family``, ``platform`` and ``network`` are the fingerprint that "usual" means. Headers
    alone never make a login usual: the cookie has to come along.
    """

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="devices", on_delete=fields.CASCADE
    )
    account_id: int
    token_hash = fields.CharField(max_length=64)
    family = fields.CharField(max_length=40, default="")
    platform = fields.CharField(max_length=40, default="")
    network = fields.CharField(max_length=45, default="")
    first_seen_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()

    class Meta:
        table = "identity_device"
        unique_together = (("account", "token_hash", "network"),)


class SecondStep(Model):
    """A login whose password was right and whose second factor is still to come.

    It is bound to the browser by a cookie, whose hash this row holds. ``code_hash`` is that of
    the code that was mailed, and ``tries`` counts what was entered.
    """

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="second_steps", on_delete=fields.CASCADE
    )
    account_id: int
    token_hash = fields.CharField(max_length=64, unique=True)
    onward = fields.TextField(default="")
    code_hash = fields.CharField(max_length=64, default="")
    code_sent_at = fields.DatetimeField(null=True)
    tries = fields.SmallIntField(default=0)
    challenge = fields.CharField(max_length=128, default="")  # of a passkey
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "identity_second_step"


class RecoveryCode(Model):
    """A code for when the authenticator is lost, good once."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="recovery_codes", on_delete=fields.CASCADE
    )
    account_id: int
    code_hash = fields.CharField(max_length=64)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_recovery_code"
        unique_together = (("account", "code_hash"),)


class Passkey(Model):
    """A passkey: its public half."""

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="passkeys", on_delete=fields.CASCADE
    )
    account_id: int
    credential_id = fields.CharField(max_length=700, unique=True)
    public_key = fields.TextField()  # base64url
    sign_count = fields.BigIntField(default=0)
    transports: fields.Field[list[str]] = fields.JSONField(default=list)
    name = fields.CharField(max_length=60)
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_passkey"


class MailChange(Model):
    """A new mail address, taken when both the old and the new one have confirmed it."""

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "identity.Account", related_name="mail_changes", on_delete=fields.CASCADE
    )
    account_id: int
    mail = fields.CharField(max_length=254)
    old_token_hash = fields.CharField(max_length=64, unique=True)
    new_token_hash = fields.CharField(max_length=64, unique=True)
    old_confirmed_at = fields.DatetimeField(null=True)
    new_confirmed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "identity_mail_change"
