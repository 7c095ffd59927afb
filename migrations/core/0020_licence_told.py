from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0019_embeds")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Organisation",
            name="licence_told",
            field=fields.CharField(default="", db_default="", max_length=200),
        ),
    ]
