from tortoise import migrations
from tortoise.migrations import operations as ops


async def vacuum_early(apps, schema_editor):
    """On PostgreSQL, clean up behind ``jobs/manifests.py`` each day, not each week.

    It deletes the oldest rows in the order of their ids, and would pass the dead ones of all the
    days since the last cleaning each time.
    """
    client = schema_editor.client
    if client.capabilities.dialect == "postgres":
        await client.execute_script(
            'ALTER TABLE "picture_manifest" SET (autovacuum_vacuum_scale_factor = 0.02)'
        )


class Migration(migrations.Migration):
    dependencies = [("core", "0028_background_build")]

    initial = False

    operations = [ops.RunPython(vacuum_early, ops.RunPython.noop)]
