from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from webapp.models.prepared_file import FileKind, FileState
from webapp.tokens import public_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("core", "0011_cloud")]

    initial = False

    operations = [
        ops.CreateModel(
            name="GroupQuarter",
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
                        related_name="group_quarters",
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
                        related_name="quarters",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("quarter", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("total", fields.IntField()),
                ("n", fields.IntField()),
                ("low", fields.IntField()),
                ("high", fields.IntField()),
                ("at_quarter", fields.IntField(null=True)),
            ],
            options={
                "table": "group_quarter",
                "app": "core",
                "unique_together": (("group", "quarter"),),
                "indexes": [Index(fields=["quarter"])],
                "pk_attr": "id",
                "table_description": "What one group counted: the same of its minute sums, those in which no camera was missing.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PreparedFile",
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
                        related_name="prepared_files",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="prepared_files",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="prepared_files",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "group",
                    fields.ForeignKeyField(
                        "core.CameraGroup",
                        source_field="group_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="prepared_files",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(description="a word", enum_type=FileKind, max_length=8),
                ),
                ("month", fields.CharField(max_length=7)),
                ("language", fields.CharField(default="ja", max_length=8)),
                ("wants_mail", fields.BooleanField(default=False, db_default=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=FileState.WAITING,
                        description="a word",
                        enum_type=FileState,
                        max_length=8,
                    ),
                ),
                ("done", fields.IntField(default=0, db_default=0)),
                ("total", fields.IntField(default=0, db_default=0)),
                ("attempts", fields.SmallIntField(default=0, db_default=0)),
                ("claim", fields.CharField(default="", db_default="", max_length=32)),
                (
                    "lease_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("key", fields.CharField(default="", db_default="", max_length=200)),
                ("size", fields.BigIntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "prepared_file",
                "app": "core",
                "indexes": [
                    Index(fields=["organisation_id", "kind", "created_at"]),
                    Index(fields=["state", "created_at"]),
                ],
                "pk_attr": "id",
                "table_description": "One file: what it is about, how far it is, and where it lies until ``expires_at``.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReportWish",
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
                        related_name="report_wishes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.OneToOneField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="report_wish",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "report_wish",
                "app": "core",
                "indexes": [Index(fields=["organisation_id"])],
                "pk_attr": "id",
                "table_description": "A member who wants the monthly report by mail.",
            },
            bases=["Model"],
        ),
    ]
