from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0003_rotation")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Latest",
            name="failures",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Latest",
            name="frame_height",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Latest",
            name="frame_width",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Latest",
            name="silences",
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
