"""The keys that sign tokens."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class SigningKey(Model):
    """A key pair, its private half sealed.

    It is published from the start, signs from ``signs_from`` on until a younger one does, and
    stays published until ``published_until``.
    """

    id = fields.BigIntField(primary_key=True)
    kid = fields.CharField(max_length=43, unique=True)
    sealed = fields.TextField()
    created_at = fields.DatetimeField(auto_now_add=True)
    signs_from = fields.DatetimeField()
    published_until = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_signing_key"
