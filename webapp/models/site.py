"""Generated sites (WEBサイト生成): the page that anyone with the key may see of a group."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from webapp.models.fields import access_key
from webapp.models.group import CameraGroup
from webapp.models.organisation import Organisation


class Site(Model):
    """The site of one group. Deleting the row kills the key, which never returns.

    ``options`` are those of ``webapp.domain.sites.SiteOptions``.
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="sites", on_delete=fields.CASCADE
    )
    organisation_id: int
    group: fields.OneToOneRelation[CameraGroup] = fields.OneToOneField(
        "core.CameraGroup", related_name="site", on_delete=fields.CASCADE
    )
    group_id: int
    key = fields.CharField(max_length=43, unique=True, default=access_key)
    name = fields.CharField(max_length=100)
    options: dict[str, Any] = fields.JSONField(default=dict)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "site"
