from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from webapp.models.fields import access_key
from webapp.tokens import public_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("core", "0005_identity")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CameraGroup",
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
                        related_name="camera_groups",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                (
                    "default_camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="default_camera_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="default_of",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("lost_default", fields.CharField(default="", db_default="", max_length=100)),
                (
                    "lost_default_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("version", fields.IntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "camera_group",
                "app": "core",
                "indexes": [Index(fields=["organisation_id", "id"])],
                "pk_attr": "id",
                "table_description": "Cameras that are counted together: グループ.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CameraGroupMember",
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
                        related_name="camera_group_members",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "group",
                    fields.ForeignKeyField(
                        "core.CameraGroup",
                        source_field="group_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="members",
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
                        related_name="memberships",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("position", fields.IntField(default=0, db_default=0)),
            ],
            options={
                "table": "camera_group_member",
                "app": "core",
                "unique_together": (("group", "camera"),),
                "indexes": [Index(fields=["camera_id"]), Index(fields=["organisation_id"])],
                "pk_attr": "id",
                "table_description": "One camera of one group. ``position`` orders them: the one that follows inherits.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupLatest",
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
                        related_name="group_latest",
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
                        related_name="latest",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("minute", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("count", fields.IntField(null=True)),
                ("known", fields.SmallIntField(default=0, db_default=0)),
                ("members", fields.SmallIntField(default=0, db_default=0)),
            ],
            options={
                "table": "group_latest",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The newest sample of one group, as ``GroupObservation`` has it. ``minute`` None: none yet.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupObservation",
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
                        related_name="group_observations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "group",
                    fields.ForeignKeyField(
                        "core.CameraGroup",
                        source_field="group_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="observations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("minute", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("count", fields.IntField(null=True)),
                ("known", fields.SmallIntField(default=0, db_default=0)),
                ("members", fields.SmallIntField(default=0, db_default=0)),
            ],
            options={
                "table": "group_observation",
                "app": "core",
                "unique_together": (("group", "minute"),),
                "indexes": [Index(fields=["minute"])],
                "pk_attr": "id",
                "table_description": "One group in one minute. No row: it was closed, or had no camera.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupPage",
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
                        related_name="group_pages",
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
                        related_name="public_page",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(default=access_key, unique=True, max_length=43)),
                ("shows_count", fields.BooleanField(default=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "group_page",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The public page of one group. Deleting the row kills the key, which never returns.",
            },
            bases=["Model"],
        ),
    ]
