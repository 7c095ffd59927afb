from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from webapp.tokens import public_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("core", "0008_hours")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CallCount",
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
                        related_name="call_counts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(max_length=43)),
                ("day", fields.DateField()),
                ("calls", fields.BigIntField(default=0)),
            ],
            options={
                "table": "call_count",
                "app": "core",
                "unique_together": (("organisation", "key", "day"),),
                "pk_attr": "id",
                "table_description": "The calls of one key on one day of the organisation's calendar. It outlives the key.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CallMonth",
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
                        related_name="call_months",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("month", fields.CharField(max_length=7)),
                ("calls", fields.BigIntField(default=0)),
            ],
            options={
                "table": "call_month",
                "app": "core",
                "unique_together": (("organisation", "month"),),
                "pk_attr": "id",
                "table_description": "The calls of an organisation in a month of its calendar (2026-03): what the quota bounds.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceChange",
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
                        related_name="licence_changes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("effective_on", fields.DateField()),
                ("cameras", fields.IntField(null=True)),
                ("cameras_until", fields.DateField(null=True)),
                ("packs", fields.IntField(default=0)),
                ("packs_until", fields.DateField(null=True)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("made_by", fields.CharField(default="", max_length=100)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_change",
                "app": "core",
                "indexes": [Index(fields=["organisation_id", "effective_on"])],
                "pk_attr": "id",
                "table_description": "Terms from a day on (``webapp.domain.licences``). Rows are only added or revoked.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MonitoringFrame",
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
                        related_name="monitoring_frames",
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
                        related_name="monitoring_frame",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("picture", fields.CharField(max_length=200)),
                ("captured_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("width", fields.IntField()),
                ("height", fields.IntField()),
            ],
            options={
                "table": "monitoring_frame",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The latest frame of a camera that somebody looks at. ``picture`` is the key of a sealed one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MonitoringView",
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
                        related_name="monitoring_views",
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
                        related_name="monitoring_views",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="monitoring_views",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "monitoring_view",
                "app": "core",
                "unique_together": (("camera", "member"),),
                "pk_attr": "id",
                "table_description": "A member's look at a camera, from ▶ on. Only while there is one may a frame be kept.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Camera",
            name="stopped",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AddField(
            model_name="Member",
            name="few_calls_hidden",
            field=fields.CharField(default="", db_default="", max_length=7),
        ),
        ops.AddField(
            model_name="Organisation",
            name="camera_limit",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Organisation",
            name="camera_stop",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AddField(
            model_name="Organisation",
            name="is_licensed",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
