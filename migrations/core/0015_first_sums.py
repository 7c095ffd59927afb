from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0014_setup")]

    initial = False

    operations = [
        ops.AddField(
            model_name="GroupObservation",
            name="first_count",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="GroupObservation",
            name="first_known",
            field=fields.SmallIntField(null=True),
        ),
    ]
