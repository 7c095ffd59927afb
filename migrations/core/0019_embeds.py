from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from webapp.models.embed import variant_name
from webapp.models.fields import access_key
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0018_outages")]

    initial = False

    operations = [
        ops.CreateModel(
            name="EmbedKey",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "organisation",
                    fields.ForeignKeyField(
                        "core.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="embed_keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.OneToOneField(
                        "core.Camera",
                        source_field="camera_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="embed_key",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "group",
                    fields.OneToOneField(
                        "core.CameraGroup",
                        source_field="group_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="embed_key",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(default=access_key, unique=True, max_length=43)),
                (
                    "sites",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "embed_key",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The key of one camera or of one group. Deleting the row kills it, and it never returns.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EmbedVariant",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "organisation",
                    fields.ForeignKeyField(
                        "core.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="embed_variants",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "embed_key",
                    fields.ForeignKeyField(
                        "core.EmbedKey",
                        source_field="embed_key_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="variants",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(default=variant_name, max_length=10)),
                (
                    "options",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "embed_variant",
                "app": "core",
                "unique_together": (("embed_key", "name"),),
                "pk_attr": "id",
                "table_description": "One way in which a key shows its object (``webapp.domain.embeds.Options``), for good.",
            },
            bases=["Model"],
        ),
        # Nothing ever made one: the key of an embed stands for it.
        ops.DeleteModel(name="GroupPage"),
    ]
