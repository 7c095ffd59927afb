"""What anyone with the key may see of a camera."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.fields import access_key
from webapp.models.organisation import Organisation


class PublicPage(Model):
    """The public page of one camera. Deleting the row kills the key, which never returns."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="public_pages", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.OneToOneRelation[Camera] = fields.OneToOneField(
        "core.Camera", related_name="public_page", on_delete=fields.CASCADE
    )
    camera_id: int
    key = fields.CharField(max_length=43, unique=True, default=access_key)
    shows_count = fields.BooleanField(default=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "public_page"
