"""The monthly report: its figures, its words, its pages, and who gets it when (F5)."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from starlette.applications import Starlette

from jobs import prepare
from jobs.reports import ask_for_reports
from tests.builders import make_camera
from tests.history.conftest import make_past
from tests.html import error_of, parsed, text_of
from tests.people import Person, sign_in
from webapp.audit.actions import Action
from webapp.domain.report import Quarter, add_up, days_of, figures, month_before
from webapp.history import files
from webapp.i18n import Locale
from webapp.models import (
    AuditEntry,
    Camera,
    FileState,
    Member,
    Organisation,
    Outbox,
    PreparedFile,
    ReportWish,
)
from webapp.reports.make import render, to_pdf
from webapp.reports.queries import report_of
from webapp.services import Services

TOKYO = ZoneInfo("Asia/Tokyo")
NOVEMBER = date(2026, 11, 1)
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, name="北口<b>=1", public_id="camera000001")
    # Monday, 2 November, 10:00 and 11:00 in Tokyo: an hour of 2, an hour of 8; ten unknown.
    counts = [*([2] * 60), *([8] * 60), *([None] * 10)]
    await make_past(camera, datetime(2026, 11, 2, 1, 0, tzinfo=UTC), counts)
    await make_past(camera, datetime(2026, 10, 5, 1, 0, tzinfo=UTC), [4] * 60)
    return camera


def quarter(at: datetime, people: float, high: int = 0, n: int = 15) -> Quarter:
    return Quarter(at, people, high or int(people), n)


def test_figures_are_means_over_analysed_minutes() -> None:
    start = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    step = timedelta(minutes=15)
    quiet = [quarter(start + number * step, 2) for number in range(4)]
    busy = [quarter(start + number * step, 8, 11) for number in range(4, 8)]
    half = [quarter(start + 8 * step, 20, 21, n=1)]
    found = figures(
        [*quiet, *busy, *half], [quarter(start - timedelta(days=28), 4)], NOVEMBER, TOKYO
    )
    assert found.mean == pytest.approx((60 * 2 + 60 * 8 + 20) / 121)
    assert found.busiest is not None
    assert (found.busiest.weekday, found.busiest.hour, found.busiest.people) == (0, 11, 8)
    assert found.quietest is not None
    assert (found.quietest.weekday, found.quietest.hour) == (0, 10)
    assert found.peak is not None
    assert found.peak.high == 21
    assert found.change == pytest.approx((found.mean or 0) / 4 - 1)
    assert len(found.days) == 30
    assert [day.day.day for day in found.days if day.people is not None] == [2]
    assert found.week[3] == (None,) * 24


def test_a_month_without_data_has_no_figures_and_not_noughts() -> None:
    found = figures([], [], NOVEMBER, TOKYO)
    assert (found.mean, found.peak, found.busiest, found.change) == (None, None, None, None)


def test_cameras_are_added_up_quarter_hour_by_quarter_hour() -> None:
    at = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    both = add_up([[quarter(at, 2)], [quarter(at, 3.5), quarter(at + timedelta(hours=1), 1)]])
    assert [(one.people, one.high) for one in both] == [(5.5, 6), (1, 1)]
    assert len(days_of(date(2028, 2, 1))) == 29
    assert month_before(date(2026, 1, 1)) == date(2025, 12, 1)


async def test_the_report_says_in_words_when_it_is_busy(
    camera: Camera, organisation: Organisation
) -> None:
    file = PreparedFile(organisation=organisation, camera=camera, kind="report", month="2026-11")
    file.group, file.group_id = None, None
    report = await report_of(file)
    assert (report.coverage.due, report.coverage.known) == (130, 120)
    html = render(report, Locale("ja"), organisation.name)
    assert "月曜日の11時台（平均8.0人）" in html
    assert "月曜日の10時台（平均2.0人）" in html
    assert "+25%" in html
    assert "92.3%" in html
    assert "北口&lt;b&gt;=1" in html
    assert "<b>=1" not in html
    assert (
        '<td class="heat-2">2.0</td><td class="heat-7">8.0</td><td class="heat-none">–</td>' in html
    )
    assert "text-anchor" not in html, "pdfium cuts the first digit of such words"
    english = render(report, Locale("en"), organisation.name)
    assert "Monday" in english
    pdf = to_pdf(html)
    assert pdf.startswith(b"%PDF-")
    packed = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    whole = b"".join(unpack(one) for one in packed)
    assert b"+Report/" in whole, "our font is named"
    assert b"/FontFile2" in whole, "and lies in the document"


def unpack(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data


async def make_it(services: Services) -> bool:
    async def clock() -> datetime:
        return datetime.now(UTC)

    return await prepare.prepare_one(services, clock)


async def test_one_is_made_on_the_first_and_mailed_to_who_wants_it(
    alice: Person, bob: Person, charlie: Person, camera: Camera, services: Services
) -> None:
    assert (await bob.send_form("/reports/mail", mail="on")).status_code == 303
    first = datetime(2026, 12, 1, 0, 30, tzinfo=TOKYO)
    assert await ask_for_reports(first) == 0
    assert await ask_for_reports(NOW) == 1
    assert await ask_for_reports(NOW + timedelta(days=9)) == 0
    assert await make_it(services)
    file = await PreparedFile.get()
    assert (file.month, file.state) == ("2026-11", FileState.READY)
    answer = await bob.get(f"/reports/{file.public_id}/download")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert (await charlie.get(f"/reports/{file.public_id}/download")).status_code == 404
    assert await Outbox.filter(kind="mail.send").count() == 1
    assert (await bob.send_form("/reports/mail")).status_code == 303


@pytest.mark.parametrize(
    "only",
    [
        datetime(2026, 9, 7, 1, 0, tzinfo=UTC),
        datetime(2026, 11, 30, 15, 0, tzinfo=UTC),  # midnight in Tokyo: December
    ],
)
async def test_a_month_in_which_nothing_was_analysed_has_no_report_by_itself(
    organisation: Organisation, only: datetime
) -> None:
    camera = await make_camera(organisation, name="休館中")
    await make_past(camera, only, [3] * 15)
    assert await ask_for_reports(NOW) == 0
    await make_past(camera, datetime(2026, 11, 30, 14, 45, tzinfo=UTC), [3] * 15)
    assert await ask_for_reports(NOW) == 1


async def test_a_report_of_half_a_month_is_not_the_one_of_the_month(
    bob: Person, camera: Camera, services: Services
) -> None:
    with time_machine.travel(NOW - timedelta(days=10), tick=False):
        assert (await bob.send_form("/reports", month="2026-11")).status_code == 303
        assert await make_it(services)
    # Whoever asked has left: nobody's name stands in the row any more.
    await Member.filter(name="Bob").delete()
    assert (await PreparedFile.get()).member_id is None
    assert await ask_for_reports(NOW) == 1
    assert await ask_for_reports(NOW + timedelta(days=9)) == 0


async def test_wanting_the_report_by_mail_twice_at_once_is_wanting_it(bob: Person) -> None:
    answers = await asyncio.gather(
        *(bob.send_form("/reports/mail", mail="on") for _ in range(6)), return_exceptions=True
    )
    assert [getattr(answer, "status_code", answer) for answer in answers] == [303] * 6
    assert await ReportWish.all().count() == 1


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"month": "2027-01"}, "month"),
        ({"month": "x"}, "month"),
        ({"month": "2026-11", "subject": "camera:nothere"}, "subject"),
        ({"month": "2026-11", "subject": "../etc"}, "subject"),
    ],
)
async def test_what_cannot_be_reported_says_why(
    bob: Person, camera: Camera, form: dict[str, str], field: str
) -> None:
    answer = await bob.send_form("/reports", **form)
    assert answer.status_code == 422
    assert error_of(answer, field)
    assert not await PreparedFile.exists()


async def test_the_last_whole_month_is_offered_before_the_part_of_this_one(
    app: Starlette, bob: Person, camera: Camera
) -> None:
    with time_machine.travel(datetime(2026, 12, 15, 3, 0, tzinfo=UTC), tick=False):
        person = await sign_in(app, bob.member)
        answer = await person.get("/reports")
        await person.aclose()
    months = [str(option["value"]) for option in parsed(answer).select("#month option")]
    assert months[:2] == ["2026-11", "2026-10"]
    assert months[-1] == "2026-12"
    assert len(set(months)) == len(months)


async def test_another_organisations_camera_has_no_report_here(
    bob: Person, charlie: Person, camera: Camera
) -> None:
    answer = await charlie.send_form("/reports", month="2026-11", subject="camera:camera000001")
    assert answer.status_code == 422
    await bob.send_form("/reports", month="2026-11", subject="camera:camera000001", language="en")
    assert "順番を待っています" in text_of(await bob.get("/reports"), "#files")


async def test_who_asked_is_in_the_audit_log_once(bob: Person, camera: Camera) -> None:
    for _ in range(2):
        await bob.send_form("/reports", month="2026-11", subject="camera:camera000001")
    [entry] = await AuditEntry.filter(action=Action.REPORT_ASKED)
    assert entry.target == (await PreparedFile.get()).public_id
    assert entry.target_name == "北口<b>=1 2026-11"


async def test_no_more_than_ten_are_made_at_a_time(
    bob: Person, charlie: Person, organisation: Organisation, services: Services
) -> None:
    cameras = [await make_camera(organisation, name=f"{number}") for number in range(11)]
    forms = [{"month": "2026-11", "subject": f"camera:{one.public_id}"} for one in cameras]
    answers = [await bob.send_form("/reports", **form) for form in forms]
    assert [answer.status_code for answer in answers] == [303] * 10 + [422]
    assert "準備中のファイルが多すぎます" in str(error_of(answers[-1], "month"))
    assert await PreparedFile.all().count() == files.MOST_WAITING
    assert await AuditEntry.filter(action=Action.REPORT_ASKED).count() == files.MOST_WAITING
    # Neither another organisation nor what comes by itself has to wait.
    assert (await charlie.send_form("/reports", month="2026-11")).status_code == 303
    await PreparedFile.filter(member_id__not_isnull=True).limit(1).update(state=FileState.READY)
    assert (await bob.send_form("/reports", **forms[-1])).status_code == 303


async def test_a_month_without_data_and_a_camera_that_goes(
    bob: Person, organisation: Organisation, camera: Camera, services: Services
) -> None:
    empty = await make_camera(organisation, name="新品")
    for subject in (empty, camera):
        await bob.send_form("/reports", month="2026-09", subject=f"camera:{subject.public_id}")
    await camera.delete()
    assert await make_it(services)
    assert not await make_it(services), "what was asked of the other one went with it"
    file = await PreparedFile.get()
    assert file.state is FileState.READY
    asked = await PreparedFile.get(id=file.id).select_related("organisation", "camera", "group")
    html = render(await report_of(asked), Locale("ja"), organisation.name)
    assert "この月には解析されたデータがありません" in html


async def test_another_zone_moves_the_hours_of_the_report(
    camera: Camera, organisation: Organisation
) -> None:
    organisation.time_zone = "Europe/Berlin"
    file = PreparedFile(organisation=organisation, camera=camera, kind="report", month="2026-11")
    file.group, file.group_id = None, None
    html = render(await report_of(file), Locale("ja", "Europe/Berlin"), organisation.name)
    assert "月曜日の3時台（平均8.0人）" in html


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "</title><script>", "日本\u202e語\x00", "😀" * 60]
)
async def test_hostile_names_are_text_in_a_report(organisation: Organisation, name: str) -> None:
    camera = await make_camera(organisation, name=name.replace("\x00", ""))
    await make_past(camera, datetime(2026, 11, 2, 1, 0, tzinfo=UTC), [2] * 30)
    file = PreparedFile(organisation=organisation, kind="report", month="2026-11")
    file.camera_id = file.group_id = file.camera = file.group = None
    html = render(await report_of(file), Locale("en"), organisation.name)
    assert "<script>" not in html
    assert to_pdf(html).startswith(b"%PDF-")


async def test_simulated_counts_are_named_so(camera: Camera, organisation: Organisation) -> None:
    file = PreparedFile(organisation=organisation, camera=camera, kind="report", month="2026-11")
    file.group, file.group_id = None, None
    said = "デモ用に作成した人数を含みます"
    assert said not in render(await report_of(file), Locale("ja"), organisation.name)
    await Camera.filter(id=camera.id).update(simulated_until=datetime(2026, 11, 9, tzinfo=UTC))
    assert said in render(await report_of(file), Locale("ja"), organisation.name)
