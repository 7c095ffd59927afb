"""ライセンス管理, what every page says, and the operator's page (L1-L4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from tests.builders import counted, make_camera, make_embed
from tests.html import error_of, one, parsed, text_of
from tests.people import Person
from webapp.domain.licences import Stop
from webapp.models import (
    AuditEntry,
    CallMonth,
    Camera,
    LicenceChange,
    Member,
    Organisation,
    Session,
)
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.services import Services

AT = datetime(2026, 8, 20, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_august() -> Any:
    with time_machine.travel(AT, tick=True):
        yield


@pytest.fixture
async def licence(services: Services, organisation: Organisation) -> Any:
    """Give Alice's organisation licences."""

    async def give(**terms: str) -> None:
        office = open_office(services.settings)
        await set_licence(office, datetime.now(UTC), organisation=organisation.public_id, **terms)

    return give


async def stay_signed_in() -> None:
    """Time is about to pass; that sign-ins end is another matter."""
    await Session.all().update(expires_at=datetime(2030, 1, 1, tzinfo=UTC))


async def called(organisation: Organisation, calls: int, month: str = "2026-08") -> None:
    await CallMonth.update_or_create({"calls": calls}, organisation=organisation, month=month)


async def test_the_page_shows_what_the_manual_shows(
    bob: Person, licence: Any, organisation: Organisation
) -> None:
    await make_camera(organisation)
    await licence(cameras="3", packs="1")
    await called(organisation, 1202)
    await called(organisation, 999_999, "2026-07")
    page = await bob.get("/licences")
    cells = [cell.get_text(" ", strip=True) for cell in parsed(page).select("tbody td")]
    assert cells == [
        "3",
        "1",
        "2026/08/31 （月更新）",
        "1",
        "2026/08/31 （月更新）",
        "1,202",
        "128,798",
    ]


async def test_without_figures_it_is_unlimited(bob: Person) -> None:
    page = await bob.get("/licences")
    cells = [cell.get_text(strip=True) for cell in parsed(page).select("tbody td")]
    assert cells == ["無制限", "0", "なし", "0", "-", "0", "無制限"]
    assert not parsed(page).select(".licence-notice")


async def test_every_page_says_why_which_and_what_to_do(
    alice: Person, bob: Person, licence: Any, organisation: Organisation
) -> None:
    for name in ("北口", "南口", "東口"):
        await make_camera(organisation, name, latest=counted(4))
    await licence(cameras="1")
    for path in ("/cameras", "/cameras/manage", "/organisation", "/licences"):
        said = text_of(await alice.get(path), ".licence-notice")
        assert "カメラライセンス1台分に対して、3台のカメラ" in said
        assert "2台（南口、東口）の解析を停止しています" in said
        assert "使わないカメラを削除するか、事業者に" in said
        assert "管理ユーザにご連絡ください" in text_of(await bob.get(path), ".licence-notice")


async def test_a_page_that_is_not_there_says_it_too(alice: Person, licence: Any) -> None:
    await licence(cameras="1", cameras_until="2026-08-20")
    await stay_signed_in()
    with time_machine.travel(datetime(2026, 8, 21, 3, 0, tzinfo=UTC)):
        page = await alice.get("/cameras/none")
    assert page.status_code == 404
    assert "有効期限（2026/08/20）が過ぎた" in text_of(page, ".licence-notice")


async def test_many_names_are_cut_short(
    alice: Person, licence: Any, organisation: Organisation
) -> None:
    for number in range(9):
        await make_camera(organisation, f"カメラ{number}")
    await licence(cameras="1")
    said = text_of(await alice.get("/cameras"), ".licence-notice")
    assert "カメラ1、カメラ2、カメラ3、カメラ4、カメラ5 ほか3台" in said


async def test_a_stopped_camera_shows_as_stopped_and_hides_its_count(
    alice: Person, anonymous: Person, licence: Any, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(8712))
    public = await make_embed(camera)
    await licence(cameras="0")
    assert (await Camera.get(id=camera.id)).stopped == Stop.EXCESS
    for path in ("/cameras", f"/cameras/{camera.public_id}"):
        page = await alice.get(path)
        assert "停止中" in text_of(page, ".state-stopped")
        assert "8712" not in page.text
        assert "カメラライセンスが足りないため" in page.text
    page = await anonymous.get(public)
    assert "現在表示できません" in page.text
    assert "8712" not in page.text
    assert "ライセンス" not in page.text, "why is nobody's business outside"


async def test_a_camera_too_many_stands_still_at_once_and_another_takes_its_place(
    alice: Person, licence: Any, organisation: Organisation, services: Services
) -> None:
    first = await make_camera(organisation)
    await licence(cameras="1")
    added = {"name": "南口", "connector": "file", "path": "a.jpg", "engine": "standard"}
    answer = await alice.send_form("/cameras/new", **added, level="3", rotation="0")
    assert answer.status_code == 303, answer.text
    second = await Camera.get(name="南口")
    assert second.stopped == Stop.EXCESS
    await alice.send_form(f"/cameras/{first.public_id}/delete", confirm="yes")
    assert (await Camera.get(id=second.id)).stopped == Stop.NONE


async def test_an_end_is_announced_in_words(alice: Person, licence: Any) -> None:
    await licence(cameras="3", cameras_until="2026-09-02")
    said = text_of(await alice.get("/cameras"), ".licence-notice")
    assert "有効期限は2026/09/02です" in said
    await stay_signed_in()
    with time_machine.travel(datetime(2026, 8, 19, 14, 0, tzinfo=UTC)):
        assert not parsed(await alice.get("/cameras")).select(".licence-notice")


