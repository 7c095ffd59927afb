"""What happens to consents: given, given again, given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from webapp import outbox
from webapp.camera_cloud.cloud import CameraCloud
from webapp.connectors.cloud_client import (
    CloudRefused,
    CloudTokens,
    CloudUnreachable,
    OwnersCameras,
    Refused,
)
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.models import CloudConsent, ConsentState

# Give a consent up at the cloud: {"tokens": sealed}.
CONSENT_REVOKE = "camera_cloud.revoke"
PATIENCE = 8.0  # seconds


async def keep(
    cloud: CameraCloud,
    organisation_id: int,
    owners: OwnersCameras,
    tokens: CloudTokens,
    at: datetime,
    given_by: str,
) -> CloudConsent:
    """Write a consent down; the same owner's earlier one is renewed by it.

    Call it in a transaction. A renewal that is under way for the earlier one writes nothing:
    the version is another.
    """
    values: dict[str, Any] = {
        "owner_name": owners.owner_name,
        "state": ConsentState.GIVEN,
        "sealed_tokens": cloud.sealer.seal(tokens.as_json()),
        "renewing_until": None,
        "given_at": at,
        "given_by": given_by,
        "ended_at": None,
    }
    owner: dict[str, Any] = {"organisation_id": organisation_id, "owner_id": owners.owner_id}
    consent = await CloudConsent.filter(**owner).select_for_update().get_or_none()
    if consent is None:
        try:
            return await CloudConsent.create(**owner, **values)
        except IntegrityError:
            raise TemporaryFailure("The same owner has just consented.") from None
    consent.update_from_dict({**values, "version": consent.version + 1})
    await consent.save()
    return consent


async def give_up(consent: CloudConsent, at: datetime) -> bool:
    """End a consent here at once, and at the cloud by the outbox. Call it in a transaction.

    Tells whether there was anything to end.
    """
    kept = await CloudConsent.filter(id=consent.id).select_for_update().get()
    if kept.state is ConsentState.GIVEN_UP:
        return False
    if kept.sealed_tokens and kept.state is ConsentState.GIVEN:
        key = f"consent-given-up:{kept.public_id}:{kept.version}"
        payload = {"tokens": kept.sealed_tokens}
        await outbox.write(kept.organisation_id, CONSENT_REVOKE, payload, key, at)
    kept.state, kept.ended_at = ConsentState.GIVEN_UP, at
    kept.sealed_tokens, kept.version, kept.renewing_until = "", kept.version + 1, None
    await kept.save()
    return True


async def revoke(cloud: CameraCloud | None, payload: Mapping[str, Any]) -> None:
    """Tell the cloud that a consent is given up: the channel of ``CONSENT_REVOKE``."""
    if cloud is None:
        raise PermanentFailure("No camera cloud is named any more.")
    tokens = CloudTokens.from_json(cloud.sealer.unseal(str(payload["tokens"])))
    try:
        await cloud.client.revoke(tokens.refresh, PATIENCE)
    except CloudUnreachable:
        raise
    except CloudRefused as refused:
        if refused.why is not Refused.CONSENT:  # what is over already need not be ended
            raise PermanentFailure(str(refused)) from None
