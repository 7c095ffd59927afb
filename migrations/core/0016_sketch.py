from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0015_first_sums")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Latest",
            name="sketch",
            field=fields.CharField(default="", db_default="", max_length=400),
        ),
    ]
