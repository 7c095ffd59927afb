"""The editor of 混雑アラート: what is kept, what is refused and where it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from bs4 import BeautifulSoup

from tests.alerts.test_live import make_alert, minutes
from tests.builders import make_camera, make_group, make_hour, picture
from tests.people import Person
from webapp.alerts.forms import normal_address
from webapp.alerts.gallery import TEMPLATES, choices, draw
from webapp.alerts.log import PAGE
from webapp.alerts.rules import read_stages
from webapp.alerts.trial import try_out
from webapp.alerts.unsubscribing import unsubscribe_url
from webapp.domain.alerts import Policy, replay
from webapp.errors import UserError
from webapp.models import (
    Alert,
    AlertEvent,
    AlertState,
    AuditEntry,
    Camera,
    EventKind,
    Organisation,
)
from webapp.services import Services


def read(text: str) -> BeautifulSoup:
    """The page."""
    return BeautifulSoup(text, "html.parser")


GOOD: dict[str, Any] = {
    "is_on": "1",
    "stages": "3",
    "threshold_2": "10",
    "threshold_3": "20",
    "picture_3": "1",
    "source_3": "template",
    "template_3": "busy_later.ja",
    "mail_3": "1",
    "address_3_1": "staff@shop.test",
}


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, "正面入口")


async def version(person: Person, path: str) -> str:
    page = read((await person.get(path)).text)
    return str(page.select_one("input[name=version]")["value"])  # type: ignore[index]


async def save(person: Person, camera: Camera, **changes: Any) -> Any:
    path = f"/cameras/{camera.public_id}/alerts"
    fields = {"version": await version(person, path), **GOOD, **changes}
    return await person.send_form(path, **fields)


async def test_an_alert_is_kept_with_its_picture_drawn(
    alice: Person, camera: Camera, services: Services
) -> None:
    response = await save(alice, camera)
    assert response.status_code == 303, response.text
    alert = await Alert.get()
    stages = read_stages(alert.stage_settings)
    assert (alert.is_on, alert.thresholds) == (True, [10, 20])
    assert stages[2].addresses == ("staff@shop.test",)
    assert await services.storage.get(stages[2].picture) == draw("busy_later.ja")
    assert (await AlertState.get()).stage == 1
    entry = await AuditEntry.get(action="alert_changed")
    assert entry.details["changed"]["thresholds"] == ["", "10・20"]
    assert "staff@shop.test" not in str(entry.details)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"threshold_2": "20", "threshold_3": "10"}, "threshold_3"),
        ({"threshold_2": "20", "threshold_3": "20"}, "threshold_3"),
        ({"threshold_2": "1000"}, "threshold_2"),
        ({"threshold_2": "-1"}, "threshold_2"),
        ({"threshold_2": ""}, "threshold_2"),
        ({"threshold_2": "1.5"}, "threshold_2"),
        ({"threshold_2": "１e3"}, "threshold_2"),
        ({"address_3_1": "nobody"}, "address_3_1"),
        ({"address_3_1": "a@b\r\nBcc: c@d"}, "address_3_1"),
        ({"address_3_1": "入口@shop.test"}, "address_3_1"),
        ({"address_3_1": ""}, "address_3_1"),
        ({"template_3": "nonsense"}, "picture_3"),
        ({"webhook_url": "ftp://shop.test"}, "webhook_url"),
        ({"mqtt_url": "mqtt://"}, "mqtt_url"),
        ({"mqtt_url": "mqtt://a.test", "mqtt_topic": "a/#"}, "mqtt_topic"),
    ],
)
async def test_what_makes_no_sense_is_said_at_the_field_and_nothing_is_lost(
    alice: Person, camera: Camera, changes: dict[str, str], field: str
) -> None:
    response = await save(alice, camera, **changes)
    assert response.status_code == 422
    page = read(response.text)
    assert page.select_one(f"#{field}-error")
    assert page.select_one("[name=template_3]")
    entered = {**GOOD, **changes}
    shown = page.select_one("#threshold_2")
    assert shown is not None
    assert shown["value"] == entered["threshold_2"]
    assert await Alert.all().count() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address_3_1": "nobody"}, "address_3_1"),
        ({"stages": "2", "address_3_2": "a@b\r\nBcc: c@d"}, "address_3_2"),
        ({"threshold_2": "1000"}, "threshold_2"),
        ({"threshold_2": "20", "threshold_3": "10"}, "threshold_3"),
        ({"threshold_2": "", "threshold_3": "20"}, "threshold_2"),
        ({"webhook_url": "javascript:alert(1)"}, "webhook_url"),
    ],
)
async def test_what_is_typed_while_the_alert_is_off_is_judged_all_the_same(
    alice: Person, camera: Camera, changes: dict[str, str], field: str
) -> None:
    response = await save(alice, camera, is_on="", **changes)
    assert response.status_code == 422
    assert read(response.text).select_one(f"#{field}-error")
    assert await Alert.all().count() == 0


async def test_an_alert_that_is_off_may_be_unfinished(alice: Person, camera: Camera) -> None:
    unfinished = {"threshold_2": "", "threshold_3": "", "address_3_1": ""}
    assert (await save(alice, camera, is_on="", **unfinished)).status_code == 303
    assert not (await Alert.get()).is_on
    assert (await save(alice, camera, is_on="1", **unfinished)).status_code == 422


async def test_what_is_typed_while_it_is_off_takes_the_place_of_what_was(
    alice: Person, camera: Camera
) -> None:
    await save(alice, camera)
    assert (
        await save(alice, camera, is_on="", threshold_2="30", threshold_3="")
    ).status_code == 303
    assert (await Alert.get()).thresholds == [30]
    page = read((await alice.get(f"/cameras/{camera.public_id}/alerts")).text)
    assert [page.select_one(f"#threshold_{k}")["value"] for k in (2, 3)] == ["30", ""]  # type: ignore[index]
    # Where nothing was typed at all, nothing is forgotten.
    await save(alice, camera, is_on="", threshold_2="", threshold_3="")
    assert (await Alert.get()).thresholds == [30]


async def test_no_event_is_lost_where_a_page_of_the_log_ends(alice: Person, camera: Camera) -> None:
    """Several events share a minute, also across the border between two pages."""
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    for number in range(2 * PAGE + 5):
        await AlertEvent.create(
            organisation_id=camera.organisation_id,
            camera=camera,
            minute=noon + timedelta(minutes=number // 7),
            kind=EventKind.RISE,
            count=number,
        )
    path, seen = f"/cameras/{camera.public_id}/alerts/log", list[int]()
    query = ""
    for _ in range(3):
        page = read((await alice.get(path + query)).text)
        counts = [span.text for span in page.select(".line-head > span:not(.state)")]
        seen += [int(text.removesuffix("人")) for text in counts]
        older = page.select_one("a[href^='?before=']")
        query = str(older["href"]) if older else ""
    assert query == ""
    assert seen == list(range(2 * PAGE + 5))[::-1]
    assert (await alice.get(f"{path}?before=nonsense")).status_code == 200


async def test_wide_digits_are_digits(alice: Person, camera: Camera) -> None:
    assert (await save(alice, camera, threshold_2="１２")).status_code == 303
    assert (await Alert.get()).thresholds == [12, 20]


def test_a_domain_in_japanese_becomes_one_that_mail_servers_know() -> None:
    assert normal_address("a@にぎわい.test") == "a@xn--n8jta0gtg.test"
    for wrong in ("a@b\r\nc", "a" * 400 + "@b.test", "a@", "@b", "a b@c"):
        with pytest.raises(UserError):
            normal_address(wrong)


async def test_the_second_of_two_admins_is_told(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}/alerts"
    seen = await version(alice, path)
    assert (await save(alice, camera)).status_code == 303
    response = await alice.send_form(path, version=seen, **{**GOOD, "threshold_2": "7"})
    assert response.status_code == 409
    page = read(response.text)
    assert page.select_one("#changed-meanwhile")
    assert page.select_one("#threshold_2")["value"] == "7"  # type: ignore[index]
    assert (await Alert.get()).thresholds == [10, 20]


async def test_an_uploaded_picture_is_drawn_anew_and_kept_over_an_error(
    alice: Person, camera: Camera, services: Services
) -> None:
    path = f"/cameras/{camera.public_id}/alerts"
    fields = {**GOOD, "source_3": "upload", "threshold_3": "5"}
    shown = await version(alice, path)
    response = await alice.send_file(path, "upload_3", picture(), version=shown, **fields)
    assert response.status_code == 422
    kept = read(response.text).select_one("[name=kept_3]")["value"]  # type: ignore[index]
    fields |= {"threshold_3": "30", "kept_3": kept}
    assert (await alice.send_form(path, version=shown, **fields)).status_code == 303
    stage = read_stages((await Alert.get()).stage_settings)[2]
    assert stage.picture == kept
    stored = await services.storage.get(stage.picture)
    assert stored is not None
    assert stored != picture()


@pytest.mark.parametrize(
    "data",
    [
        picture(320, 240, ".png"),
        picture(1930, 100),
        picture(100, 1290),
        b"\xff\xd8 no picture",
        picture()[:300],
        b"GIF89a",
        cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (1200, 1500, 3), np.uint8))[
            1
        ].tobytes(),
    ],
    ids=["png", "wide", "high", "nonsense", "cut", "gif", "heavy"],
)
async def test_pictures_that_are_refused(alice: Person, camera: Camera, data: bytes) -> None:
    path = f"/cameras/{camera.public_id}/alerts"
    shown = await version(alice, path)
    fields = {**GOOD, "source_3": "upload"}
    response = await alice.send_file(path, "upload_3", data, version=shown, **fields)
    assert response.status_code == 422
    assert read(response.text).select_one("#upload_3-error")
    assert await Alert.all().count() == 0


async def test_nobody_shows_the_picture_of_another_organisation(
    alice: Person, camera: Camera
) -> None:
    stolen = f"alerts/{'x' * 12}/{'0' * 32}.jpg"
    response = await save(alice, camera, source_3="upload", kept_3=stolen)
    assert response.status_code == 422
    assert stolen not in response.text


async def test_the_trial_is_the_live_run(alice: Person, camera: Camera) -> None:
    counts: list[int | None] = [*[2] * 10, *[15] * 10, *[25] * 10, None, *[2] * 10]
    await make_hour(camera, counts, datetime.now(UTC) - timedelta(minutes=5))
    path = f"/cameras/{camera.public_id}/alerts/trial"
    response = await alice.send_htmx(path, **GOOD)
    assert response.status_code == 200, response.text
    rows = [
        [cell.get_text(strip=True) for cell in row.select("td")]
        for row in read(response.text).select("tbody tr")
    ]
    assert [row[1:] for row in rows] == [["—", "—"], ["1", "0"], ["1", "1"]]
    assert await Alert.all().count() == 0
    assert await AlertEvent.all().count() == 0


def test_a_month_is_tried_by_the_same_state_machine() -> None:
    samples = minutes(*([3, 12, 12, 25, 25, 3, 3, None] * 200))
    policy = Policy((10, 20), frozenset({2, 3}))
    steps = list(replay(policy, samples, timedelta(minutes=1)))
    tried = try_out(policy, samples, timedelta(minutes=1))
    assert [stage.minutes for stage in tried.stages] == [
        sum(
            state.stage == stage
            for (state, _), one in zip(steps, samples, strict=True)
            if one.count is not None
        )
        for stage in (1, 2, 3)
    ]
    told = [change.tells for _, change in steps if change and change.tells]
    assert [stage.told for stage in tried.stages] == [told.count(stage) for stage in (1, 2, 3)]
    assert tried.unknown == 200


async def test_a_test_says_why_it_failed_and_stands_in_the_log(
    alice: Person, camera: Camera
) -> None:
    path = f"/cameras/{camera.public_id}/alerts"
    response = await alice.send_htmx(f"{path}/test", test="address_3_1", **GOOD)
    assert response.status_code == 422
    assert "メールの送信が設定されていません" in response.text
    log = (await alice.get(f"{path}/log")).text
    assert "staff@shop.test" in log
    assert "メールの送信が設定されていません" in log
    assert (await alice.send_htmx(f"{path}/test", test="csrf", **GOOD)).status_code == 422


async def test_tests_are_not_sent_without_end(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}/alerts/test"
    for _ in range(20):
        await alice.send_htmx(path, test="address_3_1", **GOOD)
    response = await alice.send_htmx(path, test="address_3_1", **GOOD)
    assert "テスト送信が多すぎます" in response.text
    assert await AlertEvent.all().count() == 20


@pytest.mark.parametrize("entered", ["9999999999", "9" * 30, "-1", "²"])
async def test_a_threshold_that_is_wrong_does_not_hinder_a_test(
    alice: Person, camera: Camera, entered: str
) -> None:
    path = f"/cameras/{camera.public_id}/alerts/test"
    wrong = {"threshold_2": entered, "threshold_3": entered}
    response = await alice.send_htmx(path, test="address_3_1", **{**GOOD, **wrong})
    assert response.status_code == 422
    assert "メールの送信が設定されていません" in response.text
    assert (await AlertEvent.get()).threshold is None


async def test_secrets_are_sealed_and_never_shown(
    alice: Person, bob: Person, camera: Camera
) -> None:
    more = {"mqtt_url": "mqtt://b.test", "mqtt_topic": "a", "mqtt_password": "geheim-1"}
    assert (await save(alice, camera, webhook_url="https://h.test/x", **more)).status_code == 303
    alert = await Alert.get()
    assert (alert.has_webhook, alert.has_mqtt) == (True, True)
    assert "geheim" not in alert.channels
    path = f"/cameras/{camera.public_id}/alerts"
    assert "geheim" not in (await alice.get(path)).text
    general = (await bob.get(path)).text
    assert "whsec_" not in general
    assert "staff@shop.test" not in general
    assert "h.test" not in general


async def test_an_unsubscribing_link_asks_first_and_ends_one_address(
    anonymous: Person, camera: Camera, services: Services
) -> None:
    alert = await make_alert(camera, addresses=("a@shop.test", "b@shop.test"))
    path = unsubscribe_url(services.settings, alert.id, "a@shop.test").removeprefix(
        services.settings.origin
    )
    assert "a@shop.test" in (await anonymous.get(path)).text
    assert "a@shop.test" in str((await Alert.get()).stage_settings)
    # A mail program's own button, from no page of ours.
    response = await anonymous.post(
        path, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "", "Sec-Fetch-Site": ""}
    )
    assert response.status_code == 200
    assert read_stages((await Alert.get()).stage_settings)[1].addresses == ("b@shop.test",)
    assert await AuditEntry.filter(action="alert_unsubscribed").count() == 1
    assert (await anonymous.get(path[:-3] + "abc")).status_code == 404


async def test_a_groups_alert_is_its_own(
    alice: Person, organisation: Organisation, camera: Camera
) -> None:
    group = await make_group(organisation, "駅前", [camera])
    path = f"/groups/{group.public_id}/alerts"
    fields = {"version": await version(alice, path), **GOOD}
    assert (await alice.send_form(path, **fields)).status_code == 303
    alert = await Alert.get()
    assert (alert.camera_id, alert.group_id) == (None, group.id)
    assert (await alice.get(path)).status_code == 200


def test_every_template_is_drawn_in_both_languages() -> None:
    drawn = {value: draw(value) for value, _, _ in choices()}
    assert len(drawn) == 2 * len(TEMPLATES)
    for data in drawn.values():
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        assert pixels.shape == (720, 1280, 3)
        assert len(data) < 1_000_000
    assert drawn["busy.ja"] != drawn["busy.en"]
    assert draw("busy_later.ja", "13時頃が比較的空いております") != drawn["busy_later.ja"]
    assert draw("busy.ja", "13時頃が比較的空いております") == drawn["busy.ja"]
