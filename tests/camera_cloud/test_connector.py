"""The connector against the simulator, with every switch (C1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from nigiwai_connector_api import CameraUnreachable, Phase, Still

from tests.cloud_server import Simulated
from webapp.models import CloudConsent, ConsentState
from webapp.services import Services

CAMERA = "cam-201"


async def fetch(
    services: Services, consent: CloudConsent, camera: str = CAMERA, within: float = 30
) -> Still:
    source = {"consent": consent.public_id, "camera": camera}
    connector = services.connectors["camera_cloud"]
    return await connector.fetch(source, datetime.now(UTC), within)


async def refused(
    services: Services, consent: CloudConsent, camera: str = CAMERA, within: float = 30
) -> Phase:
    with pytest.raises(CameraUnreachable) as caught:
        await fetch(services, consent, camera, within)
    return caught.value.phase


def pixels(still: Still) -> np.ndarray:
    decoded = cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


def assert_taken_since(began: datetime, still: Still) -> None:
    """It was taken while it was fetched; the cloud tells its time in whole seconds."""
    little = timedelta(seconds=3)
    assert began - little < still.captured_at < datetime.now(UTC) + little


async def test_a_still_comes_with_its_time(
    services: Services, there: Simulated, consent: CloudConsent
) -> None:
    began = datetime.now(UTC)
    still = await fetch(services, consent)
    assert pixels(still).shape == (576, 768, 3)
    assert_taken_since(began, still)


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
async def test_a_wrong_clock_of_the_cloud_changes_nothing(
    services: Services, there: Simulated, consent: CloudConsent, hours: int
) -> None:
    there.skew = timedelta(hours=hours)
    there.expire()
    began = datetime.now(UTC)
    still = await fetch(services, consent)
    assert_taken_since(began, still)


@pytest.mark.parametrize(
    ("switch", "phase"),
    [
        ("fail", Phase.SERVICE),
        ("removed", Phase.GONE),
        ("no_option", Phase.OPTION),
    ],
)
async def test_what_a_switch_does_to_one_camera_the_others_do_not_feel(
    services: Services, there: Simulated, consent: CloudConsent, switch: str, phase: Phase
) -> None:
    there.cloud.set_switches(CAMERA, {switch})
    assert await refused(services, consent) is phase
    assert (await fetch(services, consent, "cam-202")).data
    there.cloud.set_switches(CAMERA, set())
    assert (await fetch(services, consent)).data, "it goes on by itself"


async def test_a_cloud_that_hangs_is_given_up_in_time(
    services: Services, there: Simulated, consent: CloudConsent
) -> None:
    there.cloud.set_switches("", {"hang"})
    began = datetime.now(UTC)
    assert await refused(services, consent, within=0.4) is Phase.SERVICE
    assert datetime.now(UTC) - began < timedelta(seconds=4)


async def test_a_cloud_that_fails_ends_no_consent(
    services: Services, there: Simulated, consent: CloudConsent
) -> None:
    there.expire()
    there.cloud.set_switches("", {"fail"})
    assert await refused(services, consent) is Phase.SERVICE
    await consent.refresh_from_db()
    assert consent.state is ConsentState.GIVEN
    there.cloud.set_switches("", set())
    assert (await fetch(services, consent)).data


async def test_pictures_that_stand_still_are_dark_or_of_another_size(
    services: Services, there: Simulated, consent: CloudConsent
) -> None:
    there.cloud.set_switches(CAMERA, {"freeze"})
    first, second = await fetch(services, consent), await fetch(services, consent)
    assert first.data == second.data
    there.cloud.set_switches(CAMERA, {"freeze", "moved"})
    assert (await fetch(services, consent)).data != first.data
    there.cloud.set_switches(CAMERA, {"dark"})
    assert pixels(await fetch(services, consent)).max() == 0
    there.cloud.set_switches(CAMERA, {"size"})
    assert pixels(await fetch(services, consent)).shape == (432, 576, 3)


@pytest.mark.parametrize(
    ("camera", "phase"),
    [
        ("cam-204", Phase.OPTION),
        ("cam-205", Phase.GONE),  # not recording
        ("cam-101", Phase.GONE),  # another owner's
        ("../cameras", Phase.SERVICE),  # no page of the contract
        ("", Phase.SETTINGS),
    ],
)
async def test_a_camera_that_cannot_be_had(
    services: Services, there: Simulated, consent: CloudConsent, camera: str, phase: Phase
) -> None:
    assert await refused(services, consent, camera) is phase


async def test_a_consent_that_is_withdrawn_ends_and_comes_back_with_a_new_one(
    services: Services, there: Simulated, consent: CloudConsent
) -> None:
    from tests.camera_cloud.conftest import give_consent

    there.withdraw()
    assert await refused(services, consent) is Phase.CONSENT
    await consent.refresh_from_db()
    assert consent.state is ConsentState.ENDED
    before = len(there.asked)
    assert await refused(services, consent) is Phase.CONSENT
    assert len(there.asked) == before, "the cloud is not asked any more"
    assert services.camera_cloud is not None
    again = await give_consent(services.camera_cloud, there, await consent.organisation)
    assert again.id == consent.id
    assert (await fetch(services, consent)).data
