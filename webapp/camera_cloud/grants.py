"""Access tokens for whoever asks the cloud, renewed when they are over.

The cloud takes each refresh token once and answers with the next. However many tasks and
processes find the access token over at the same time, one of them asks; an answer is written
down whatever becomes of the capture that wanted it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from nigiwai_connector_api import CameraUnreachable, Phase
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from webapp.connectors.cloud_client import (
    CloudClient,
    CloudRefused,
    CloudTokens,
    CloudUnreachable,
    Refused,
)
from webapp.database import shared_now
from webapp.errors import PermanentFailure
from webapp.models import CloudConsent, ConsentState
from webapp.sealing import Sealer

# A token this close to its end is renewed first.
EARLY = timedelta(seconds=30)
PATIENCE = 8.0  # seconds for the cloud to renew; shorter than the lease
LEASE = timedelta(seconds=20)
LOOK_AGAIN = 0.1  # seconds between two looks at what another process is doing
log = structlog.get_logger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class CloudGrants:
    """The consents of the database as connectors ask for them; one for a process."""

    client: CloudClient
    sealer: Sealer
    clock: Callable[[], datetime] = _utc_now
    _renewals: dict[int, asyncio.Task[str]] = field(default_factory=dict)

    async def token(self, grant: str, refused: str = "") -> str:
        """The access token of a consent, by its public id.

        Raises ``CameraUnreachable`` (consent) when it is over, (service) when the cloud could
        not be asked.
        """
        consent = await CloudConsent.get_or_none(public_id=grant)
        if consent is None or consent.state is not ConsentState.GIVEN:
            raise over()
        tokens = self.unseal(consent)
        if tokens.access != refused and tokens.until - EARLY > self.clock():
            return tokens.access
        return await self._renewed(consent)

    def unseal(self, consent: CloudConsent) -> CloudTokens:
        """What the cloud gave. Sealed with a key that is gone, it is as good as none."""
        try:
            return CloudTokens.from_json(self.sealer.unseal(consent.sealed_tokens))
        except PermanentFailure:
            raise over() from None

    async def settle(self) -> None:
        """Wait until whatever is being renewed has been written down."""
        await asyncio.gather(*self._renewals.values(), return_exceptions=True)

    async def _renewed(self, consent: CloudConsent) -> str:
        """Join the renewal of this consent that is under way in this process, or begin it.

        It is a task of its own: a capture that is cancelled does not take the answer with it.
        """
        task = self._renewals.get(consent.id)
        if task is None:
            task = asyncio.create_task(self._renew(consent), name="renew a consent")
            self._renewals[consent.id] = task
            task.add_done_callback(lambda done: self._forget(consent.id, done))
        return await asyncio.shield(task)

    def _forget(self, consent_id: int, task: asyncio.Task[str]) -> None:
        self._renewals.pop(consent_id, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody need have waited

    async def _renew(self, seen: CloudConsent) -> str:
        """Get the next tokens, from the cloud or from whoever was faster.

        1. Claim the renewal of the version that was seen, for the length of a lease.
        2. Ask the cloud with the refresh token of that version.
        3. Write the next version down; or that the consent is over, unless it was renewed
           meanwhile; or give the claim back, for another try.
        """
        if not await self._claim(seen):
            return await self._others(seen)
        mine = CloudConsent.filter(id=seen.id, version=seen.version)
        try:
            tokens = await self.client.refresh(self.unseal(seen).refresh, self.clock(), PATIENCE)
        except CloudRefused as refused:
            log.warning("camera_cloud.refused", consent=seen.public_id, why=refused.why.value)
            return await self._after_refusal(seen, mine, refused)
        except CloudUnreachable as error:
            await mine.update(renewing_until=None)
            raise CameraUnreachable(Phase.SERVICE, str(error)) from None
        sealed = self.sealer.seal(tokens.as_json())
        await mine.update(sealed_tokens=sealed, version=seen.version + 1, renewing_until=None)
        return tokens.access

    async def _claim(self, seen: CloudConsent) -> bool:
        now = await shared_now()
        free = Q(renewing_until=None) | Q(renewing_until__lt=now)
        given = CloudConsent.filter(id=seen.id, version=seen.version, state=ConsentState.GIVEN)
        return bool(await given.filter(free).update(renewing_until=now + LEASE))

    async def _others(self, seen: CloudConsent) -> str:
        """Wait for what another process makes of it."""
        for _ in range(int(PATIENCE / LOOK_AGAIN)):
            consent = await CloudConsent.get_or_none(id=seen.id)
            if consent is None or consent.state is not ConsentState.GIVEN:
                raise over()
            if consent.version != seen.version:
                return self.unseal(consent).access
            if consent.renewing_until is None:
                break  # it was tried in vain
            await asyncio.sleep(LOOK_AGAIN)
        raise CameraUnreachable(Phase.SERVICE, "The camera cloud gave no new token in time.")

    async def _after_refusal(
        self, seen: CloudConsent, mine: QuerySet[CloudConsent], refused: CloudRefused
    ) -> str:
        if refused.why is not Refused.CONSENT:
            await mine.update(renewing_until=None)
            raise CameraUnreachable(Phase.SERVICE, str(refused))
        ended = await mine.update(
            state=ConsentState.ENDED, ended_at=self.clock(), renewing_until=None
        )
        if not ended:  # somebody has renewed it meanwhile, or the owner has consented anew
            return await self._others(seen)
        raise over()


def over() -> CameraUnreachable:
    """What is said of a consent that does not hold."""
    return CameraUnreachable(Phase.CONSENT, "The owner's consent at the camera cloud is over.")
