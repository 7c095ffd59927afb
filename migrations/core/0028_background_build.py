from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0027_pages_are_embeds")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BackgroundBuild",
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
                        related_name="background_builds",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.OneToOneField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="background_build",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "background_build",
                "app": "core",
                "pk_attr": "id",
                "table_description": "That an admin lets a camera collect, from ``started_at`` to ``ends_at`` at the latest.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BackgroundBuildPart",
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
                        related_name="background_build_parts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "build",
                    fields.ForeignKeyField(
                        "core.BackgroundBuild",
                        source_field="build_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="parts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("part", fields.CharField(max_length=8)),
                ("file", fields.CharField(default="", max_length=200)),
                ("stamp", fields.CharField(default="", max_length=64)),
                ("captures", fields.IntField(default=0)),
                ("misfits", fields.IntField(default=0)),
                ("coverage", fields.SmallIntField(default=0)),
                ("afresh", fields.CharField(default="", max_length=8)),
                ("minute", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "background_build_part",
                "app": "core",
                "unique_together": (("build", "part"),),
                "pk_attr": "id",
                "table_description": "What was collected for one part (``webapp.domain.daylight.Part``) of a camera's day.",
            },
            bases=["Model"],
        ),
    ]
