from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from webapp.identity.models.account import Role
from webapp.identity.models.link import LinkPurpose
from webapp.identity.public_id import public_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Client",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("client_id", fields.CharField(unique=True, max_length=48)),
                ("name", fields.CharField(max_length=100)),
                ("secret_hash", fields.CharField(default="", max_length=64)),
                (
                    "redirect_uris",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                (
                    "post_logout_redirect_uris",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("backchannel_logout_uri", fields.CharField(default="", max_length=500)),
                ("scope", fields.CharField(default="openid profile email nigiwai", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "identity_client",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "An application. A public one has no secret, every one must use PKCE.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Guard",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("key", fields.CharField(unique=True, max_length=80)),
                ("tries", fields.IntField(default=0)),
                (
                    "window_until",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "locked_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "identity_guard",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "Tries under one key within a window, and how long nothing is tried any more.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Organisation",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("public_id", fields.CharField(default=public_id, unique=True, max_length=16)),
                ("name", fields.CharField(max_length=100)),
                ("is_operator", fields.BooleanField(default=False)),
                (
                    "suspended_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "identity_organisation",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A tenant, known to the app by the same public id.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("public_id", fields.CharField(default=public_id, unique=True, max_length=16)),
                (
                    "organisation",
                    fields.ForeignKeyField(
                        "identity.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="accounts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("mail", fields.CharField(unique=True, max_length=254)),
                (
                    "role",
                    fields.CharEnumField(
                        default=Role.GENERAL, description="a word", enum_type=Role, max_length=16
                    ),
                ),
                ("language", fields.CharField(default="ja", max_length=8)),
                ("password_hash", fields.CharField(default="", max_length=255)),
                (
                    "password_changed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "identity_account",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A person who can sign in. ``public_id`` is the subject that clients see.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Consent",
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
                        related_name="consents",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "client",
                    fields.ForeignKeyField(
                        "identity.Client",
                        source_field="client_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="consents",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("scope", fields.CharField(max_length=200)),
                ("given_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_consent",
                "app": "identity",
                "unique_together": (("account", "client"),),
                "pk_attr": "id",
                "table_description": "許可: what an account lets an application read.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Event",
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
                        related_name="events",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharField(max_length=32)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("address", fields.CharField(default="", max_length=45)),
                ("browser", fields.CharField(default="", max_length=200)),
                (
                    "details",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
            ],
            options={
                "table": "identity_event",
                "app": "identity",
                "indexes": [Index(fields=["account_id", "at"])],
                "pk_attr": "id",
                "table_description": "Something that happened to an account: a sign-in, a new password. Never changed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OneTimeLink",
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
                        related_name="links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="a word", enum_type=LinkPurpose, max_length=16
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_one_time_link",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A link that is good once. Only its hash is kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Outbox",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("kind", fields.CharField(max_length=32)),
                (
                    "payload",
                    fields.JSONField(
                        encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("dedupe_key", fields.CharField(unique=True, max_length=120)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.SmallIntField(default=0)),
                ("claim", fields.CharField(default="", max_length=32)),
                (
                    "lease_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "given_up_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("error", fields.CharField(default="", max_length=500)),
            ],
            options={
                "table": "identity_outbox",
                "app": "identity",
                "indexes": [Index(fields=["done_at", "due_at"])],
                "pk_attr": "id",
                "table_description": "Something to do outside the provider's database.",
            },
            bases=["OutboxRow"],
        ),
        ops.CreateModel(
            name="Session",
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
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("csrf_token", fields.CharField(max_length=64)),
                ("sid", fields.CharField(unique=True, max_length=32)),
                ("signed_in_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
                ("address", fields.CharField(default="", max_length=45)),
                ("browser", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "identity_session",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A sign-in. The cookie holds a random token, this row its hash. Clients see ``sid``.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SigningKey",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("kid", fields.CharField(unique=True, max_length=43)),
                ("sealed", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("signs_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "published_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "identity_signing_key",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A key pair, its private half sealed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TokenFamily",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "client",
                    fields.ForeignKeyField(
                        "identity.Client",
                        source_field="client_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="families",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "identity.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="families",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("sid", fields.CharField(db_index=True, max_length=32)),
                ("scope", fields.CharField(max_length=200)),
                ("auth_time", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_token_family",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "Everything that came of one authorisation: its code, and every token since.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AccessToken",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "family",
                    fields.ForeignKeyField(
                        "identity.TokenFamily",
                        source_field="family_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="access_tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("scope", fields.CharField(max_length=200)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "identity_access_token",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "An access token, looked up at each use, so that revoking is at once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuthorizationCode",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "family",
                    fields.ForeignKeyField(
                        "identity.TokenFamily",
                        source_field="family_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("code_hash", fields.CharField(unique=True, max_length=64)),
                ("redirect_uri", fields.CharField(max_length=500)),
                ("code_challenge", fields.CharField(max_length=128)),
                ("nonce", fields.CharField(default="", max_length=255)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_code",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A code, redeemed once within a minute.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RefreshToken",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "family",
                    fields.ForeignKeyField(
                        "identity.TokenFamily",
                        source_field="family_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="refresh_tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_refresh_token",
                "app": "identity",
                "pk_attr": "id",
                "table_description": "A refresh token, good once: the next one comes with the answer.",
            },
            bases=["Model"],
        ),
    ]
