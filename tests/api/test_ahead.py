"""The forecast that programs read: what the screens show, in both forms (F1, B5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import pytest
import time_machine

from jobs.forecast import forecast_due
from tests.builders import make_camera, make_group
from tests.forecast.conftest import make_quarters
from tests.forecast.test_page import NOW, TOKYO, by_hour
from tests.people import Person
from webapp.forecast import queries
from webapp.models import Camera, Organisation
from webapp.settings import Settings

PATH = "/api/v1/cameras/camera000001/forecast"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


async def know(settings: Settings, camera: Camera, days: int = 50) -> None:
    async def clock() -> datetime:
        return NOW

    first = NOW.astimezone(TOKYO).date() - timedelta(days)
    await make_quarters(camera, first, days, TOKYO, by_hour)
    await forecast_due(settings, clock)


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, public_id="camera000001")


async def test_under_seven_dates_it_says_how_many_are_lacking(
    program: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera, 6)
    weekly = (await program.get(f"{PATH}/weekly")).json()
    dated = (await program.get(f"{PATH}/dated")).json()
    assert (weekly["lacking_dates"], weekly["weekdays"]) == (1, [])
    assert (dated["lacking_dates"], dated["slots"]) == (1, [])


async def test_each_weekday_is_what_is_published(
    program: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera)
    said = (await program.get(f"{PATH}/weekly")).json()
    assert said["lacking_dates"] == 0
    assert [day["weekday"] for day in said["weekdays"]] == [1, 2, 3, 4, 5, 6, 7]
    usual = (await queries.usual_of_cameras([camera.id]))[camera.id]
    for number, day in enumerate(said["weekdays"]):
        assert [slot["mean"] for slot in day["slots"]] == [
            round(float(mean), 2) for mean in usual.means[number]
        ]
    monday = {slot["starts"]: slot["mean"] for slot in said["weekdays"][0]["slots"]}
    assert (monday["06:00"], monday["12:00"], monday["29:45"]) == (4.0, 16.0, 0.0)
    assert len(monday) == 96


@pytest.mark.parametrize("ahead", range(7))
async def test_each_day_ahead_has_its_band(
    ahead: int, program: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera)
    day = date(2026, 11, 20) + timedelta(days=ahead)
    said = (await program.get(f"{PATH}/dated", params={"date": day.isoformat()})).json()
    rows = await queries.rows_of([camera.id])
    expected = (
        await queries.expect_today(rows, NOW, TOKYO) if not ahead else queries.expect_day(rows, day)
    )
    assert not np.isnan(expected.mean).any()
    assert [slot["mean"] for slot in said["slots"]] == [round(float(x), 2) for x in expected.mean]
    assert [slot["high"] for slot in said["slots"]] == [round(float(x), 2) for x in expected.high]
    assert all(slot["low"] <= slot["mean"] <= slot["high"] for slot in said["slots"])
    assert said["slots"][0]["starts_at"] == f"{day}T06:00:00+09:00"
    assert said["slots"][-1]["starts_at"] == f"{day + timedelta(days=1)}T05:45:00+09:00"
    assert said["holiday"] == ("Labor Thanksgiving Day" if day == date(2026, 11, 23) else None)


async def test_without_a_date_it_is_today(
    program: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera)
    said = (await program.get(f"{PATH}/dated")).json()
    assert (said["date"], said["is_closed"]) == ("2026-11-20", False)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("2026-11-19", "date_not_ahead"),
        ("2026-11-27", "date_not_ahead"),
        ("0001-01-01", "date_not_ahead"),
        ("9999-12-31", "date_not_ahead"),
        ("2026-02-30", "bad_parameters"),
        ("20261120", "bad_parameters"),
        ("2026-W47-5", "bad_parameters"),
        ("", "bad_parameters"),
        ("1795744800", "bad_parameters"),
        ("tomorrow", "bad_parameters"),
    ],
)
async def test_another_date_is_refused(
    given: str, code: str, program: Person, camera: Camera
) -> None:
    answer = await program.get(f"{PATH}/dated", params={"date": given})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["parameters"][0]["name"] == "date"


async def test_a_group_is_the_sum_of_its_cameras(
    program: Person, camera: Camera, organisation: Organisation, database: Settings
) -> None:
    other = await make_camera(organisation, name="裏口")
    first = NOW.astimezone(TOKYO).date() - timedelta(50)
    await make_quarters(other, first, 50, TOKYO, by_hour)
    await know(database, camera)
    group = await make_group(organisation, "駅前", [camera, other])
    base = f"/api/v1/groups/{group.public_id}/forecast"
    alone = (await program.get(f"{PATH}/weekly")).json()["weekdays"][0]["slots"]
    both = (await program.get(f"{base}/weekly")).json()
    assert both["kind"] == "group"
    assert [slot["mean"] for slot in both["weekdays"][0]["slots"]] == [
        2 * slot["mean"] for slot in alone
    ]
    dated = await program.get(f"{base}/dated", params={"date": "2026-11-24"})
    assert len(dated.json()["slots"]) == 96
    empty = await make_group(organisation, "空")
    for form in ("weekly", "dated"):
        answer = await program.get(f"/api/v1/groups/{empty.public_id}/forecast/{form}")
        assert (answer.status_code, answer.json()["lacking_dates"]) == (200, 7)


async def test_a_clock_that_is_put_back_shows_an_hour_twice(
    program: Person, camera: Camera, database: Settings
) -> None:
    await Organisation.all().update(time_zone="Europe/Berlin")
    with time_machine.travel(datetime.fromisoformat("2026-10-24T12:00+02:00"), tick=False):
        answer = await program.get(f"{PATH}/dated")
    assert answer.status_code == 200
    assert answer.json()["date"] == "2026-10-24"
