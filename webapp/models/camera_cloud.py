"""What owners of cameras allowed at the camera cloud."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.models.fields import public_id
from webapp.models.organisation import Organisation


class ConsentState(StrEnum):
    """Whether a consent holds, and who ended it."""

    GIVEN = "given"
    ENDED = "ended"  # withdrawn at the cloud, or expired there
    GIVEN_UP = "given_up"  # by an admin, here


class CloudConsent(Model):
    """One owner's consent. The cameras it feeds name it in their sealed source.

    ``sealed_tokens`` is what the cloud gave, encrypted; empty when it was given up. ``version``
    counts the tokens: whoever renews them does so from one version to the next, and
    ``renewing_until`` keeps two from asking at once, since the cloud takes a refresh token once.
    """

    id = fields.BigIntField(primary_key=True)
    public_id = fields.CharField(max_length=16, unique=True, default=public_id)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "core.Organisation", related_name="cloud_consents", on_delete=fields.CASCADE
    )
    organisation_id: int
    owner_id = fields.CharField(max_length=100)
    owner_name = fields.CharField(max_length=100)
    state = fields.CharEnumField(
        ConsentState, description="a word", max_length=16, default=ConsentState.GIVEN
    )
    sealed_tokens = fields.TextField(default="")
    version = fields.IntField(default=1)
    renewing_until = fields.DatetimeField(null=True)
    given_at = fields.DatetimeField()
    given_by = fields.CharField(max_length=100, default="")
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "cloud_consent"
        unique_together = (("organisation", "owner_id"),)
