from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0013_day_night")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Organisation",
            name="setup_kind",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AddField(
            model_name="Organisation",
            name="setup_step",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
    ]
