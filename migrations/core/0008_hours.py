from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0007_quarters")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Camera",
            name="closed_picture",
            field=fields.JSONField(
                default=dict,
                db_default={},
                encoder=functools.partial(dumps, separators=(",", ":")),
                decoder=loads,
            ),
        ),
        ops.AddField(
            model_name="Camera",
            name="has_hours",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Camera",
            name="hours",
            field=fields.JSONField(
                default=dict,
                db_default={},
                encoder=functools.partial(dumps, separators=(",", ":")),
                decoder=loads,
            ),
        ),
        ops.AddField(
            model_name="Camera",
            name="opening_changes_at",
            field=fields.DatetimeField(
                null=True, db_index=True, auto_now=False, auto_now_add=False
            ),
        ),
        ops.AddField(
            model_name="Camera",
            name="simulated_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        # What was switched off by hand stays closed: hours without a single rule are never open.
        ops.RunSQL("UPDATE camera SET has_hours = TRUE WHERE NOT is_open"),
    ]