async def test_few_calls_are_told_until_they_are_put_away(
    alice: Person, bob: Person, licence: Any, organisation: Organisation
) -> None:
    await make_camera(organisation)
    await licence(cameras="1")
    await called(organisation, 5000)
    assert not parsed(await alice.get("/cameras")).select(".licence-notice")
    await called(organisation, 5001)
    page = await alice.get("/cameras")
    assert "残数は4,999回です" in text_of(page, ".licence-notice")
    assert (await alice.send_form("/licences/few-calls/hide")).status_code == 303
    assert not parsed(await alice.get("/cameras")).select(".licence-notice")
    assert parsed(await bob.get("/cameras")).select(".licence-notice"), "it was Alice's"
    member = await Member.get(name="Alice")
    assert member.few_calls_hidden == "2026-08"


async def test_it_comes_back_when_their_month_is_over(
    alice: Person, licence: Any, organisation: Organisation
) -> None:
    await Organisation.filter(id=organisation.id).update(time_zone="America/Los_Angeles")
    await make_camera(organisation)
    await licence(cameras="1")
    await called(organisation, 9000)
    await stay_signed_in()
    # In UTC it is September already, in Los Angeles still August.
    with time_machine.travel(datetime(2026, 9, 1, 6, 59, tzinfo=UTC)):
        await alice.send_form("/licences/few-calls/hide")
        assert not parsed(await alice.get("/cameras")).select(".licence-notice")
    with time_machine.travel(datetime(2026, 9, 1, 7, 0, tzinfo=UTC)):
        assert "10,000" in text_of(await alice.get("/licences"), "tbody")
        await called(organisation, 9500, "2026-09")
        assert parsed(await alice.get("/cameras")).select(".licence-notice")


async def test_an_operator_changes_revokes_and_sees_the_history(
    olivia: Person, alice: Person, organisation: Organisation
) -> None:
    path = f"/operator/organisations/{organisation.public_id}/licence"
    form = {"cameras": "2", "cameras_until": "", "packs": "1", "packs_until": "2026-12-31"}
    done = await olivia.send_form(path, effective_on="2026-08-20", **form)
    assert done.status_code == 303
    await olivia.send_form(path, effective_on="2026-10-01", **{**form, "cameras": "5"})
    page = await olivia.get(path)
    rows = [row.get_text(" ", strip=True) for row in parsed(page).select("tbody tr")]
    assert rows[0].startswith("2026/10/01 カメラ5台、API 1（2026/12/31まで）")
    assert "Olivia" in rows[0]
    assert "適用済み" in rows[1]
    coming = await LicenceChange.get(cameras=5)
    assert "2026/10/01" in (await alice.get("/licences")).text
    assert (await olivia.send_form(f"{path}/revoke", change=coming.public_id)).status_code == 303
    assert "取り消し済み" in text_of(await olivia.get(path), "tbody")
    assert "2026/10/01" not in (await alice.get("/licences")).text
    begun = await LicenceChange.get(cameras=2)
    answer = await olivia.send_form(f"{path}/revoke", change=begun.public_id)
    assert answer.status_code == 422
    assert "すでに適用されている" in text_of(answer, ".notice-danger")
    log = await alice.get("/organisation/audit")
    assert "ライセンスの変更" in log.text
    assert "カメラライセンス数" in log.text
    assert await AuditEntry.filter(action="licence_changed").count() == 2


BAD = (
    ("cameras", "-1", "0から100,000まで"),
    ("cameras", "３", "0から100,000まで"),
    ("cameras", "9999999999", "0から100,000まで"),
    ("packs", "x", "APIライセンス数は"),
    ("effective_on", "2026-08-19", "2026-08-20）以降"),
    ("effective_on", "2026-02-30", "2026-04-01のように"),
    ("effective_on", "0001-01-01", "2026-04-01のように"),
    ("cameras_until", "2026-08-19", "適用開始日（2026-08-20）以降"),
    ("packs_until", "tomorrow", "2026-04-01のように"),
)


async def test_what_makes_no_sense_is_said_at_the_field_and_kept(
    olivia: Person, organisation: Organisation
) -> None:
    path = f"/operator/organisations/{organisation.public_id}/licence"
    for field, value, said in BAD:
        form = {"effective_on": "2026-08-20", "cameras": "7", "packs": "1", field: value}
        answer = await olivia.send_form(path, **form)
        assert answer.status_code == 422
        assert said in error_of(answer, field)
        assert one(answer, f"#{field}")["value"] == value
    assert not await LicenceChange.exists()
    assert not (await Organisation.get(id=organisation.id)).is_licensed


async def test_unlimited_has_no_end(olivia: Person, organisation: Organisation) -> None:
    path = f"/operator/organisations/{organisation.public_id}/licence"
    answer = await olivia.send_form(path, cameras="", cameras_until="2026-12-31", packs="0")
    assert "空欄" in error_of(answer, "cameras_until")


async def test_operators_have_no_licence(olivia: Person, operators: Organisation) -> None:
    path = f"/operator/organisations/{operators.public_id}/licence"
    assert not parsed(await olivia.get(path)).select(f'form[action="{path}"]')
    assert (await olivia.send_form(path, cameras="1")).status_code == 422


async def test_it_speaks_english(alice: Person, licence: Any, organisation: Organisation) -> None:
    await Organisation.filter(id=organisation.id).update(language="en")
    for name in ("North", "South"):
        await make_camera(organisation, name)
    await licence(cameras="1")
    said = text_of(await alice.get("/licences"), ".licence-notice")
    assert "South" in said
    assert not any(ord(letter) > 0x3000 for letter in said)
