"""A camera and what was last seen by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.models import Model

from webapp.domain.daylight import DAY_ENDS, DAY_STARTS
from webapp.domain.health import CameraState
from webapp.domain.scene.sketches import MOST_SKETCH
from webapp.models.fields import public_id
from webapp.models.organisation import Organisation

if TYPE_CHECKING:
    from webapp.models.alert import Alert
    from webapp.models.background_build import BackgroundBuild


class Camera(Model):
    """Where stills come from and how they are analysed.

    ``source`` is encrypted JSON (see ``webapp.sealing``): the settings of the connector
    named in ``connector``, addresses and passwords among them. ``areas`` says where people
    count, in the form of ``webapp.domain.areas.read_areas``. ``rotation`` is the angle (0, 90,
    180, 270) by which its stills are turned clockwise before anything else.

    ``hours`` are its business hours in the form of ``webapp.domain.hours_json``, which count
    while ``has_hours``. What follows from them now is written into ``is_open``, and when that
    changes next into ``opening_changes_at`` (None: not within a year): see
    ``webapp.hours.opening``. ``closed_picture`` is what is shown out of hours: ``key`` of the
    store, ``width`` and ``height``; empty for the picture that comes along.
    ``simulated_until`` marks counts of a demonstration: those before it were made up.

    ``has_night`` lets another background serve at night, that is outside ``day_starts`` to
    ``day_ends`` (minutes from midnight): see ``webapp.domain.daylight``.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="cameras", on_delete=fields.CASCADE
    )
    organisation_id: int
    name = fields.CharField(max_length=100)
    connector = fields.CharField(max_length=32)
    source = fields.TextField()
    engine = fields.CharField(max_length=32, default="standard")
    level = fields.SmallIntField(default=3)
    areas: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list, db_default=[])
    rotation = fields.SmallIntField(default=0, db_default=0)
    is_open = fields.BooleanField(default=True)
    # Why the licence lets it stand still (webapp.domain.licences.Stop); empty: it runs.
    stopped = fields.CharField(max_length=16, default="", db_default="")
    has_hours = fields.BooleanField(default=False, db_default=False)
    hours: fields.Field[dict[str, Any]] = fields.JSONField(default=dict, db_default={})
    opening_changes_at = fields.DatetimeField(null=True, db_index=True)
    closed_picture: fields.Field[dict[str, Any]] = fields.JSONField(default=dict, db_default={})
    simulated_until = fields.DatetimeField(null=True)
    has_night = fields.BooleanField(default=False, db_default=False)
    day_starts = fields.SmallIntField(default=DAY_STARTS, db_default=DAY_STARTS)
    day_ends = fields.SmallIntField(default=DAY_ENDS, db_default=DAY_ENDS)
    background_changed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    # Loaded with the camera where its alert matters.
    alert: fields.BackwardOneToOneRelation[Alert]
    # Tortoise has a class method of this name, which nothing here calls on Camera.
    latest: fields.BackwardOneToOneRelation[Latest]  # type: ignore[assignment]
    # Loaded by workers; None for a camera that builds no background by itself.
    background_build: fields.BackwardOneToOneRelation[BackgroundBuild]

    class Meta:
        table = "camera"
        indexes = (("organisation_id", "id"),)


class Latest(Model):
    """The newest answer about one camera, kept apart from the settings as it changes each minute.

    ``count`` is None whenever it is not known; ``picture`` is a storage key or empty.
    ``minute`` is the slot that was observed last, good or not; the ``good_*`` fields are
    those of the last frame that could be counted. ``frame_sha256`` is that of the newest
    still's bytes, first seen at ``frame_since``: a frozen camera sends the same ones on and on.
    ``frame_width`` and ``frame_height`` are its size; ``sketch`` is what the next still is compared
    with while it is doubtful whether the view changed (``webapp.domain.scene``). ``failures`` and
    ``silences`` count bad minutes in a row (``webapp.domain.health``).
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="latest", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.OneToOneRelation[Camera] = fields.OneToOneField(
        "core.Camera", related_name="latest", on_delete=fields.CASCADE
    )
    camera_id: int
    state = fields.CharEnumField(
        CameraState, description="a word", max_length=24, default=CameraState.WAITING
    )
    detail = fields.CharField(max_length=500, default="")
    since = fields.DatetimeField(null=True)
    minute = fields.DatetimeField(null=True)
    count = fields.IntField(null=True)
    picture = fields.CharField(max_length=200, default="")
    picture_width = fields.IntField(default=0)
    picture_height = fields.IntField(default=0)
    good_at = fields.DatetimeField(null=True)
    good_count = fields.IntField(null=True)
    frame_sha256 = fields.CharField(max_length=64, default="")
    frame_since = fields.DatetimeField(null=True)
    frame_width = fields.IntField(default=0, db_default=0)
    frame_height = fields.IntField(default=0, db_default=0)
    sketch = fields.CharField(max_length=MOST_SKETCH, default="", db_default="")
    failures = fields.IntField(default=0, db_default=0)
    silences = fields.IntField(default=0, db_default=0)

    class Meta:
        table = "latest"
