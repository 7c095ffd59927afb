from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0012_files")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Camera",
            name="background_changed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Camera",
            name="day_ends",
            field=fields.SmallIntField(default=1020, db_default=1020),
        ),
        ops.AddField(
            model_name="Camera",
            name="day_starts",
            field=fields.SmallIntField(default=480, db_default=480),
        ),
        ops.AddField(
            model_name="Camera",
            name="has_night",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
