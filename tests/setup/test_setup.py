"""初回設定: every step is kept, whatever the browser does; it can be put off (C3)."""

from __future__ import annotations

import pytest

from tests.builders import make_camera
from tests.cloud_server import Simulated
from tests.html import parsed, text_of
from tests.people import Person
from webapp.models import AuditEntry, Camera, CloudConsent, Organisation, Role
from webapp.setup.steps import first_page


async def where(person: Person) -> str:
    return (await person.get("/setup")).headers["location"]


async def test_it_walks_from_the_first_question_to_the_list(
    alice: Person, there: Simulated, consent: CloudConsent, organisation: Organisation
) -> None:
    assert await where(alice) == "/setup/source"
    assert text_of(await alice.get("/setup/source"), "[aria-current=step]").startswith("1.")
    response = await alice.send_form("/setup/source", kind="cloud")
    assert response.headers["location"] == "/setup/cameras"
    keys = [f"{consent.public_id}/cam-201", f"{consent.public_id}/cam-202"]
    response = await alice.send_form("/setup/cameras", cameras=keys)
    assert response.headers["location"] == "/setup/settings"
    page = await alice.get("/setup/settings")
    backgrounds = [a["href"] for a in parsed(page).select("a[href$='/background']")]
    assert len(backgrounds) == 2
    response = await alice.send_form("/setup/settings")
    assert response.headers["location"] == "/setup/done"
    assert "利用をはじめる" in (await alice.get("/setup/done")).text
    response = await alice.send_form("/setup/done")
    assert response.headers["location"] == "/cameras?done=setup_finished"
    await alice.send_form("/setup/done")
    assert await AuditEntry.filter(action="setup_finished").count() == 1
    await organisation.refresh_from_db()
    assert await first_page(organisation, Role.ADMIN, "/cameras") == "/cameras"


async def test_back_reload_and_a_second_tab_lose_nothing(
    alice: Person, there: Simulated, consent: CloudConsent
) -> None:
    await alice.send_form("/setup/source", kind="cloud")
    keys = [f"{consent.public_id}/cam-201"]
    for _ in range(2):  # two tabs, or Back and again
        response = await alice.send_form("/setup/cameras", cameras=keys)
        assert response.headers["location"] == "/setup/settings"
    assert await Camera.all().count() == 1
    back = parsed(await alice.get("/setup/source"))
    assert back.select_one("input[value=cloud][checked]") is not None
    await alice.send_form("/setup/source", kind="cloud")
    assert await where(alice) == "/setup/settings", "what was reached stays reached"
    response = await alice.send_form("/setup/cameras")
    assert response.headers["location"] == "/setup/settings", "a camera is there already"


async def test_a_step_that_was_not_reached_leads_to_the_one_that_was(alice: Person) -> None:
    for step in ("cameras", "settings", "done"):
        assert (await alice.get(f"/setup/{step}")).headers["location"] == "/setup/source"
        assert (await alice.send_form(f"/setup/{step}")).headers["location"] == "/setup/source"
    assert (await alice.get("/setup/later")).status_code == 404
    assert (await alice.get("/setup/nothing")).status_code == 404


@pytest.mark.parametrize(("step", "fields"), [("source", {"kind": "x"}), ("cameras", {})])
async def test_what_is_missing_is_said(
    alice: Person, there: Simulated, consent: CloudConsent, step: str, fields: dict[str, str]
) -> None:
    await alice.send_form("/setup/source", kind="cloud")
    response = await alice.send_form(f"/setup/{step}", **fields)
    assert response.status_code == 422
    assert parsed(response).select_one("[role=alert]") is not None


async def test_it_can_be_put_off_and_taken_up_again(
    alice: Person, organisation: Organisation
) -> None:
    await alice.send_form("/setup/source", kind="network")
    assert "初回設定に戻る" in (await alice.get("/cameras")).text
    response = await alice.send_form("/setup/later")
    assert response.headers["location"] == "/cameras?done=setup_later"
    page = (await alice.get("/cameras")).text
    assert "初回設定に戻る" not in page
    assert "初回設定を続ける" in page
    await organisation.refresh_from_db()
    assert await first_page(organisation, Role.ADMIN, "/cameras") == "/cameras"
    assert await where(alice) == "/setup/settings"
    assert (await alice.get("/setup/cameras")).status_code == 200


async def test_who_is_led_to_it(organisation: Organisation) -> None:
    assert await first_page(organisation, Role.ADMIN, "/cameras") == "/setup"
    assert await first_page(organisation, Role.GENERAL, "/cameras") == "/cameras"
    assert await first_page(organisation, Role.ADMIN, "/organisation") == "/organisation"
    await make_camera(organisation)
    assert await first_page(organisation, Role.ADMIN, "/cameras") == "/cameras"


async def test_without_a_cloud_there_is_one_kind(alice: Person, bob: Person) -> None:
    assert (await bob.get("/setup")).status_code == 403
    page = (await alice.get("/setup/source")).text
    assert "ネットワークカメラ" in page
    await alice.send_form("/setup/source", kind="network")
    page = await alice.get("/setup/cameras")
    assert parsed(page).select_one("a[href='/cameras/new/network']") is not None
    assert (await alice.send_form("/setup/cameras")).status_code == 422
