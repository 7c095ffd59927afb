from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


async def roll_up_what_is_there(apps, schema_editor):
    """Make the quarter hours of all that was counted before there were any."""
    client = schema_editor.client
    quarter = (
        "strftime('%Y-%m-%d %H:%M:%S+00:00', "
        "CAST(strftime('%s', minute) AS INTEGER) / 900 * 900, 'unixepoch')"
    )
    if client.capabilities.dialect == "postgres":
        quarter = "date_bin('15 minutes', minute, '2000-01-01 00:00:00+00')"
        # A row changes with each of its minutes: room beside it keeps its indexes as they are.
        await client.execute_script("ALTER TABLE camera_quarter SET (fillfactor = 70)")
    await client.execute_script(_ROLL_UP.replace("{quarter}", quarter))


_ROLL_UP = """
INSERT INTO camera_quarter
    (organisation_id, camera_id, quarter, total, n, low, high, at_quarter)
SELECT organisation_id, camera_id, {quarter}, SUM(count), COUNT(*), MIN(count), MAX(count),
       MAX(CASE WHEN minute = {quarter} THEN count END)
FROM observation WHERE count IS NOT NULL
GROUP BY organisation_id, camera_id, {quarter};
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0006_groups")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CameraQuarter",
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
                        related_name="camera_quarters",
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
                "table": "camera_quarter",
                "app": "core",
                "unique_together": (("camera", "quarter"),),
                "indexes": [Index(fields=["quarter"])],
                "pk_attr": "id",
                "table_description": "What one camera counted from ``quarter`` (:00, :15, :30, :45) on, for 15 minutes.",
            },
            bases=["Model"],
        ),
        ops.RunPython(code=roll_up_what_is_there, reverse_code=None),
    ]
