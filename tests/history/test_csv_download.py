"""CSVダウンロード and 一括: what arrives, who gets it; no half file is ever offered (F3)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from jobs import prepare, retention
from jobs.sweep import sweep
from tests.builders import make_camera
from tests.history.conftest import make_past
from tests.html import error_of, parsed, text_of
from tests.people import Person
from webapp.errors import TemporaryFailure
from webapp.history import files
from webapp.history.bulk import write_zip
from webapp.models import Camera, FileKind, FileState, Organisation, Outbox, PreparedFile
from webapp.services import Services

NOW = datetime(2026, 11, 27, 3, 7, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, name='=北口 "A"', public_id="camera000001")
    # Two hours around midnight in Tokyo: of yesterday, and of today, which is not over.
    midnight = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
    counts = [*([3] * 30), None, *([5] * 29), *([9] * 60)]
    await make_past(camera, midnight - timedelta(hours=1), counts)
    # Around the beginning of the month.
    await make_past(camera, datetime(2026, 10, 31, 14, 58, tzinfo=UTC), [1, 2, 3, 4])
    return camera


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_a_month_is_a_zip_with_one_file(bob: Person, camera: Camera) -> None:
    answer = await bob.get("/cameras/camera000001/csv/download?month=2026-11")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert "camera000001_2026-11.zip" in answer.headers["content-disposition"]
    [(name, data)] = unpacked(answer.content).items()
    assert name == "北口 _A__camera000001_2026-11.csv"
    lines = data.decode("utf-8-sig").split("\n")
    assert lines[1] == ('"北口 ""A""","みなと商店街","2026-11-01 00:00:07","camera000001","3"')
    # Two minutes on the first, 59 analysed ones of yesterday's last hour, nothing of today.
    assert len(lines) == 1 + 2 + 59 + 1
    assert lines[-2].endswith('"2026-11-26 23:59:07","camera000001","5"')
    assert b"\r" not in data


async def test_a_reader_of_csv_finds_the_same_rows(bob: Person, camera: Camera) -> None:
    answer = await bob.get("/cameras/camera000001/csv/download?month=2026-11")
    [data] = unpacked(answer.content).values()
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert list(rows[0]) == ["カメラ名称", "企業名称", "タイムスタンプ", "カメラ識別子", "検知人数"]
    assert sum(int(row["検知人数"]) for row in rows) == 3 + 4 + 30 * 3 + 29 * 5
    assert {row["カメラ名称"] for row in rows} == {'北口 "A"'}
    times = [row["タイムスタンプ"] for row in rows]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("month", "message"),
    [
        ("", "月を選んでください"),
        ("2026-13", "月を選んでください"),
        ("11/2026", "月を選んでください"),
        ("2026-12", "まだデータのない月です"),
        ("2024-11", "データの最大保存期間は12か月です"),
        ("2026-09", "この月には解析されたデータがありません"),
    ],
)
async def test_a_month_that_has_no_file_says_why(
    bob: Person, camera: Camera, month: str, message: str
) -> None:
    for answer in (
        await bob.get(f"/cameras/camera000001/csv/download?month={month}"),
        await bob.send_form("/csv", month=month),
    ):
        assert answer.status_code == 422
        assert message in error_of(answer, "month")
    assert not await PreparedFile.exists()


async def test_the_name_is_the_one_of_now(bob: Person, camera: Camera) -> None:
    await Camera.filter(id=camera.id).update(name="南口")
    answer = await bob.get("/cameras/camera000001/csv/download?month=2026-11")
    [(name, data)] = unpacked(answer.content).items()
    assert name.startswith("南口_")
    assert "北口" not in data.decode()


async def make_it(services: Services) -> bool:
    async def clock() -> datetime:
        return datetime.now(UTC)

    return await prepare.prepare_one(services, clock)


async def test_all_cameras_come_in_one_zip(
    bob: Person, charlie: Person, camera: Camera, organisation: Organisation, services: Services
) -> None:
    same_name = await make_camera(organisation, name=camera.name, public_id="camera000002")
    await make_past(same_name, NOW - 3 * DAY, [7, 8])
    await make_camera(organisation, name="新品")  # has no rows: it has no file
    assert (await bob.send_form("/csv", month="2026-11", mail="on")).status_code == 303
    # Asked for a second time while it waits, it is the same one.
    await bob.send_form("/csv", month="2026-11")
    file = await PreparedFile.get()
    page = await bob.get("/csv")
    assert "順番を待っています" in text_of(page, "#files")
    assert parsed(page).select_one("#files")["hx-get"] == "/csv/rows"
    assert (await bob.get(f"/csv/{file.public_id}/download")).status_code == 404
    assert await make_it(services)
    assert not await make_it(services)
    answer = await bob.get(f"/csv/{file.public_id}/download")
    found = unpacked(answer.content)
    assert len(found) == 2
    assert int(answer.headers["content-length"]) == len(answer.content)
    rows = [list(csv.reader(io.StringIO(data.decode("utf-8-sig")))) for data in found.values()]
    assert [len(one) for one in rows] == [62, 3]
    assert (await charlie.get(f"/csv/{file.public_id}/download")).status_code == 404
    letter = await Outbox.get(kind="mail.send")
    assert letter.dedupe_key == f"file:{file.public_id}:{file.member_id}"


