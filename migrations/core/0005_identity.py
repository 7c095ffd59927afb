from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint


async def add_only(apps, schema_editor):
    """Let the audit log be added to and nothing else, whoever asks the database."""
    client = schema_editor.client
    if client.capabilities.dialect == "postgres":
        await client.execute_script("""
            CREATE FUNCTION "audit_entry_add_only"() RETURNS trigger AS $$
            BEGIN RAISE EXCEPTION 'the audit log is only added to'; END
            $$ LANGUAGE plpgsql;
            CREATE TRIGGER "audit_entry_add_only" BEFORE UPDATE OR DELETE OR TRUNCATE
                ON "audit_entry" EXECUTE FUNCTION "audit_entry_add_only"();
        """)
        return
    for deed in ("UPDATE", "DELETE"):
        await client.execute_script(f"""
            CREATE TRIGGER "audit_entry_no_{deed.lower()}" BEFORE {deed} ON "audit_entry"
            BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
        """)


class Migration(migrations.Migration):
    dependencies = [("core", "0004_health")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "organisation",
                    fields.ForeignKeyField(
                        "core.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="audit_entries",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(default="", max_length=16)),
                ("actor_name", fields.CharField(default="", max_length=100)),
                ("action", fields.CharField(max_length=40)),
                ("target", fields.CharField(default="", max_length=40)),
                ("target_name", fields.CharField(default="", max_length=100)),
                (
                    "details",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("address", fields.CharField(default="", max_length=45)),
            ],
            options={
                "table": "audit_entry",
                "app": "core",
                "indexes": [Index(fields=["organisation_id", "at"])],
                "pk_attr": "id",
                "table_description": "One deed. Names are copied: they must still say who it was when the member is gone.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Member",
            name="issuer",
            field=fields.CharField(null=True, max_length=255),
        ),
        ops.AddField(
            model_name="Member",
            name="subject",
            field=fields.CharField(null=True, max_length=255),
        ),
        ops.AddConstraint(
            model_name="Member",
            constraint=UniqueConstraint(fields=("issuer", "subject"), name=None),
        ),
        ops.AddField(
            model_name="Organisation",
            name="colour",
            field=fields.CharField(default="", db_default="", max_length=7),
        ),
        ops.AddField(
            model_name="Organisation",
            name="is_operator",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Organisation",
            name="logo",
            field=fields.CharField(default="", db_default="", max_length=200),
        ),
        ops.AddField(
            model_name="Organisation",
            name="monitoring_allowed",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Organisation",
            name="suspended_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterModelOptions(
            name="Outbox",
            options={
                "table": "outbox",
                "app": "core",
                "indexes": [Index(fields=["done_at", "due_at"])],
                "pk_attr": "id",
                "table_description": "What an organisation's doings leave to be done outside the database.",
            },
        ),
        ops.AddField(
            model_name="Session",
            name="checked_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Session",
            name="checking_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Session",
            name="sealed_tokens",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Session",
            name="sid",
            field=fields.CharField(default="", db_index=True, db_default="", max_length=255),
        ),
        ops.RunPython(add_only, ops.RunPython.noop),
    ]
