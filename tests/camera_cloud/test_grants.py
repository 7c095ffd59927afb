"""Renewing tokens: once for everybody, never losing the next refresh token (C1)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from nigiwai_connector_api import CameraUnreachable, Phase

from tests.camera_cloud.conftest import give_consent
from tests.cloud_server import Simulated
from webapp.camera_cloud.cloud import CameraCloud
from webapp.camera_cloud.grants import EARLY, CloudGrants
from webapp.connectors.cloud_client import CloudRefused, CloudUnreachable, Refused
from webapp.models import CloudConsent, ConsentState, Organisation

ANSWERS_LATER = timedelta(minutes=10)


def later(grants: CloudGrants) -> CloudGrants:
    """The same, ten minutes on: every access token is over."""
    return replace(grants, clock=lambda: datetime.now(UTC) + ANSWERS_LATER, _renewals={})


async def test_a_token_is_used_until_it_is_nearly_over(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    first = await cloud.grants.token(consent.public_id)
    assert await cloud.grants.token(consent.public_id) == first
    assert there.asked.count("/oauth/token") == 1  # the code alone
    left = there.cloud.access_lives - EARLY
    soon = replace(cloud.grants, clock=lambda: datetime.now(UTC) + left + timedelta(seconds=1))
    assert await soon.token(consent.public_id) != first


async def test_fifty_captures_renew_once(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    grants = later(cloud.grants)
    before = there.asked.count("/oauth/token")
    tokens = await asyncio.gather(*(grants.token(consent.public_id) for _ in range(50)))
    assert len(set(tokens)) == 1
    assert there.asked.count("/oauth/token") == before + 1


async def test_processes_at_once_renew_once_and_lose_nothing(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    """Each process has a table of its own; only the database is shared."""
    for _ in range(3):
        there.expire()
        refused = await cloud.grants.token(consent.public_id)
        processes = [replace(cloud.grants, _renewals={}) for _ in range(8)]
        before = there.asked.count("/oauth/token")
        tokens = await asyncio.gather(
            *(one.token(consent.public_id, refused=refused) for one in processes)
        )
        assert len(set(tokens)) == 1
        assert there.asked.count("/oauth/token") == before + 1
        assert there.cloud.owner_of(tokens[0]) is not None
    await consent.refresh_from_db()
    assert (consent.state, consent.version) == (ConsentState.GIVEN, 4)


async def test_processes_at_once_on_postgres(
    postgres: object, cloud_on_postgres: tuple[CameraCloud, CloudConsent, Simulated]
) -> None:
    cloud, consent, there = cloud_on_postgres
    refused = await cloud.grants.token(consent.public_id)
    processes = [replace(cloud.grants, _renewals={}) for _ in range(8)]
    tokens = await asyncio.gather(
        *(one.token(consent.public_id, refused=refused) for one in processes)
    )
    assert len(set(tokens)) == 1
    assert there.asked.count("/oauth/token") == 2
    await consent.refresh_from_db()
    assert (consent.state, consent.version) == (ConsentState.GIVEN, 2)


async def test_a_capture_that_is_cancelled_takes_nothing_with_it(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    grants = later(cloud.grants)
    capture = asyncio.create_task(grants.token(consent.public_id))
    while there.asked.count("/oauth/token") != 2:  # noqa: ASYNC110 - the server has no event
        await asyncio.sleep(0)
    capture.cancel()
    await asyncio.gather(capture, return_exceptions=True)
    await grants.settle()
    await consent.refresh_from_db()
    assert consent.version == 2
    kept = cloud.grants.unseal(consent)
    assert there.cloud.owner_of(kept.access) is not None
    again = await cloud.grants.token(consent.public_id, refused=kept.access)
    assert there.cloud.owner_of(again) is not None, "the next refresh token was kept"


async def test_a_process_that_died_in_a_renewal_costs_a_lease(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    await CloudConsent.filter(id=consent.id).update(renewing_until=past)
    assert await later(cloud.grants).token(consent.public_id)


async def test_a_lost_answer_is_forgiven_by_a_cloud_that_keeps_the_contract(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    there.cloud.forgiven = timedelta(seconds=60)
    refresh = cloud.grants.unseal(consent).refresh
    lost = await cloud.client.refresh(refresh, datetime.now(UTC), 30)
    token = await later(cloud.grants).token(consent.public_id)
    assert token != lost.access
    assert there.cloud.owner_of(token) is not None


async def test_reuse_ends_the_consent_at_a_strict_cloud_and_it_says_so(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    refresh = cloud.grants.unseal(consent).refresh
    await cloud.client.refresh(refresh, datetime.now(UTC), 30)
    with pytest.raises(CameraUnreachable) as caught:
        await later(cloud.grants).token(consent.public_id)
    assert caught.value.phase is Phase.CONSENT


async def test_a_consent_given_anew_is_not_ended_by_an_old_refusal(
    cloud: CameraCloud, there: Simulated, organisation: Organisation, consent: CloudConsent
) -> None:
    seen = await CloudConsent.get(id=consent.id)
    there.withdraw()
    await give_consent(cloud, there, organisation)
    token = await cloud.grants._after_refusal(
        seen,
        CloudConsent.filter(id=seen.id, version=seen.version),
        CloudRefused(Refused.CONSENT),
    )
    assert there.cloud.owner_of(token) is not None


async def test_a_cloud_that_is_not_there_leaves_the_consent_alone(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    there.cloud.set_switches("", {"fail"})
    with pytest.raises(CameraUnreachable) as caught:
        await later(cloud.grants).token(consent.public_id)
    assert caught.value.phase is Phase.SERVICE
    await consent.refresh_from_db()
    assert (consent.state, consent.renewing_until) == (ConsentState.GIVEN, None)


async def test_nothing_but_the_address_of_the_cloud_is_asked(cloud: CameraCloud) -> None:
    """Nobody listens there any more: the error says so in one way."""
    with pytest.raises(CloudUnreachable):
        await cloud.client.cameras("token", 1)


async def test_tokens_lie_sealed_in_the_database(
    cloud: CameraCloud, there: Simulated, consent: CloudConsent
) -> None:
    tokens = cloud.grants.unseal(consent)
    row = str((await CloudConsent.filter(id=consent.id).values())[0])
    assert tokens.access not in row
    assert tokens.refresh not in row