async def test_it_is_gone_after_a_day(bob: Person, camera: Camera, services: Services) -> None:
    await bob.send_form("/csv", month="2026-11")
    await make_it(services)
    file = await PreparedFile.get()
    assert await services.storage.get(file.key)
    with time_machine.travel(NOW + DAY, tick=False):
        assert not await PreparedFile.filter(expires_at__gt=datetime.now(UTC)).exists()
    await retention.retain(services.settings, NOW + DAY)
    assert not await PreparedFile.exists()
    with time_machine.travel(datetime.now(UTC) + DAY * 30):
        await sweep(services, datetime.now(UTC) + DAY * 365)
    assert await services.storage.get(file.key) is None


async def test_a_maker_that_dies_leaves_nothing_and_another_begins_anew(
    bob: Person, camera: Camera, services: Services, tmp_path: Path
) -> None:
    await bob.send_form("/csv", month="2026-11")
    dead = await files.claim(NOW)
    assert dead is not None
    assert await files.go_on(dead, 0, 1, NOW)

    async def progress(done: int, total: int) -> None:
        """The first one stops here, as if it were killed: half a file is on its disk only."""

    await write_zip(dead.organisation, NOW.date().replace(day=1), tmp_path / "half", progress)
    assert await files.claim(NOW + timedelta(seconds=59)) is None
    assert (await bob.get(f"/csv/{dead.public_id}/download")).status_code == 404
    with time_machine.travel(NOW + timedelta(seconds=61), tick=False):
        assert await make_it(services)
    ready = await PreparedFile.get()
    assert (ready.state, ready.attempts) == (FileState.READY, 2)
    # The dead one wakes up: its claim no longer fits.
    assert not await files.finish(dead, "files/x/y.zip", 1, NOW + timedelta(seconds=62))
    assert not await files.go_on(dead, 1, 1, NOW + timedelta(seconds=62))
    assert (await PreparedFile.get()).key == ready.key


async def test_what_cannot_be_stored_is_tried_again_and_then_given_up(
    bob: Person, camera: Camera, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, path: Path) -> None:
        raise TemporaryFailure("The disk is full.")

    monkeypatch.setattr(services.storage, "put_file_sync", full)
    await bob.send_form("/csv", month="2026-11")
    at = NOW
    for attempt in range(files.MOST_ATTEMPTS):
        with time_machine.travel(at, tick=False):
            assert await make_it(services)
            assert not await make_it(services), "the store is given some time"
        at += files.pause_after(attempt + 1)
    assert timedelta(hours=1) < at - NOW < files.LIVES[FileKind.CSV]
    with time_machine.travel(at, tick=False):
        assert not await make_it(services)
    assert (await PreparedFile.get()).state is FileState.FAILED
    assert "準備できませんでした" in text_of(await bob.get("/csv"), "#files")
    # Asked for again, it is made anew.
    await bob.send_form("/csv", month="2026-11")
    assert await PreparedFile.all().count() == 2


async def test_a_store_that_is_away_for_a_moment_costs_no_file(
    bob: Person, camera: Camera, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(key: str, path: Path) -> None:
        raise TemporaryFailure("It starts again.")

    await bob.send_form("/csv", month="2026-11")
    with monkeypatch.context() as patched:
        patched.setattr(services.storage, "put_file_sync", away)
        for _ in range(10):  # as the loop of a worker asks
            await make_it(services)
    assert "順番を待っています" in text_of(await bob.get("/csv"), "#files")
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        assert await make_it(services)
    assert (await PreparedFile.get()).state is FileState.READY


async def test_a_file_that_kills_its_makers_is_given_up(
    bob: Person, camera: Camera, services: Services
) -> None:
    await bob.send_form("/csv", month="2026-11")
    at = NOW
    for _ in range(files.MOST_ATTEMPTS):
        assert await files.claim(at) is not None
        at += files.LEASE
    assert await files.claim(at) is None
    assert (await PreparedFile.get()).state is FileState.FAILED
    await bob.send_form("/csv", month="2026-11")
    assert await files.claim(at) is not None, "asked for again, it is tried again"


@pytest.mark.parametrize("who", ["the same", "another"])
async def test_a_mail_that_was_asked_for_comes(
    bob: Person, alice: Person, camera: Camera, services: Services, who: str
) -> None:
    await alice.send_form("/csv", month="2026-11")
    second = alice if who == "the same" else bob
    assert (await second.send_form("/csv", month="2026-11", mail="on")).status_code == 303
    await second.send_form("/csv", month="2026-11", mail="on")
    while await make_it(services):
        pass
    assert await PreparedFile.all().count() == 2
    [letter] = await Outbox.filter(kind="mail.send")
    assert letter.dedupe_key.startswith("file:")


async def test_on_the_first_of_the_first_month_there_is_nothing_yet(
    bob: Person, organisation: Organisation
) -> None:
    assert "カメラがまだありません" in (await bob.get("/csv")).text
