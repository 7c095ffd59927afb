"""Embeds: the key under which the public sees a camera or a group, and its ways of showing."""

from __future__ import annotations

import secrets
import string
from typing import Any

from tortoise import fields
from tortoise.models import Model

from webapp.models.camera import Camera
from webapp.models.fields import access_key
from webapp.models.group import CameraGroup
from webapp.models.organisation import Organisation

_LETTERS = string.ascii_lowercase + string.digits


def variant_name() -> str:
    """Ten letters: what names a variant opens nothing without its key."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


class EmbedKey(Model):
    """The key of one camera or of one group. Deleting the row kills it, and it never returns.

    ``sites`` are the origins that may frame it (``https://example.jp``); empty is everybody.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="embed_keys", on_delete=fields.CASCADE
    )
    organisation_id: int
    camera: fields.OneToOneNullableRelation[Camera] = fields.OneToOneField(
        "core.Camera", related_name="embed_key", on_delete=fields.CASCADE, null=True
    )
    camera_id: int | None
    group: fields.OneToOneNullableRelation[CameraGroup] = fields.OneToOneField(
        "core.CameraGroup", related_name="embed_key", on_delete=fields.CASCADE, null=True
    )
    group_id: int | None
    key = fields.CharField(max_length=43, unique=True, default=access_key)
    sites: list[str] = fields.JSONField(default=list)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "embed_key"


class EmbedVariant(Model):
    """One way in which a key shows its object (``webapp.domain.embeds.Options``), for good.

    ``page_key`` is the key of the public page that it was once: printed addresses lead to it.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="embed_variants", on_delete=fields.CASCADE
    )
    organisation_id: int
    embed_key: fields.ForeignKeyRelation[EmbedKey] = fields.ForeignKeyField(
        "core.EmbedKey", related_name="variants", on_delete=fields.CASCADE
    )
    embed_key_id: int
    name = fields.CharField(max_length=10, default=variant_name)
    options: dict[str, Any] = fields.JSONField(default=dict)
    page_key = fields.CharField(max_length=43, null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "embed_variant"
        unique_together = (("embed_key", "name"),)
