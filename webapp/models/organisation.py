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
    # 事業者: whoever runs the installation. It has operators and no cameras.
    is_operator = fields.BooleanField(default=False, db_default=False)
    # Whether it was ever given licences; without any it is unlimited (L1).
    is_licensed = fields.BooleanField(default=False, db_default=False)
    # What its licences allowed when they were last looked at; None is unlimited.
    camera_limit = fields.IntField(null=True)
    camera_stop = fields.CharField(max_length=16, default="", db_default="")
    # What admins were told by mail that will stop, one mark a line (webapp.licences.notices).
    licence_told = fields.CharField(max_length=200, default="", db_default="")
    suspended_at = fields.DatetimeField(null=True)
    # 一般ユーザ may look at monitoring (M6, S10).
    monitoring_allowed = fields.BooleanField(default=False, db_default=False)
    colour = fields.CharField(max_length=7, default="", db_default="")  # #rrggbb of its sites
    logo = fields.CharField(max_length=200, default="", db_default="")  # a key of the store
    # 初回設定: the furthest step that was reached, and the kind of cameras that was chosen.
    setup_step = fields.CharField(max_length=16, default="", db_default="")
    setup_kind = fields.CharField(max_length=16, default="", db_default="")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "organisation"
