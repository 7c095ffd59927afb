from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("core", "0020_licence_told")]

    initial = False

    operations = [
        ops.CreateModel(
            name="KeptBackground",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True)),
                (
                    "organisation",
                    fields.ForeignKeyField(
                        "core.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="kept_backgrounds",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="kept_backgrounds",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("picture", fields.CharField(unique=True, max_length=200)),
                ("retired_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("kept_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "kept_background",
                "app": "core",
                "indexes": [Index(fields=["camera_id", "id"])],
                "pk_attr": "id",
                "table_description": "A background that was replaced, for as long as a manifest names it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PictureKey",
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
                        related_name="picture_keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="picture_keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kid", fields.CharField(unique=True, max_length=43)),
                ("public", fields.CharField(max_length=43)),
                ("sealed", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                (
                    "published_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "picture_key",
                "app": "core",
                "indexes": [Index(fields=["camera_id", "published_until"])],
                "pk_attr": "id",
                "table_description": "A key pair of one camera that signs its manifests, the private half sealed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PictureManifest",
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
                        related_name="picture_manifests",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="picture_manifests",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("minute", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("background_id", fields.BigIntField()),
                ("packed", fields.BinaryField()),
                ("signature", fields.BinaryField()),
            ],
            options={
                "table": "picture_manifest",
                "app": "core",
                "unique_together": (("camera", "minute"),),
                "pk_attr": "id",
                "table_description": "One published picture, found by camera and minute.",
            },
            bases=["Model"],
        ),
    ]
