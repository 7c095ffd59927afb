"""混雑予測 on the screens: too little data, weekdays, dates, groups, odd addresses (F1, B5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from bs4.element import Tag
from tortoise.backends.sqlite.client import SqliteClient

from jobs.forecast import forecast_due
from tests.builders import counted, make_camera, make_group, make_usual
from tests.forecast.conftest import make_quarters
from tests.html import parsed
from tests.people import Person
from webapp.models import Alert, Camera, CameraForecast, CameraQuarter, Member, Organisation
from webapp.settings import Settings

TOKYO = ZoneInfo("Asia/Tokyo")
# Friday, 20 November 2026, 12:07 in Tokyo; Monday the 23rd is 勤労感謝の日.
NOW = datetime(2026, 11, 20, 3, 7, tzinfo=UTC)
FIRST = date(2026, 10, 1)
DAYS = 50


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, public_id="camera000001")


def by_hour(at: datetime) -> int:
    """2 until noon, 8 until 18:00, none at night; twice as many on Mondays."""
    people = 2 if 6 <= at.hour < 12 else 8 if 12 <= at.hour < 18 else 0
    return people * (2 if at.weekday() == 0 else 1)


def the(inside: Tag, selector: str) -> Tag:
    """The first element there."""
    found = inside.select_one(selector)
    assert found is not None, selector
    return found


async def know(settings: Settings, camera: Camera, days: int = DAYS) -> None:
    async def clock() -> datetime:
        return NOW

    await make_quarters(
        camera, NOW.astimezone(TOKYO).date() - timedelta(days), days, TOKYO, by_hour
    )
    await forecast_due(settings, clock)


async def test_under_seven_dates_it_says_how_many_are_lacking(
    bob: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera, 6)
    page = parsed(await bob.get("/cameras/camera000001/forecast"))
    assert "データが不足しています" in page.get_text()
    assert "あと1日分" in page.get_text()
    assert not page.select(".forecast-graph")
    cards = parsed(await bob.get("/cameras?view=forecast"))
    assert "データが不足しています" in cards.get_text()


async def test_a_weekday_has_its_bars_lines_and_quiet_times(
    bob: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera)
    await Alert.create(
        organisation_id=camera.organisation_id, camera=camera, is_on=True, thresholds=[5, 12]
    )
    page = parsed(await bob.get("/cameras/camera000001/forecast"))
    assert [tab.get_text(strip=True) for tab in page.select(".forecast-tab")] == list(
        "月火水木金土日"
    )
    assert [tab.get_text(strip=True) for tab in page.select(".forecast-tab[aria-current]")] == [
        "金"
    ]
    assert len(page.select(".day-bar")) == 96
    assert len(page.select(".day-limit-some, .day-limit-busy")) == 2
    legend = the(page, ".forecast-legend").get_text()
    assert "空" in legend
    assert "やや混雑" in legend
    assert "12人から" in legend
    assert "6:00" in the(page, ".day-bar title").get_text()
    assert "8:00～12:00" in the(page, ".forecast-quiet").get_text()
    monday = parsed(await bob.get("/cameras/camera000001/forecast?weekday=0"))
    at_noon = monday.select("tbody tr")[24]
    assert (the(at_noon, "th").get_text(), the(at_noon, "td").get_text()) == ("12:00", "16.0")
    assert len(monday.select(".bar-busy")) == 24


async def test_two_stages_have_one_line(bob: Person, camera: Camera, database: Settings) -> None:
    await know(database, camera)
    alert = {"organisation_id": camera.organisation_id, "camera": camera, "thresholds": [7]}
    await Alert.create(**alert, is_on=True)
    legend = the(parsed(await bob.get("/cameras/camera000001/forecast")), ".forecast-legend")
    assert "やや混雑" not in legend.get_text()
    assert "混雑" in legend.get_text()
    await Alert.filter(camera_id=camera.id).update(is_on=False)
    assert not parsed(await bob.get("/cameras/camera000001/forecast")).select(".forecast-legend")


async def test_the_days_to_come_mark_holidays_and_show_the_band(
    bob: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera)
    page = parsed(await bob.get("/cameras/camera000001/forecast?view=dates"))
    tabs = page.select(".forecast-tab")
    assert len(tabs) == 7
    assert tabs[0].get_text(strip=True).startswith("今日")
    assert "勤労感謝の日" in tabs[3].get_text()
    assert [tab for tab in tabs if "祝" in tab.get_text()] == [tabs[3]]
    assert len(page.select(".day-band")) == 96
    assert page.select(".day-now")
    assert "人の外れ" in the(page, ".forecast-scores").get_text()
    holiday = parsed(await bob.get("/cameras/camera000001/forecast?view=dates&day=2026-11-23"))
    assert "勤労感謝の日" in the(holiday, "h2").get_text()
    assert not holiday.select(".day-now")


async def test_today_follows_what_was_seen_until_now(
    bob: Person, camera: Camera, database: Settings
) -> None:
    await know(database, camera)

    async def expected_at(row: int) -> float:
        page = parsed(await bob.get("/cameras/camera000001/forecast?view=dates"))
        return float(page.select("tbody tr")[row].select("td")[0].get_text())

    before = await expected_at(26)
    today = NOW.astimezone(TOKYO).date()
    await make_quarters(camera, today, 1, TOKYO, lambda at: 3 * by_hour(at))
    await CameraQuarter.filter(quarter__gt=NOW).delete()
    assert await expected_at(26) > 1.3 * before
    assert await expected_at(4) == 2.0  # what is over keeps its forecast


async def test_a_closed_day_says_so(bob: Person, camera: Camera, database: Settings) -> None:
    await know(database, camera)
    rules = {"basic": [{"days": [0, 1, 2, 3, 4], "span": [600, 1200]}]}
    await Camera.filter(id=camera.id).update(has_hours=True, hours=rules)
    path = "/cameras/camera000001/forecast?view=dates&day="
    assert "休業日" in parsed(await bob.get(path + "2026-11-22")).get_text()
    friday = the(parsed(await bob.get(path + "2026-11-20")), ".forecast-quiet").get_text()
    assert "10:00～12:00" in friday


async def test_a_group_is_the_sum_and_needs_every_camera(
    bob: Person, camera: Camera, database: Settings, organisation: Organisation
) -> None:
    other = await make_camera(organisation, "裏口")
    group = await make_group(organisation, cameras=[camera, other])
    await know(database, camera)
    path = f"/groups/{group.public_id}/forecast"
    assert "データが不足しています" in parsed(await bob.get(path)).get_text()
    await CameraForecast.filter(camera_id=other.id).delete()
    await know(database, other)
    page = parsed(await bob.get(path))
    assert the(page.select("tbody tr")[24], "td").get_text() == "16.0"
    dated = parsed(await bob.get(f"{path}?view=dates"))
    assert "2台のカメラ" in the(dated, ".forecast-scores").get_text()
    assert group.name in parsed(await bob.get("/groups?view=forecast")).get_text()


@pytest.mark.parametrize("path", ["/cameras?view=forecast", "/groups?view=forecast"])
async def test_thirty_forecasts_take_no_more_queries_than_two(
    bob: Person, organisation: Organisation, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    asked: list[str] = []
    plain = SqliteClient.execute_query

    async def counting(self: SqliteClient, query: str, values: list[Any] | None = None) -> Any:
        asked.append(query)
        return await plain(self, query, values)

    async def add(number: int) -> None:
        camera = await make_camera(organisation, f"カメラ{number}", latest=counted())
        await make_usual(camera)
        group = await make_group(organisation, f"グループ{number}", [camera])
        for whose in ({"camera": camera}, {"group": group}):
            await Alert.create(organisation=organisation, thresholds=[4, 9], is_on=True, **whose)

    async def queries() -> int:
        asked.clear()
        monkeypatch.setattr(SqliteClient, "execute_query", counting)
        page = await bob.get(path)
        monkeypatch.setattr(SqliteClient, "execute_query", plain)
        assert len(parsed(page).select(".spark svg")) == shown
        return len(asked)

    shown = 2
    for number in range(shown):
        await add(number)
    await bob.get(path)  # who asks for the first time today is looked up once
    few = await queries()
    for number in range(shown, 30):
        await add(number)
    shown = 30
    assert await queries() == few <= 15


@pytest.mark.parametrize(
    "query",
    [
        "weekday=7",
        "weekday=-1",
        "weekday=%F0%9F%98%80",
        "weekday=\u0663",  # a digit that is none of ours
        "view=x",
        "view=dates&day=1",
        "view=dates&day=2026-02-30",
        "view=dates&day=2031-01-01",
        "view=dates&weekday=1&day=",
    ],
)
async def test_nonsense_in_the_address_is_today(
    bob: Person, camera: Camera, database: Settings, query: str
) -> None:
    await know(database, camera, 8)
    answer = await bob.get(f"/cameras/camera000001/forecast?{query}")
    assert answer.status_code == 200
    assert len(parsed(answer).select(".forecast-tab[aria-current]")) == 1


async def test_english(bob: Person, camera: Camera, database: Settings) -> None:
    await know(database, camera)
    await Member.all().update(language="en")
    text = parsed(await bob.get("/cameras/camera000001/forecast?view=dates")).get_text()
    assert "Labor Thanksgiving Day" in text
    assert "quieter at about" in text
