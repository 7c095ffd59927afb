from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from webapp.identity.models.account import SecondFactor, SecondFactorMethod
from webapp.identity.public_id import public_id
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_first")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "identity.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="devices",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(max_length=64)),
                ("family", fields.CharField(default="", max_length=40)),
                ("platform", fields.CharField(default="", max_length=40)),
                ("network", fields.CharField(default="", max_length=45)),
                ("first_seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_device",
                "app": "identity",
                "unique_together": (("account", "token_hash", "network"),),
                "pk_attr": "id",
                "table_description": "A browser on which an account signed in: its cookie's hash, and how it looked (I4).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MailChange",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "identity.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="mail_changes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("mail", fields.CharField(max_length=254)),
                ("old_token_hash", fields.CharField(unique=True, max_length=64)),
                ("new_token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "old_confirmed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "new_confirmed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "identity_mail_change",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A new mail address, taken when both the old and the new one have confirmed it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Passkey",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("public_id", fields.CharField(default=public_id, unique=True, max_length=16)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "identity.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="passkeys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("credential_id", fields.CharField(unique=True, max_length=700)),
                ("public_key", fields.TextField(unique=False)),
                ("sign_count", fields.BigIntField(default=0)),
                (
                    "transports",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("name", fields.CharField(max_length=60)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "last_used_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "identity_passkey",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A passkey: its public half.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "identity.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="recovery_codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("code_hash", fields.CharField(max_length=64)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_recovery_code",
                "app": "identity",
                "unique_together": (("account", "code_hash"),),
                "pk_attr": "id",
                "table_description": "A code for when the authenticator is lost, good once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SecondStep",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "identity.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="second_steps",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("onward", fields.TextField(default="", unique=False)),
                ("code_hash", fields.CharField(default="", max_length=64)),
                (
                    "code_sent_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("tries", fields.SmallIntField(default=0)),
                ("challenge", fields.CharField(default="", max_length=128)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "identity_second_step",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A login whose password was right and whose second factor is still to come.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Account",
            name="company",
            field=fields.CharField(default="", db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="Account",
            name="department",
            field=fields.CharField(default="", db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="Account",
            name="kana",
            field=fields.CharField(default="", db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="Account",
            name="login_notice",
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddField(
            model_name="Account",
            name="phone",
            field=fields.CharField(default="", db_default="", max_length=30),
        ),
        ops.AddField(
            model_name="Account",
            name="second_factor",
            field=fields.CharEnumField(
                default=SecondFactor.RISK,
                description="a word",
                db_default=SecondFactor.RISK,
                enum_type=SecondFactor,
                max_length=8,
            ),
        ),
        ops.AddField(
            model_name="Account",
            name="second_factor_method",
            field=fields.CharEnumField(
                default=SecondFactorMethod.MAIL,
                description="a word",
                db_default=SecondFactorMethod.MAIL,
                enum_type=SecondFactorMethod,
                max_length=8,
            ),
        ),
        ops.AddField(
            model_name="Account",
            name="time_zone",
            field=fields.CharField(default="Asia/Tokyo", db_default="Asia/Tokyo", max_length=64),
        ),
        ops.AddField(
            model_name="Account",
            name="totp_sealed",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Account",
            name="totp_step",
            field=fields.BigIntField(default=0, db_default=0),
        ),
    ]
