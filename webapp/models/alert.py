"""混雑アラート of a camera or a group: its rules, where it stands, and what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.fields import public_id
from webapp.models.group import CameraGroup
from webapp.models.organisation import Organisation


class Alert(Model):
    """The rules of one camera or of one group: exactly one of the two is set.

    ``thresholds`` are those of ``webapp.domain.alerts.Policy``; ``stage_settings`` say per stage
    what it shows and whom it tells, in the form of ``webapp.alerts.rules``. ``channels`` is
    encrypted JSON: the webhook and the MQTT broker, secrets among them, and ``has_webhook`` and
    ``has_mqtt`` say which of them it holds.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="alerts", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.OneToOneNullableRelation[Camera] = fields.OneToOneField(
        "core.Camera", related_name="alert", null=True, on_delete=fields.CASCADE
    )
    camera_id: int | None
    group: fields.OneToOneNullableRelation[CameraGroup] = fields.OneToOneField(
        "core.CameraGroup", related_name="alert", null=True, on_delete=fields.CASCADE
    )
    group_id: int | None
    is_on = fields.BooleanField(default=True)
    thresholds: fields.Field[list[int]] = fields.JSONField(default=list)
    stage_settings: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list)
    channels = fields.TextField(default="")
    has_webhook = fields.BooleanField(default=False)
    has_mqtt = fields.BooleanField(default=False)

    # Tortoise has no attribute of this name on models.
    state: fields.BackwardOneToOneRelation[AlertState]

    class Meta:
        table = "alert"
        indexes = (("organisation_id", "id"),)


class AlertState(Model):
    """Where the state machine stands each minute: ``webapp.domain.alerts.State``."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="alert_states", on_delete=fields.CASCADE
    )
    organisation_id: int
    alert: fields.OneToOneRelation[Alert] = fields.OneToOneField(
        "core.Alert", related_name="state", on_delete=fields.CASCADE
    )
    alert_id: int
    stage = fields.SmallIntField(default=1)
    since = fields.DatetimeField(null=True)
    minute = fields.DatetimeField(null=True)
    seen: fields.Field[list[Any]] = fields.JSONField(default=list)
    told: fields.Field[list[Any]] = fields.JSONField(default=list)

    class Meta:
        table = "alert_state"


class EventKind(StrEnum):
    """What happened to a stage."""

    RISE = "rise"
    FALL = "fall"
    CLOSED = "closed"
    TEST = "test"


class AlertEvent(Model):
    """One change of the stage, or a test. Kept as long as the counts.

    ``stages`` is how many there were; ``threshold`` that of the stage whose recipients were
    told, None when nobody was; ``was_told`` says that they had been told a short while ago.
    ``picture`` is the masked picture of that minute, a key of the store or empty.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="alert_events", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyNullableRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="alert_events", null=True, on_delete=fields.CASCADE
    )
    camera_id: int | None
    group: fields.ForeignKeyNullableRelation[CameraGroup] = fields.ForeignKeyField(
        "core.CameraGroup", related_name="alert_events", null=True, on_delete=fields.CASCADE
    )
    group_id: int | None
    minute = fields.DatetimeField()
    kind = fields.CharEnumField(EventKind, description="a word", max_length=8)
    before = fields.SmallIntField(default=1)
    stage = fields.SmallIntField(default=1)
    stages = fields.SmallIntField(default=2)
    count = fields.IntField(null=True)
    is_partial = fields.BooleanField(default=False)
    threshold = fields.IntField(null=True)
    was_told = fields.BooleanField(default=False)
    picture = fields.CharField(max_length=200, default="")

    deliveries: fields.ReverseRelation[AlertDelivery]

    class Meta:
        table = "alert_event"
        indexes = (("camera_id", "minute"), ("group_id", "minute"), ("minute",))


class Channel(StrEnum):
    """The ways by which somebody, or something, is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    MQTT = "mqtt"


class DeliveryState(StrEnum):
    """What became of telling one recipient."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class AlertDelivery(Model):
    """One recipient of one event. ``error`` says why it was not delivered (yet)."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="alert_deliveries", on_delete=fields.CASCADE
    )
    organisation_id: int
    event: fields.ForeignKeyRelation[AlertEvent] = fields.ForeignKeyField(
        "core.AlertEvent", related_name="deliveries", on_delete=fields.CASCADE
    )
    event_id: int
    channel = fields.CharEnumField(Channel, description="a word", max_length=8)
    target = fields.CharField(max_length=320, default="")
    state = fields.CharEnumField(
        DeliveryState, description="a word", max_length=12, default=DeliveryState.WAITING
    )
    error = fields.CharField(max_length=500, default="")
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "alert_delivery"
        indexes = (("event_id",),)
