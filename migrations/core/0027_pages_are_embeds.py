from json import dumps

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

from webapp.database import run_statement
from webapp.models.embed import variant_name
from webapp.models.fields import access_key

# What the page showed, in the words of an embed's options.
_OPTIONS = {"form": "hd", "refreshes": True, "language": "browser"}

_KEY = """
INSERT INTO embed_key (organisation_id, camera_id, key, sites, created_at)
SELECT organisation_id, camera_id, $2, '[]', created_at FROM public_page
WHERE id = $1 AND camera_id NOT IN (SELECT camera_id FROM embed_key WHERE camera_id IS NOT NULL)
"""

_VARIANT = """
INSERT INTO embed_variant (organisation_id, embed_key_id, name, options, page_key, created_at)
SELECT page.organisation_id, embed_key.id, $2, $3::jsonb, page.key, page.created_at
FROM public_page page JOIN embed_key ON embed_key.camera_id = page.camera_id WHERE page.id = $1
"""


async def turn_pages_into_embeds(apps, schema_editor):
    """Make each public page a variant of its camera's embed; its printed address goes on.

    The embed has another key than the page had: whoever sees an embed without the count must
    not be able to guess where one with it is.
    """
    client = schema_editor.client
    pages = await run_statement(client, "SELECT id, shows_count FROM public_page ORDER BY id")
    for number, shows_count in [tuple(page) for page in pages]:
        await run_statement(client, _KEY, [number, access_key()])
        options = dumps({**_OPTIONS, "counts": bool(shows_count)}, separators=(",", ":"))
        await run_statement(client, _VARIANT, [number, variant_name(), options])


class Migration(migrations.Migration):
    dependencies = [("core", "0026_api_tokens")]

    initial = False

    operations = [
        ops.AddField(
            model_name="EmbedVariant",
            name="page_key",
            field=fields.CharField(null=True, max_length=43),
        ),
        ops.RunSQL("CREATE UNIQUE INDEX embed_variant_page_key ON embed_variant (page_key)"),
        ops.RunPython(code=turn_pages_into_embeds, reverse_code=None),
        ops.DeleteModel(name="PublicPage"),
    ]
