from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from webapp.models.camera_cloud import ConsentState
from webapp.tokens import public_id
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0010_alerts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CloudConsent",
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
                        related_name="cloud_consents",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("owner_id", fields.CharField(max_length=100)),
                ("owner_name", fields.CharField(max_length=100)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ConsentState.GIVEN,
                        description="a word",
                        enum_type=ConsentState,
                        max_length=16,
                    ),
                ),
                ("sealed_tokens", fields.TextField(default="", unique=False)),
                ("version", fields.IntField(default=1)),
                (
                    "renewing_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("given_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("given_by", fields.CharField(default="", max_length=100)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "cloud_consent",
                "app": "core",
                "unique_together": (("organisation", "owner_id"),),
                "pk_attr": "id",
                "table_description": "One owner's consent. The cameras it feeds name it in their sealed source.",
            },
            bases=["Model"],
        ),
    ]
