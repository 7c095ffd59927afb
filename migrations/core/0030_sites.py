from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from webapp.models.fields import access_key
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0029_manifest_vacuum")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Site",
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
                        related_name="sites",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "group",
                    fields.OneToOneField(
                        "core.CameraGroup",
                        source_field="group_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="site",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(default=access_key, unique=True, max_length=43)),
                ("name", fields.CharField(max_length=100)),
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
                "table": "site",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The site of one group. Deleting the row kills the key, which never returns.",
            },
            bases=["Model"],
        ),
    ]
