"""Encrypting anew what is kept, after the secret key was changed."""

from __future__ import annotations

from datetime import datetime

from tortoise.models import Model

from webapp.camera_cloud.cloud import TOKENS as CLOUD_TOKENS
from webapp.errors import NigiwaiError, PermanentFailure
from webapp.identity.models import Account, SigningKey
from webapp.identity.parts import ENTRUSTED, KEYS
from webapp.models import Camera, CloudConsent, PictureKey, Session
from webapp.operator.office import Office
from webapp.sealing import Sealer
from webapp.signin.provider import TOKENS as SIGN_IN_TOKENS
from webapp.verification.keys import PURPOSE as PICTURE_KEYS

Kept = tuple[type[Model], str, str]

# What lives on: the table, its sealed column, and what it was sealed for.
OF_APP: tuple[Kept, ...] = (
    (Camera, "source", "camera sources"),
    (CloudConsent, "sealed_tokens", CLOUD_TOKENS),
    (Session, "sealed_tokens", SIGN_IN_TOKENS),
    (PictureKey, "sealed", PICTURE_KEYS),
)
OF_PROVIDER: tuple[Kept, ...] = (
    (Account, "totp_sealed", ENTRUSTED),
    (SigningKey, "sealed", KEYS),
)
BATCH = 200


async def reseal(office: Office, at: datetime) -> dict[str, int]:  # noqa: ARG001 - every action
    """Seal under the present secret key what the one before it sealed.

    Tells how many rows were sealed anew, and how many cannot be read by either key. What
    changes meanwhile is sealed under the present key already.
    """
    settings = office.settings
    secret, old = settings.secret(), settings.old_secret()
    if not old:
        raise NigiwaiError(
            "There is no old key: set NIGIWAI_SECRET_KEY_OLD, or keep it as secret_key.old."
        )
    counts = {"resealed": 0, "unreadable": 0}
    for model, column, purpose in (*OF_APP, *(OF_PROVIDER if office.has_accounts else ())):
        await _reseal(model, column, Sealer(secret, purpose, old), counts)
    return counts


async def _reseal(model: type[Model], column: str, sealer: Sealer, counts: dict[str, int]) -> None:
    last = 0
    while rows := await _after(model, column, last):
        for row_id, sealed in rows:
            last = row_id
            try:
                anew = sealer.renew(sealed)
            except PermanentFailure:
                counts["unreadable"] += 1
                continue
            same = model.filter(id=row_id, **{column: sealed})
            counts["resealed"] += await same.update(**{column: anew})


async def _after(model: type[Model], column: str, last: int) -> list[tuple[int, str]]:
    rows = model.filter(id__gt=last).exclude(**{column: ""}).order_by("id").limit(BATCH)
    return [(int(row[0]), str(row[1])) for row in await rows.values_list("id", column)]
