from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("core", "0017_forecast")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Outage",
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
                        related_name="outages",
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
                        related_name="outages",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("reason", fields.CharField(default="", max_length=500)),
                ("began_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("noted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("told_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "end_told_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "outage",
                "app": "core",
                "unique_together": (("camera", "began_at"),),
                "indexes": [Index(fields=["end_told_at", "ended_at"])],
                "pk_attr": "id",
                "table_description": "One camera that went bad, from the bad minute that was verified to the first good one.",
            },
            bases=["Model"],
        ),
    ]
