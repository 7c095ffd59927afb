from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from webapp.models.alert import Channel, DeliveryState, EventKind
from webapp.tokens import public_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("core", "0009_licences")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Alert",
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
                        related_name="alerts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.OneToOneField(
                        "core.Camera",
                        source_field="camera_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="alert",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "group",
                    fields.OneToOneField(
                        "core.CameraGroup",
                        source_field="group_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="alert",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("is_on", fields.BooleanField(default=True)),
                (
                    "thresholds",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                (
                    "stage_settings",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("channels", fields.TextField(default="", unique=False)),
                ("has_webhook", fields.BooleanField(default=False)),
                ("has_mqtt", fields.BooleanField(default=False)),
            ],
            options={
                "table": "alert",
                "app": "core",
                "indexes": [Index(fields=["organisation_id", "id"])],
                "pk_attr": "id",
                "table_description": "The rules of one camera or of one group: exactly one of the two is set.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AlertEvent",
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
                        related_name="alert_events",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.ForeignKeyField(
                        "core.Camera",
                        source_field="camera_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="alert_events",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "group",
                    fields.ForeignKeyField(
                        "core.CameraGroup",
                        source_field="group_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="alert_events",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("minute", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "kind",
                    fields.CharEnumField(description="a word", enum_type=EventKind, max_length=8),
                ),
                ("before", fields.SmallIntField(default=1)),
                ("stage", fields.SmallIntField(default=1)),
                ("stages", fields.SmallIntField(default=2)),
                ("count", fields.IntField(null=True)),
                ("is_partial", fields.BooleanField(default=False)),
                ("threshold", fields.IntField(null=True)),
                ("was_told", fields.BooleanField(default=False)),
                ("picture", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "alert_event",
                "app": "core",
                "indexes": [
                    Index(fields=["camera_id", "minute"]),
                    Index(fields=["group_id", "minute"]),
                    Index(fields=["minute"]),
                ],
                "pk_attr": "id",
                "table_description": "One change of the stage, or a test. Kept as long as the counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AlertDelivery",
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
                        related_name="alert_deliveries",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "event",
                    fields.ForeignKeyField(
                        "core.AlertEvent",
                        source_field="event_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="deliveries",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "channel",
                    fields.CharEnumField(description="a word", enum_type=Channel, max_length=8),
                ),
                ("target", fields.CharField(default="", max_length=320)),
                (
                    "state",
                    fields.CharEnumField(
                        default=DeliveryState.WAITING,
                        description="a word",
                        enum_type=DeliveryState,
                        max_length=12,
                    ),
                ),
                ("error", fields.CharField(default="", max_length=500)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "alert_delivery",
                "app": "core",
                "indexes": [Index(fields=["event_id"])],
                "pk_attr": "id",
                "table_description": "One recipient of one event. ``error`` says why it was not delivered (yet).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AlertState",
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
                        related_name="alert_states",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "alert",
                    fields.OneToOneField(
                        "core.Alert",
                        source_field="alert_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="state",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("stage", fields.SmallIntField(default=1)),
                ("since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("minute", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "seen",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                (
                    "told",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
            ],
            options={
                "table": "alert_state",
                "app": "core",
                "pk_attr": "id",
                "table_description": "Where the state machine stands each minute: ``webapp.domain.alerts.State``.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Outbox",
            name="lane",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddIndex(
            model_name="Outbox",
            index=Index(fields=["lane", "id"]),
        ),
    ]
