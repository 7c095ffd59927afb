"""The chart's page, data and table: every range, and whatever is typed instead of one (F2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests.builders import make_camera, make_group
from tests.history.conftest import make_past
from tests.html import error_of, parsed
from tests.people import Person
from webapp.domain.hours import Basic, Hours
from webapp.domain.hours_json import as_json
from webapp.models import (
    AlertEvent,
    Camera,
    CameraGroup,
    CameraQuarter,
    EventKind,
    GroupQuarter,
    Organisation,
)

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 27, 3, 7, tzinfo=UTC)  # 12:07 in Tokyo


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, public_id="camera000001")
    # 10:00 to 11:00 in Tokyo: a quarter hour of 4, one unknown, one of 0 to 14, one of 2.
    counts = [4] * 15 + [None] * 15 + list(range(15)) + [2] * 15
    await make_past(camera, datetime(2026, 11, 27, 1, 0, tzinfo=UTC), counts)
    return camera


async def ask(
    person: Person, start: datetime, length: timedelta, pixels: int = 800
) -> dict[str, Any]:
    first, last = int(start.timestamp()), int((start + length).timestamp())
    path = f"/cameras/camera000001/history/data?from={first}&to={last}&pixels={pixels}"
    answer = await person.get(path)
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    return said


async def test_quarter_hours_come_as_they_are_and_gaps_as_gaps(bob: Person, camera: Camera) -> None:
    said = await ask(bob, datetime(2026, 11, 27, 1, 0, tzinfo=UTC), timedelta(hours=2))
    assert said["step"] == 900
    assert said["count"] == [4, None, 0, 2, None, None, None, None]
    assert said["mean"] == [4, None, 7, 2, None, None, None, None]
    assert said["max"] == [4, None, 14, 2, None, None, None, None]
    assert said["min"] == [4, None, 0, 2, None, None, None, None]


async def test_a_year_comes_in_days_that_say_the_same(bob: Person, camera: Camera) -> None:
    said = await ask(bob, NOW - timedelta(days=366), timedelta(days=366))
    assert said["step"] == 86400
    assert [value for value in said["max"] if value is not None] == [14]
    assert [value for value in said["mean"] if value is not None] == [round(195 / 45, 2)]
    start = datetime.fromtimestamp(said["x"][-1], TOKYO)
    assert (start.hour, start.minute) == (0, 0)


async def test_the_answer_may_be_kept_for_a_while_by_this_member_only(
    bob: Person, camera: Camera
) -> None:
    path = "/cameras/camera000001/history/data?from=1795744800&to=1795759200"
    assert (await bob.get(path)).headers["cache-control"].startswith("private, max-age=")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2&to=1",
        "from=a&to=b",
        "from=1e9&to=2e9",
        f"from={10**30}&to={10**31}",
        "from=1795759200&to=1795744800",
        "from=1995744800&to=1995759200",  # in the future
        "from=-62135596800&to=-62135596800",  # before there was a calendar
        "from=1000000000&to=1000003600",  # long forgotten
    ],
)
async def test_ranges_that_make_no_sense_are_refused(
    bob: Person, camera: Camera, query: str
) -> None:
    for part in ("data", "table"):
        answer = await bob.get(f"/cameras/camera000001/history/{part}?{query}")
        assert answer.status_code == 422


async def test_a_range_that_reaches_too_far_is_cut_off(bob: Person, camera: Camera) -> None:
    said = await ask(bob, NOW - timedelta(days=700), timedelta(days=900))
    assert said["to"] - said["from"] <= 367 * 86400
    assert 14 in said["max"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("start=2026-13-01T00:00", "開始日時を、2026-04-01 09:00 のように"),
        ("start=昨日", "開始日時を、2026-04-01 09:00 のように"),
        ("start=2027-01-01T00:00", "まだ来ていない日時です"),
        ("start=2024-01-01T00:00", "データの最大保存期間は12か月です"),
        ("start=0001-01-01T00:00", "開始日時を、2026-04-01 09:00 のように"),
        ("start=2026-11-01T00:00&width=99y", "表示範囲を選び直してください"),
    ],
)
async def test_a_start_that_makes_no_sense_is_told_and_stays(
    bob: Person, camera: Camera, query: str, message: str
) -> None:
    answer = await bob.get(f"/cameras/camera000001/history?{query}")
    assert answer.status_code == 422
    assert message in error_of(answer, "width" if "width" in query else "start")
    assert query.removeprefix("start=").partition("&")[0] in answer.text


async def test_the_table_says_what_the_chart_shows(bob: Person, camera: Camera) -> None:
    answer = await bob.get("/cameras/camera000001/history?start=2026-11-27T10:00&width=3h")
    assert answer.status_code == 200
    rows = [
        [" ".join(cell.get_text().split()) for cell in row.select("th, td")]
        for row in parsed(answer).select("#history-table tbody tr")
    ]
    assert rows[0][1:] == ["4", "4.0", "4", "4"]
    assert rows[1][1:] == ["データなし"]
    assert rows[2][1:] == ["0", "7.0", "14", "0"]
    assert rows[0][0].endswith("10:00")


async def test_a_camera_without_a_past_says_so(bob: Person, organisation: Organisation) -> None:
    await make_camera(organisation, public_id="camera000001")
    answer = await bob.get("/cameras/camera000001/history")
    assert "この期間には解析されたデータがありません" in answer.text


async def test_a_group_has_its_own_sums(
    alice: Person, charlie: Person, organisation: Organisation
) -> None:
    group = await CameraGroup.create(
        organisation=organisation, name="商店街全体", public_id="group0000001"
    )
    await GroupQuarter.create(
        organisation=organisation,
        group=group,
        quarter=NOW.replace(minute=0) - timedelta(hours=1),
        total=300,
        n=15,
        low=10,
        high=31,
        at_quarter=22,
    )
    answer = await alice.get("/groups/group0000001/history")
    assert answer.status_code == 200
    assert "20.0" in answer.text
    assert "CSVダウンロード" not in answer.text
    assert (await charlie.get("/groups/group0000001/history")).status_code == 404


async def test_the_list_shows_the_last_day_of_every_camera(
    bob: Person, camera: Camera, organisation: Organisation
) -> None:
    await make_camera(organisation, name="<b>南口</b>")
    answer = await bob.get("/cameras?view=history")
    page = parsed(answer)
    assert len(page.select(".spark svg")) == 1
    assert "直近24時間のデータはありません" in page.text
    assert [link.get_text().split()[0] for link in page.select(".history-actions a")] == [
        "チャートを見る",
        "CSVダウンロード",
    ] * 2
    assert "CSV一括ダウンロード" in page.text
    assert "<b>南口" not in answer.text


async def test_a_year_is_read_at_once(bob: Person, camera: Camera) -> None:
    """A year of quarter hours: the database adds up, and a point a day comes out."""
    start = NOW.replace(minute=0) - timedelta(days=360)
    await CameraQuarter.bulk_create(
        [
            CameraQuarter(
                organisation_id=camera.organisation_id,
                camera_id=camera.id,
                quarter=start + timedelta(hours=6 * number),
                total=15 * number,
                n=15,
                low=number,
                high=number,
                at_quarter=number,
            )
            for number in range(1400)
        ],
        batch_size=200,
    )
    said = await ask(bob, start, timedelta(days=360), pixels=1000)
    assert 350 < len(said["x"]) <= 362
    assert max(value for value in said["max"] if value is not None) == 1399


def seconds(hour: int, day: int = 27) -> int:
    """An hour of November in Tokyo, as the chart counts."""
    return int(datetime(2026, 11, day, hour, tzinfo=TOKYO).timestamp())


async def test_closed_hours_are_shaded_and_alerts_marked(
    bob: Person, camera: Camera, organisation: Organisation
) -> None:
    """A camera's by its own hours, a group's by those of its default camera."""
    hours = as_json(Hours(basic=(Basic(frozenset(range(8)), (9 * 60, 22 * 60)),)))
    await Camera.filter(id=camera.id).update(has_hours=True, hours=hours)
    group = await make_group(organisation, cameras=[camera])
    begin, end = datetime(2026, 11, 26, 20, tzinfo=TOKYO), timedelta(hours=16)
    for whose in ({"camera": camera}, {"group": group}):
        for minute, kind in ((5, EventKind.RISE), (9, EventKind.FALL)):
            await AlertEvent.create(
                organisation=organisation,
                minute=datetime(2026, 11, 27, 1, minute, tzinfo=UTC),
                kind=kind,
                stage=2,
                **whose,
            )
    for path in (f"/cameras/{camera.public_id}", f"/groups/{group.public_id}"):
        query = f"from={int(begin.timestamp())}&to={int((begin + end).timestamp())}"
        said = (await bob.get(f"{path}/history/data?{query}")).json()
        assert said["closed"] == [[seconds(22, 26), seconds(9)]]
        assert said["alerts"] == [[seconds(10) + 300, 2]]
    year = f"from={int((NOW - timedelta(days=300)).timestamp())}&to={int(NOW.timestamp())}"
    said = (await bob.get(f"/cameras/{camera.public_id}/history/data?{year}")).json()
    assert said["closed"] == [], "a night is narrower than a few pixels"


async def test_another_zone_moves_the_days_of_a_chart(
    bob: Person, camera: Camera, organisation: Organisation
) -> None:
    await Organisation.filter(id=organisation.id).update(time_zone="America/New_York")
    said = await ask(bob, NOW - timedelta(days=366), timedelta(days=366))
    start = datetime.fromtimestamp(said["x"][-1], ZoneInfo("America/New_York"))
    assert (start.hour, start.minute) == (0, 0)
    assert [value for value in said["max"] if value is not None] == [14]


async def test_a_deleted_camera_has_no_past_left(bob: Person, camera: Camera) -> None:
    await camera.delete()
    for part in ("history", "history/data?from=1795744800&to=1795759200", "csv"):
        assert (await bob.get(f"/cameras/camera000001/{part}")).status_code == 404
    assert not await CameraQuarter.exists()
