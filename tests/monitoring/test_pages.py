"""Who may look, what they see, and that nothing caches it (M6, S10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.deliver import deliver_due
from jobs.monitoring import keep_frame
from tests.builders import counted, lost, make_camera, picture
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.connectors import Still
from webapp.domain.health import CameraState
from webapp.models import (
    Alert,
    AlertState,
    AuditEntry,
    Camera,
    Latest,
    MonitoringView,
    Organisation,
)
from webapp.services import Services


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, latest=counted(3))


async def seen(services: Services, camera: Camera, at: datetime | None = None) -> bool:
    at = at or datetime.now(UTC)
    return await keep_frame(services, camera, Still(picture(), at), at)


def path(camera: Camera, what: str = "") -> str:
    return f"/cameras/{camera.public_id}/monitoring{what}"


async def test_it_begins_with_a_button_and_is_written_down(
    alice: Person, camera: Camera, services: Services
) -> None:
    page = await alice.get(path(camera))
    assert "モニタリングを開始" in text_of(page, ".monitor button")
    assert not parsed(page).select(".monitor-frame")
    assert not await seen(services, camera), "nobody looks yet"
    answer = await alice.send_htmx(path(camera, "/start"))
    assert "次に解析した画像から" in text_of(answer, ".monitor")
    assert one(answer, ".monitor")["hx-trigger"] == "every 5s"
    assert await seen(services, camera)
    answer = await alice.send_htmx(path(camera, "/look"))
    assert one(answer, ".monitor")["hx-trigger"] == "every 60s"
    frame = await alice.get(str(one(answer, ".monitor-frame")["src"]))
    assert frame.status_code == 200
    assert frame.headers["content-type"] == "image/jpeg"
    assert frame.headers["cache-control"] == "no-store"
    assert frame.content.startswith(b"\xff\xd8\xff")
    entry = await AuditEntry.get(action="monitoring_started")
    assert (entry.actor_name, entry.target) == ("Alice", camera.public_id)
    assert "モニタリングの開始" in (await alice.get("/organisation/audit")).text
    await alice.send_htmx(path(camera, "/stop"))
    assert (await alice.get(path(camera, "/frame"))).status_code == 204


async def test_only_a_picture_that_stands_still_is_called_so(
    alice: Person, camera: Camera, services: Services
) -> None:
    whose = {"organisation_id": camera.organisation_id}
    alert = await Alert.create(**whose, camera=camera, is_on=True, thresholds=[9])
    await AlertState.create(**whose, alert=alert)
    await alice.send_htmx(path(camera, "/start"))
    assert await seen(services, camera)
    assert "更新できていません" not in text_of(await alice.get(path(camera)), ".monitor-bar")
    await Latest.filter(camera_id=camera.id).update(state=CameraState.UNREACHABLE)
    assert "更新できていません" in text_of(await alice.get(path(camera)), ".monitor-bar")


async def test_every_start_is_written_down_and_looking_on_is_not(
    alice: Person, camera: Camera
) -> None:
    for what in ("/start", "/look", "/look", "/stop", "/start"):
        await alice.send_htmx(path(camera, what))
    assert await AuditEntry.filter(action="monitoring_started").count() == 2


async def test_nobody_sees_a_frame_without_having_started(
    alice: Person,
    bob: Person,
    charlie: Person,
    anonymous: Person,
    camera: Camera,
    services: Services,
) -> None:
    await alice.send_htmx(path(camera, "/start"))
    await seen(services, camera)
    await Organisation.filter(id=camera.organisation_id).update(monitoring_allowed=True)
    answer = await bob.get(path(camera, "/frame"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await charlie.get(path(camera, "/frame"))).status_code == 404
    assert (await anonymous.get(path(camera, "/frame"))).status_code == 303


async def test_general_members_look_as_the_settings_allow(
    alice: Person, bob: Person, camera: Camera, services: Services
) -> None:
    for answer in (await bob.get(path(camera)), await bob.send_htmx(path(camera, "/start"))):
        assert answer.status_code == 403
    assert "view=monitoring" not in (await bob.get("/cameras")).text
    assert "view=monitoring" in (await alice.get("/cameras")).text
    # Somebody who types the address gets the first view.
    assert not parsed(await bob.get("/cameras?view=monitoring")).select(".monitor")
    await Organisation.filter(id=camera.organisation_id).update(monitoring_allowed=True)
    assert "view=monitoring" in (await bob.get("/cameras")).text
    await bob.send_htmx(path(camera, "/start"))
    await seen(services, camera)
    assert (await bob.get(path(camera, "/frame"))).status_code == 200
    await Organisation.filter(id=camera.organisation_id).update(monitoring_allowed=False)
    assert (await bob.get(path(camera, "/frame"))).status_code == 403
    assert not await seen(services, camera), "and nothing is kept for him"


async def test_the_list_shows_every_camera_and_remembers_what_was_started(
    alice: Person, camera: Camera, organisation: Organisation, services: Services
) -> None:
    await make_camera(organisation, "南口")
    await alice.send_htmx(path(camera, "/start"))
    await seen(services, camera)
    page = await alice.get("/cameras?view=monitoring")
    assert len(parsed(page).select(".monitor")) == 2
    assert len(parsed(page).select(".monitor-frame")) == 1
    assert len(parsed(page).select("form[action$=start]")) == 1


async def test_a_group_monitors_its_default_camera(
    alice: Person, camera: Camera, organisation: Organisation
) -> None:
    made = await alice.send_form("/groups/new", name="広場", camera=[camera.public_id])
    assert made.status_code == 303, made.text
    page = await alice.get("/groups?view=monitoring")
    assert parsed(page).select(f'form[action="{path(camera, "/start")}"]')


@pytest.mark.parametrize(
    ("latest", "fields", "said"),
    [
        (lost(), {}, "カメラに接続できません"),
        (counted(1), {"stopped": "ended"}, "有効期限が過ぎたため"),
        ({}, {"is_open": False}, "営業時間外のため"),
    ],
)
async def test_no_picture_says_why(
    latest: dict[str, Any],
    fields: dict[str, Any],
    said: str,
    alice: Person,
    organisation: Organisation,
) -> None:
    camera = await make_camera(organisation, latest=latest, **fields)
    answer = await alice.send_htmx(path(camera, "/start"))
    assert said in text_of(answer, ".monitor-empty")


async def test_a_stale_frame_is_not_shown(
    alice: Person, camera: Camera, services: Services
) -> None:
    await alice.send_htmx(path(camera, "/start"))
    now = datetime.now(UTC)
    assert await keep_frame(services, camera, Still(picture(), now - timedelta(minutes=6)), now)
    assert (await alice.get(path(camera, "/frame"))).status_code == 204


async def test_a_removed_camera_takes_its_frame_along(
    alice: Person, camera: Camera, services: Services
) -> None:
    await alice.send_htmx(path(camera, "/start"))
    await seen(services, camera)
    assert list(services.storage.list_sync("live"))
    await alice.send_form(f"/cameras/{camera.public_id}/delete", confirm="yes")
    await deliver_due(services, datetime.now(UTC))
    assert not list(services.storage.list_sync("live"))
    assert not await MonitoringView.exists()


async def test_no_address_for_pictures_leads_to_a_frame(
    alice: Person, anonymous: Person, camera: Camera, services: Services
) -> None:
    await alice.send_htmx(path(camera, "/start"))
    await seen(services, camera)
    [(key, _)] = list(services.storage.list_sync("live"))
    for person in (alice, anonymous):
        assert (await person.get(f"/pictures/{key}")).status_code == 404
