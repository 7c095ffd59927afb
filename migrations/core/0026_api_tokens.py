from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from webapp.tokens import public_id
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0025_usage")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ApiToken",
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
                        "core.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="api_tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=60)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("hint", fields.CharField(max_length=8)),
                (
                    "scopes",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "last_used_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("made_by", fields.CharField(default="", max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "api_token",
                "app": "core",
                "unique_together": (("organisation", "name"),),
                "pk_attr": "id",
                "table_description": "One token. Only its hash is kept, and deleting the row revokes it.",
            },
            bases=["Model"],
        ),
    ]
