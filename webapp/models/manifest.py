"""What is kept of published pictures so that they can be drawn anew for 30 days (B1)."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.organisation import Organisation


class PictureManifest(Model):
    """One published picture, found by camera and minute.

    ``packed`` is what ``webapp.domain.manifests.pack`` wrote, ``signature`` 64 bytes (Ed25519).
    ``background_id`` was the row of its background, which may be a ``KeptBackground`` by now.
    Rows are written in the order of time, and removed in it: no further index is needed.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="picture_manifests", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="picture_manifests", on_delete=fields.CASCADE
    )
    camera_id: int
    minute = fields.DatetimeField()
    background_id = fields.BigIntField()
    packed = fields.BinaryField()
    signature = fields.BinaryField()

    class Meta:
        table = "picture_manifest"
        unique_together = (("camera", "minute"),)


class PictureKey(Model):
    """A key pair of one camera that signs its manifests, the private half sealed.

    The one without ``published_until`` signs. ``public`` is the JWK's ``x``.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="picture_keys", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="picture_keys", on_delete=fields.CASCADE
    )
    camera_id: int
    kid = fields.CharField(max_length=43, unique=True)
    public = fields.CharField(max_length=43)
    sealed = fields.TextField()
    created_at = fields.DatetimeField(auto_now_add=True)
    published_until = fields.DatetimeField(null=True)

    class Meta:
        table = "picture_key"
        indexes = (("camera_id", "published_until"),)


class KeptBackground(Model):
    """A background that was replaced, for as long as a manifest names it.

    Its ``id`` is that of the ``Background`` that it was. ``kept_until`` is None until the last
    manifest that names it is known (``jobs/manifests.py``).
    """

    id = fields.BigIntField(primary_key=True, generated=False)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="kept_backgrounds", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.ForeignKeyRelation[Camera] = fields.ForeignKeyField(
        "core.Camera", related_name="kept_backgrounds", on_delete=fields.CASCADE
    )
    camera_id: int
    picture = fields.CharField(max_length=200, unique=True)
    retired_at = fields.DatetimeField()
    kept_until = fields.DatetimeField(null=True)

    class Meta:
        table = "kept_background"
        indexes = (("camera_id", "id"),)
