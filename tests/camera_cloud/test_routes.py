"""Asking for a consent, choosing cameras, giving up: the screens over the real cloud (C1)."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from jobs.deliver import deliver_due
from tests.builders import make_camera
from tests.camera_cloud.conftest import give_consent
from tests.cloud_server import Simulated, parameters
from tests.html import parsed
from tests.people import Person
from webapp.camera_cloud.cloud import CameraCloud
from webapp.domain.health import CameraState
from webapp.models import AuditEntry, Camera, CloudConsent, ConsentState, Organisation, Outbox
from webapp.services import Services

AUTHORISE = "/camera-cloud/authorise?next=/cameras/new/cloud"


async def leave(person: Person, path: str = AUTHORISE) -> str:
    response = await person.get(path)
    assert response.status_code == 303
    return response.headers["location"]


async def come_back(person: Person, address: str) -> tuple[int, str, str]:
    """Status, where it leads, and the page."""
    parts = urlsplit(address)
    response = await person.get(f"{parts.path}?{parts.query}")
    return response.status_code, response.headers.get("location", ""), response.text


async def test_an_owner_consents_and_cameras_are_added(
    alice: Person, there: Simulated, services: Services, organisation: Organisation
) -> None:
    assert "許可の画面へ進む" in (await alice.get("/cameras/new/cloud")).text
    address = await there.consent(await leave(alice))
    assert await come_back(alice, address) == (303, "/cameras/new/cloud?done=cloud_consented", "")
    consent = await CloudConsent.get()
    assert (consent.owner_name, consent.given_by) == ("はじめての図書館 カメラ管理者", "Alice")
    page = (await alice.get("/cameras/new/cloud")).text
    assert page.count('name="cameras"') == 5
    assert page.count("disabled") == 1, "one has no option"
    keys = [f"{consent.public_id}/cam-201", f"{consent.public_id}/cam-202"]
    response = await alice.post(
        "/cameras/new/cloud", data={"csrf": alice.csrf, "cameras": [*keys, keys[0]]}
    )
    assert response.headers["location"] == "/cameras?done=cameras_added"
    assert sorted([camera.name for camera in await Camera.all()]) == ["正面入口", "閲覧室前"]
    again = await alice.post("/cameras/new/cloud", data={"csrf": alice.csrf, "cameras": keys})
    assert again.status_code == 303, "another tab was faster"
    assert await Camera.all().count() == 2
    actions = await AuditEntry.all().order_by("id").values_list("action", flat=True)
    assert actions == ["cloud_consented", "camera_added", "camera_added"]
    listed = await alice.get("/cameras/manage")
    assert "カメラクラウド" in listed.text


@pytest.mark.parametrize("keys", [[], ["nothing"], ["{consent}/cam-204"], ["{consent}/cam-101"]])
async def test_what_cannot_be_chosen_is_said_and_adds_nothing(
    alice: Person, there: Simulated, consent: CloudConsent, keys: list[str]
) -> None:
    chosen = [f"{consent.public_id}/cam-201", *keys] if keys else []
    chosen = [key.replace("{consent}", consent.public_id) for key in chosen]
    response = await alice.post("/cameras/new/cloud", data={"csrf": alice.csrf, "cameras": chosen})
    assert response.status_code == 422
    assert 'id="cameras-error"' in response.text
    if keys:
        assert "checked" in response.text, "what was chosen is still ticked"
    assert not await Camera.exists()


async def test_a_code_is_good_for_the_browser_and_member_that_asked(
    alice: Person, charlie: Person, there: Simulated
) -> None:
    address = await there.consent(await leave(alice))
    await leave(charlie)
    status, _, page = await come_back(charlie, address)
    assert status == 400
    assert "やり直してください" in page
    charlie.cookies.update(alice.cookies)
    assert not await CloudConsent.exists()


async def test_foreign_answers_write_nothing_and_say_what_to_do(
    alice: Person, there: Simulated
) -> None:
    way = await leave(alice)
    state = parameters(way)["state"]
    wrong = {
        "state=other&code=x": (400, "やり直してください"),
        "code=x": (400, "やり直してください"),
        f"state={state}": (400, "受け取れませんでした"),
        f"state={state}&code=made-up": (400, "受け取れませんでした"),
        f"state={state}&code={'x' * 3000}": (400, "受け取れませんでした"),
        f"state={state}&error=server_error": (400, "受け取れませんでした"),
        f"state={state}&error=access_denied": (200, "許可されませんでした"),
    }
    for query, (expected, words) in wrong.items():
        way = await leave(alice)
        query = query.replace(state, parameters(way)["state"])
        response = await alice.get(f"/camera-cloud/callback?{query}")
        assert (response.status_code, words in response.text) == (expected, True), query
        assert "Max-Age=0" in response.headers["set-cookie"], "the attempt is over"
    assert (await alice.get("/camera-cloud/callback?state=&code=x")).status_code == 400
    assert not await CloudConsent.exists()


async def test_an_owner_may_say_no(alice: Person, there: Simulated) -> None:
    address = await there.consent(await leave(alice), answer="refuse")
    assert parameters(address)["error"] == "access_denied"
    status, _, page = await come_back(alice, address)
    assert (status, "許可されませんでした" in page) == (200, True)


async def test_a_code_is_redeemed_once(alice: Person, there: Simulated) -> None:
    address = await there.consent(await leave(alice))
    cookies = dict(alice.cookies)
    assert (await come_back(alice, address))[0] == 303
    alice.cookies.update(cookies)
    assert (await come_back(alice, address))[0] == 400


async def test_a_cloud_that_is_down_is_said_in_words(
    alice: Person, there: Simulated, consent: CloudConsent
) -> None:
    way = await leave(alice)
    address = await there.consent(way)
    there.cloud.set_switches("", {"fail"})
    status, _, page = await come_back(alice, address)
    assert (status, "応答がありません" in page) == (503, True)
    for path in ("/camera-cloud", "/cameras/new/cloud"):
        page = (await alice.get(path)).text
        assert "カメラクラウドから応答がありません" in page


async def test_a_camera_without_consent_shows_it_and_asks_again(
    alice: Person,
    bob: Person,
    there: Simulated,
    consent: CloudConsent,
    services: Services,
    organisation: Organisation,
) -> None:
    sealed = services.sealer.seal({"consent": consent.public_id, "camera": "cam-201"})
    lost = {"state": CameraState.UNREACHABLE, "detail": "consent", "since": datetime.now(UTC)}
    camera = await make_camera(organisation, connector="camera_cloud", sealed=sealed, latest=lost)
    there.withdraw()
    for path in ("/cameras", f"/cameras/{camera.public_id}"):
        page = (await alice.get(path)).text
        assert "許可がなくなりました" in page
        assert f"/cameras/{camera.public_id}/consent" in page
        assert f"/cameras/{camera.public_id}/consent" not in (await bob.get(path)).text
    to = (await alice.get(f"/cameras/{camera.public_id}/consent")).headers["location"]
    address = await there.consent(await leave(alice, to))
    assert (await come_back(alice, address))[:2] == (
        303,
        f"/cameras/{camera.public_id}?done=cloud_consented",
    )
    await consent.refresh_from_db()
    assert consent.state is ConsentState.GIVEN
    for path in ("/cameras", f"/cameras/{camera.public_id}"):
        page = (await alice.get(path)).text
        assert "カメラに接続できません" in page, "what is known stays until the next picture"
        assert f"/cameras/{camera.public_id}/consent" not in page


async def test_another_owner_does_not_renew_it_and_that_is_said(
    alice: Person, there: Simulated, consent: CloudConsent
) -> None:
    way = await leave(alice, f"/camera-cloud/authorise?consent={consent.public_id}&next=/cameras")
    address = await there.consent(way, owner="owner-machi")
    assert (await come_back(alice, address))[1] == "/cameras?done=cloud_other_owner"
    assert await CloudConsent.all().count() == 2


async def test_a_consent_that_is_given_up_ends_here_and_there(
    alice: Person, there: Simulated, consent: CloudConsent, services: Services
) -> None:
    page = await alice.get(f"/camera-cloud/{consent.public_id}/give-up")
    assert consent.owner_name in page.text
    for _ in range(2):
        response = await alice.send_form(f"/camera-cloud/{consent.public_id}/give-up")
        assert response.headers["location"] == "/camera-cloud?done=cloud_given_up"
    await consent.refresh_from_db()
    assert (consent.state, consent.sealed_tokens) == (ConsentState.GIVEN_UP, "")
    assert there.cloud.living_consents("owner-toshokan"), "the cloud is told by the outbox"
    there.cloud.set_switches("", {"fail"})
    await deliver_due(services, datetime.now(UTC))
    there.cloud.set_switches("", set())
    await Outbox.all().update(due_at=datetime.now(UTC))
    await deliver_due(services, datetime.now(UTC))
    assert not there.cloud.living_consents("owner-toshokan")
    assert await AuditEntry.filter(action="cloud_given_up").count() == 1


async def test_a_stranger_finds_no_consent_of_others(
    charlie: Person, there: Simulated, consent: CloudConsent, cloud: CameraCloud
) -> None:
    for method in ("GET", "POST"):
        response = await charlie.request(
            method,
            f"/camera-cloud/{consent.public_id}/give-up",
            **({"data": {"csrf": charlie.csrf}} if method == "POST" else {}),
        )
        assert response.status_code == 404
    keys = [f"{consent.public_id}/cam-201"]
    response = await charlie.post(
        "/cameras/new/cloud", data={"csrf": charlie.csrf, "cameras": keys}
    )
    assert response.status_code == 422
    assert not await Camera.exists()
    await give_consent(cloud, there, await Organisation.get(name="やまて図書館"))
    assert await CloudConsent.all().count() == 2, "each organisation has a consent of its own"


async def test_the_form_of_a_cloud_camera_keeps_where_it_leads(
    alice: Person, there: Simulated, consent: CloudConsent, services: Services
) -> None:
    keys = [f"{consent.public_id}/cam-201"]
    await alice.post("/cameras/new/cloud", data={"csrf": alice.csrf, "cameras": keys})
    camera = await Camera.get()
    path = f"/cameras/{camera.public_id}/edit"
    assert "カメラクラウドのカメラです" in (await alice.get(path)).text
    form = {
        "name": "北の入口",
        "connector": "camera_cloud",
        "engine": "standard",
        "level": "3",
        "is_open": "1",
        "consent": "elsewhere",
        "camera": "cam-205",
    }
    hidden = parsed(await alice.get(path)).select("main input[type=hidden][name]")
    fields = {str(tag["name"]): str(tag.get("value", "")) for tag in hidden}
    assert (await alice.post(path, data={**fields, **form})).status_code == 303
    camera = await Camera.get()
    source = {"consent": consent.public_id, "camera": "cam-201"}
    assert services.sealer.unseal(camera.source) == source
    assert camera.name == "北の入口"
    kinds = parsed(await alice.get("/cameras/new/network")).select("input[name=connector]")
    assert "camera_cloud" not in {str(kind["value"]) for kind in kinds}
