from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from webapp.domain.health import CameraState
from webapp.models.fields import access_key, public_id
from webapp.models.job import SlotState
from webapp.models.member import Role
from tortoise import fields
from tortoise.indexes import Index


async def partition_observations(apps, schema_editor):
    """On PostgreSQL, keep observations in monthly partitions: an old month is dropped whole.

    A plain table cannot be made into a partitioned one later, and the partition column has
    to be part of every unique key. jobs/retention.py makes the months ahead of time.
    """
    client = schema_editor.client
    if client.capabilities.dialect != "postgres":
        return
    await client.execute_script("""
        ALTER TABLE "observation" RENAME TO "observation_plain";
        CREATE TABLE "observation" (
            LIKE "observation_plain" INCLUDING DEFAULTS,
            PRIMARY KEY ("id", "minute"),
            CONSTRAINT "observation_camera_minute" UNIQUE ("camera_id", "minute"),
            CONSTRAINT "observation_organisation" FOREIGN KEY ("organisation_id")
                REFERENCES "organisation" ("id") ON DELETE CASCADE,
            CONSTRAINT "observation_camera" FOREIGN KEY ("camera_id")
                REFERENCES "camera" ("id") ON DELETE CASCADE
        ) PARTITION BY RANGE ("minute");
        CREATE TABLE "observation_default" PARTITION OF "observation" DEFAULT;
        ALTER SEQUENCE "observation_id_seq" OWNED BY "observation"."id";
        DROP TABLE "observation_plain";
    """)


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Organisation",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("public_id", fields.CharField(default=public_id, unique=True, max_length=16)),
                ("name", fields.CharField(max_length=100)),
                ("time_zone", fields.CharField(default="Asia/Tokyo", max_length=64)),
                ("language", fields.CharField(default="ja", max_length=8)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "organisation",
                "app": "core",
                "pk_attr": "id",
                "table_description": "A tenant. Every other row belongs to one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("name", fields.CharField(unique=True, max_length=120)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "heartbeat",
                "app": "core",
                "pk_attr": "id",
                "table_description": "An instant by name: signs of life of workers, turns taken, how far the schedule got.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Camera",
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
                        related_name="cameras",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("connector", fields.CharField(max_length=32)),
                ("source", fields.TextField(unique=False)),
                ("engine", fields.CharField(default="standard", max_length=32)),
                ("level", fields.SmallIntField(default=3)),
                ("is_open", fields.BooleanField(default=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "camera",
                "app": "core",
                "indexes": [Index(fields=["organisation_id", "id"])],
                "pk_attr": "id",
                "table_description": "Where stills come from and how they are analysed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Background",
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
                        related_name="backgrounds",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="backgrounds",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("part", fields.CharField(default="all", max_length=8)),
                ("picture", fields.CharField(max_length=200)),
                ("sha256", fields.CharField(max_length=64)),
                ("width", fields.IntField()),
                ("height", fields.IntField()),
                ("blur", fields.SmallIntField(default=0)),
                ("registered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "background",
                "app": "core",
                "indexes": [Index(fields=["camera_id", "part", "registered_at"])],
                "pk_attr": "id",
                "table_description": "One registered background. The newest one of a camera and part is in force.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Latest",
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
                        related_name="latest",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.OneToOneField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="latest",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=CameraState.WAITING,
                        description="a word",
                        enum_type=CameraState,
                        max_length=24,
                    ),
                ),
                ("detail", fields.CharField(default="", max_length=500)),
                ("since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("minute", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("count", fields.IntField(null=True)),
                ("picture", fields.CharField(default="", max_length=200)),
                ("picture_width", fields.IntField(default=0)),
                ("picture_height", fields.IntField(default=0)),
                ("good_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("good_count", fields.IntField(null=True)),
                ("frame_sha256", fields.CharField(default="", max_length=64)),
                (
                    "frame_since",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "latest",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The newest answer about one camera, kept apart from the settings as it changes each minute.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Member",
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
                        related_name="members",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("mail", fields.CharField(max_length=254)),
                (
                    "role",
                    fields.CharEnumField(
                        default=Role.GENERAL, description="a word", enum_type=Role, max_length=16
                    ),
                ),
                ("language", fields.CharField(default="", max_length=8)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "member",
                "app": "core",
                "unique_together": (("organisation", "mail"),),
                "pk_attr": "id",
                "table_description": "A person of one organisation.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LoginLink",
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
                        related_name="login_links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="login_links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "login_link",
                "app": "core",
                "pk_attr": "id",
                "table_description": "A one-time link that signs a member in. Only its hash is kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Observation",
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
                        related_name="observations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="observations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("minute", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="a word", enum_type=CameraState, max_length=24
                    ),
                ),
                ("count", fields.IntField(null=True)),
                ("engine", fields.CharField(default="", max_length=32)),
                (
                    "captured_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "observation",
                "app": "core",
                "unique_together": (("camera", "minute"),),
                "pk_attr": "id",
                "table_description": "One camera in one minute. No row: nothing was due. ``count`` None: not known, never 0.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Outbox",
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
                        related_name="outbox",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharField(max_length=32)),
                (
                    "payload",
                    fields.JSONField(
                        encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("dedupe_key", fields.CharField(unique=True, max_length=120)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.SmallIntField(default=0)),
                ("claim", fields.CharField(default="", max_length=32)),
                (
                    "lease_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "given_up_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("error", fields.CharField(default="", max_length=500)),
            ],
            options={
                "table": "outbox",
                "app": "core",
                "indexes": [Index(fields=["done_at", "due_at"])],
                "pk_attr": "id",
                "table_description": "Something to do outside the database, written in the transaction that decided it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PublicPage",
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
                        related_name="public_pages",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.OneToOneField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="public_page",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(default=access_key, unique=True, max_length=43)),
                ("shows_count", fields.BooleanField(default=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "public_page",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The public page of one camera. Deleting the row kills the key, which never returns.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
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
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("csrf_token", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "session",
                "app": "core",
                "pk_attr": "id",
                "table_description": "A sign-in. The cookie holds a random token, this row its hash: logging out ends it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Slot",
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
                        related_name="slots",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="slots",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("minute", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=SlotState.DUE,
                        description="a word",
                        enum_type=SlotState,
                        max_length=8,
                    ),
                ),
                ("attempts", fields.SmallIntField(default=0)),
                ("claim", fields.CharField(default="", max_length=32)),
                (
                    "lease_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "slot",
                "app": "core",
                "unique_together": (("camera", "minute"),),
                "indexes": [Index(fields=["state", "due_at"]), Index(fields=["minute"])],
                "pk_attr": "id",
                "table_description": "One camera's turn in one minute. The database decides who works on it.",
            },
            bases=["Model"],
        ),
        ops.RunPython(partition_observations, ops.RunPython.noop),
    ]
