"""The tenant (企業)."""

from tortoise import fields
from tortoise.models import Model

from webapp.models.fields import public_id


class Organisation(Model):
    """A tenant. Every other row belongs to one."""

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    name = fields.CharField(max_length=100)
    time_zone = fields.CharField(max_length=64, default="Asia/Tokyo")
    language = fields.CharField(max_length=8, default="ja")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "organisation"
