"""Licences: what was agreed from which day on, and the calls counted against it."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from webapp.models.fields import public_id
from webapp.models.organisation import Organisation


class LicenceChange(Model):
    """Terms from a day on (``webapp.domain.licences``). Rows are only added or revoked.

    ``cameras`` None is unlimited. ``effective_on``, ``cameras_until`` and ``packs_until`` are
    days of the organisation's calendar, the latter two the last good ones and None for a
    renewal each month. ``made_by`` is a name that is copied, empty for a command.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="licence_changes", on_delete=fields.CASCADE
    )
    organisation_id: int
    effective_on = fields.DateField()
    cameras = fields.IntField(null=True)
    cameras_until = fields.DateField(null=True)
    packs = fields.IntField(default=0)
    packs_until = fields.DateField(null=True)
    made_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=100, default="")
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "licence_change"
        indexes = (("organisation_id", "effective_on"),)


class CallMonth(Model):
    """The calls of an organisation in a month of its calendar (2026-03): what the quota bounds.

    ``calls`` is only raised, in a transaction that holds the row and keeps it within the quota.
    ``told`` is what admins were told by mail of the quota, one mark a line
    (``webapp.domain.usage``).
    """

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="call_months", on_delete=fields.CASCADE
    )
    organisation_id: int
    month = fields.CharField(max_length=7)
    calls = fields.BigIntField(default=0)
    told = fields.CharField(max_length=400, default="", db_default="")

    class Meta:
        table = "call_month"
        unique_together = (("organisation", "month"),)


class CallCount(Model):
    """The calls of one key on one day of the organisation's calendar. It outlives the key."""

    id = fields.BigIntField(primary_key=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="call_counts", on_delete=fields.CASCADE
    )
    organisation_id: int
    key = fields.CharField(max_length=43)
    day = fields.DateField()
    calls = fields.BigIntField(default=0)

    class Meta:
        table = "call_count"
        unique_together = (("organisation", "key", "day"),)


class MeteredKey(Model):
    """What a key was of when calls of it were counted last, which outlives the key, too.

    ``kind`` is camera, group or site, empty where nobody knew any more; ``thing`` is the public id
    of what it was of, and ``name`` that one's name.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="metered_keys", on_delete=fields.CASCADE
    )
    organisation_id: int
    key = fields.CharField(max_length=43)
    kind = fields.CharField(max_length=10, default="")
    thing = fields.CharField(max_length=16, default="")
    name = fields.CharField(max_length=200, default="")

    class Meta:
        table = "metered_key"
        unique_together = (("organisation", "key"),)
