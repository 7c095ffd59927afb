"""差し替え to a camera of the cloud: what hangs on the row stays, two never get one (S9, C1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.builders import counted, make_background, make_camera, make_embed, make_hour
from tests.cloud_server import Simulated
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.models import (
    AuditEntry,
    Background,
    Camera,
    CloudConsent,
    EmbedKey,
    Latest,
    Observation,
    Organisation,
)
from webapp.services import Services


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    sealed = services.sealer.seal({"url": "http://192.168.0.9/old.jpg", "password": "geheim"})
    camera = await make_camera(organisation, latest=counted(4), sealed=sealed)
    await make_background(services, camera)
    await make_embed(camera)
    await make_hour(camera, [3, 4], datetime.now(UTC))
    return camera


def path_of(camera: Camera) -> str:
    return f"/cameras/{camera.public_id}/replace/cloud"


async def test_a_cloud_camera_takes_a_cameras_place(
    alice: Person, there: Simulated, consent: CloudConsent, services: Services, camera: Camera
) -> None:
    network = await alice.get(f"/cameras/{camera.public_id}/replace")
    assert one(network, f"a[href='{path_of(camera)}']")
    page = await alice.get(path_of(camera))
    assert "geheim" not in page.text
    assert len(parsed(page).select("input[type=radio][name=cameras]")) == 5
    key = f"{consent.public_id}/cam-202"
    answer = await alice.save(path_of(camera), cameras=key)
    place = f"/cameras/{camera.public_id}/background?done=camera_replaced"
    assert answer.headers["location"] == place
    kept = await Camera.get(id=camera.id)
    assert kept.connector == "camera_cloud"
    source = {"consent": consent.public_id, "camera": "cam-202"}
    assert services.sealer.unseal(kept.source) == source
    assert (kept.public_id, kept.name, kept.engine) == (camera.public_id, camera.name, "standard")
    assert await EmbedKey.filter(camera_id=camera.id).exists()
    assert await Observation.filter(camera_id=camera.id).count() == 2
    assert not await Background.filter(camera_id=camera.id).exists()
    latest = await Latest.get(camera_id=camera.id)
    assert latest.count is None
    # The other camera's pictures have a shape of their own.
    assert (latest.picture_width, latest.picture_height) == (0, 0)
    kinds = parsed(await alice.get(f"/cameras/{camera.public_id}/replace"))
    assert not kinds.select("input[name=connector][value=camera_cloud]")
    told = await AuditEntry.get(action="camera_replaced")
    assert told.target == camera.public_id
    assert told.details["changed"]["source"] is None


async def test_what_cannot_take_its_place_is_said_and_changes_nothing(
    alice: Person, there: Simulated, consent: CloudConsent, camera: Camera
) -> None:
    taken = f"{consent.public_id}/cam-201"
    await alice.post("/cameras/new/cloud", data={"csrf": alice.csrf, "cameras": [taken]})
    for key in ("", "x", f"{consent.public_id}/cam-204", taken):
        answer = await alice.save(path_of(camera), cameras=key)
        assert answer.status_code == 422, key
        assert text_of(answer, "#cameras-error")
        owners = parsed(answer).select("fieldset.cloud-owner")
        assert [owner["aria-describedby"] for owner in owners] == ["cameras-error"]
    assert (await Camera.get(id=camera.id)).source == camera.source
    assert await Background.filter(camera_id=camera.id).exists()


async def test_the_second_admin_is_told_and_the_choice_is_kept(
    alice: Person, there: Simulated, consent: CloudConsent, camera: Camera
) -> None:
    old = str(one(await alice.get(path_of(camera)), "input[name=version]")["value"])
    await alice.save(path_of(camera), cameras=f"{consent.public_id}/cam-201")
    key = f"{consent.public_id}/cam-202"
    answer = await alice.send_form(path_of(camera), version=old, cameras=key)
    assert answer.status_code == 409
    assert one(answer, "#changed-meanwhile")
    assert one(answer, "input[name=cameras][checked]")["value"] == key
    version = str(one(answer, "input[name=version]")["value"])
    again = await alice.send_form(path_of(camera), version=version, cameras=key)
    assert again.status_code == 303


async def test_without_a_consent_it_leads_to_the_owner_and_back(
    alice: Person, bob: Person, charlie: Person, there: Simulated, camera: Camera
) -> None:
    page = await alice.get(path_of(camera))
    assert one(page, f"a[href='/camera-cloud/authorise?next={path_of(camera)}']")
    assert (await bob.get(path_of(camera))).status_code == 403
    assert (await charlie.get(path_of(camera))).status_code == 404
