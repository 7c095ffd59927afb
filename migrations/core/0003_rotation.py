from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0002_areas")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Camera",
            name="rotation",
            field=fields.SmallIntField(default=0, db_default=0),
        ),
    ]
