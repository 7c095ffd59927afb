from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from webapp.tokens import public_id
from tortoise import fields

# What was counted before is named as far as it still has a name. A day's statement does the same
# from now on (webapp.licences.metered_keys). Their public ids only have to be told apart.
_NAME = """
INSERT INTO metered_key (public_id, organisation_id, key, kind, thing, name)
SELECT 'k' || MIN(call_count.id), call_count.organisation_id, call_count.key,
       CASE WHEN MIN(camera.id) IS NOT NULL THEN 'camera'
            WHEN MIN(camera_group.id) IS NOT NULL THEN 'group' ELSE '' END,
       COALESCE(MIN(camera.public_id), MIN(camera_group.public_id), ''),
       COALESCE(MIN(camera.name), MIN(camera_group.name), '')
FROM call_count
LEFT JOIN embed_key ON embed_key.key = call_count.key
    AND embed_key.organisation_id = call_count.organisation_id
LEFT JOIN camera ON camera.id = embed_key.camera_id
LEFT JOIN camera_group ON camera_group.id = embed_key.group_id
GROUP BY call_count.organisation_id, call_count.key
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0024_manifests")]

    initial = False

    operations = [
        ops.CreateModel(
            name="MeteredKey",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("public_id", fields.CharField(default=public_id, unique=True, max_length=16)),
                (
                    "organisation",
                    fields.ForeignKeyField(
                        "core.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="metered_keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(max_length=43)),
                ("kind", fields.CharField(default="", max_length=10)),
                ("thing", fields.CharField(default="", max_length=16)),
                ("name", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "metered_key",
                "app": "core",
                "unique_together": (("organisation", "key"),),
                "pk_attr": "id",
                "table_description": "What a key was of when calls of it were counted last, which outlives the key, too.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="CallMonth",
            name="told",
            field=fields.CharField(default="", db_default="", max_length=400),
        ),
        ops.RunSQL(_NAME),
    ]
