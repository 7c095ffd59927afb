"""Forecasts are made each night, once, whoever works and whoever dies (F1)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from jobs import forecast
from jobs.forecast import due_date, forecast_due
from tests.builders import make_camera
from tests.forecast.conftest import make_quarters
from webapp.domain.forecast.knowledge import Knowledge
from webapp.domain.forecast.means import plain_means
from webapp.domain.forecast.slots import SLOTS
from webapp.history import rollup
from webapp.models import Camera, CameraForecast, CameraQuarter, Organisation
from webapp.settings import Settings

TOKYO = ZoneInfo("Asia/Tokyo")
FIRST = date(2026, 10, 1)
# 3:00 in Tokyo of the day after the tenth date.
NIGHT = datetime(2026, 10, 10, 18, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def clock(at: datetime) -> Callable[[], Awaitable[datetime]]:
    async def now() -> datetime:
        return at

    return now


async def make(time_zone: str = "Asia/Tokyo", name: str = "みなと商店街") -> Camera:
    organisation = await Organisation.create(name=name, time_zone=time_zone)
    return await make_camera(organisation)


async def known(camera: Camera) -> CameraForecast:
    return await CameraForecast.get(camera_id=camera.id)


async def night_after_night(settings: Settings, at: datetime, nights: int) -> None:
    for number in range(nights):
        await forecast_due(settings, clock(at + number * DAY))


async def test_yesterday_is_due_from_three_o_clock_on(any_database: Settings) -> None:
    camera = await make()
    await make_quarters(camera, FIRST, 11, TOKYO)
    assert await forecast_due(any_database, clock(NIGHT - timedelta(seconds=1))) == 1
    assert (await known(camera)).through == date(2026, 10, 9)
    assert await forecast_due(any_database, clock(NIGHT)) == 1
    row = await known(camera)
    assert (row.since, row.through, row.dates) == (FIRST, date(2026, 10, 10), 10)
    assert await forecast_due(any_database, clock(NIGHT + timedelta(hours=20))) == 0
    means = np.frombuffer(row.means, "<f4").reshape(7, SLOTS)
    assert means[3, 0] == 6  # Thursday at 6:00
    assert means[3, 95] == 5  # and at 29:45, which is Friday 5:45


async def test_nights_one_by_one_and_all_at_once_know_the_same(any_database: Settings) -> None:
    one, other = await make(), await make(name="別の組織")
    for camera in (one, other):
        await make_quarters(camera, FIRST, 24, TOKYO, lambda at: at.hour + at.day % 3)
    await night_after_night(any_database, NIGHT, 1)
    await CameraForecast.filter(camera_id=other.id).update(lease_until=NIGHT + 30 * DAY)
    await night_after_night(any_database, NIGHT + DAY, 13)
    await CameraForecast.filter(camera_id=other.id).update(lease_until=None)
    await forecast_due(any_database, clock(NIGHT + 13 * DAY))
    assert (await known(one)).knowledge == (await known(other)).knowledge
    await CameraForecast.filter(camera_id=other.id).delete()  # made anew, from everything
    await forecast_due(any_database, clock(NIGHT + 13 * DAY))
    assert (await known(one)).knowledge == (await known(other)).knowledge


async def test_eight_at_once_learn_each_date_once(any_database: Settings) -> None:
    cameras = [await make(name=f"組織{number}") for number in range(4)]
    for camera in cameras:
        await make_quarters(camera, FIRST, 10, TOKYO)
    for at in (NIGHT - DAY, NIGHT):
        done = await asyncio.gather(*(forecast_due(any_database, clock(at)) for _ in range(8)))
        assert sum(done) == len(cameras)
    assert await CameraForecast.all().count() == len(cameras)
    assert {(await known(camera)).dates for camera in cameras} == {10}


async def test_a_killed_run_is_done_again_when_its_lease_ends(any_database: Settings) -> None:
    camera = await make()
    await make_quarters(camera, FIRST, 10, TOKYO)
    await forecast_due(any_database, clock(NIGHT - DAY))
    # Killed after the claim: nothing of its work was written.
    claimed = await forecast._claim(await Organisation.get(id=camera.organisation_id), NIGHT)
    assert len(claimed) == 1
    assert await forecast_due(any_database, clock(NIGHT + timedelta(minutes=1))) == 0
    assert await forecast_due(any_database, clock(NIGHT + forecast.LEASE)) == 1
    assert (await known(camera)).dates == 10
    # One that was only slow finds that its claim is gone.
    assert await forecast._write(claimed[0]) == 0
    assert (await known(camera)).through == date(2026, 10, 10)


async def test_what_is_too_old_leaves_the_mean(any_database: Settings) -> None:
    settings = any_database.model_copy(update={"counts_kept_days": 16})
    camera = await make()
    await make_quarters(camera, FIRST, 30, TOKYO, lambda at: at.day)
    await night_after_night(settings, NIGHT, 21)
    row = await known(camera)
    assert (row.since, row.through, row.dates) == (date(2026, 10, 17), date(2026, 10, 30), 14)
    means = plain_means(Knowledge.unpack(row.knowledge))
    assert means[3, 30] == (22 + 29) / 2  # the last two Thursdays


async def test_nights_missed_beyond_what_is_kept_begin_anew(any_database: Settings) -> None:
    settings = any_database.model_copy(update={"counts_kept_days": 16})
    camera = await make()
    await make_quarters(camera, FIRST, 60, TOKYO, lambda at: at.day)
    await forecast_due(settings, clock(NIGHT))
    late = NIGHT + 45 * DAY
    await CameraQuarter.filter(quarter__lt=late - 16 * DAY).delete()
    await forecast_due(settings, clock(late))
    row = await known(camera)
    assert (row.through, row.dates) == (date(2026, 11, 24), 14)


async def test_a_camera_without_counts_waits_and_then_learns(any_database: Settings) -> None:
    camera = await make()
    await forecast_due(any_database, clock(NIGHT))
    assert (await known(camera)).dates == 0
    await make_quarters(camera, date(2026, 10, 11), 1, TOKYO)
    await forecast_due(any_database, clock(NIGHT + DAY))
    assert (await known(camera)).dates == 1


async def test_another_zone_makes_everything_anew(any_database: Settings) -> None:
    camera = await make()
    await make_quarters(camera, FIRST, 20, TOKYO)
    await forecast_due(any_database, clock(NIGHT))
    await Organisation.filter(id=camera.organisation_id).update(time_zone="UTC")
    await forecast_due(any_database, clock(NIGHT))
    row = await known(camera)
    assert row.time_zone == "UTC"
    assert row.through == date(2026, 10, 9)
    means = np.frombuffer(row.means, "<f4").reshape(7, SLOTS)
    assert means[1, 0] == 15  # 6:00 there is 15:00 in Tokyo


@pytest.mark.parametrize(
    ("zone", "changes"),
    [("America/New_York", date(2026, 11, 1)), ("Europe/Berlin", date(2027, 3, 28))],
)
async def test_an_hour_that_comes_twice_or_not_at_all(
    database: Settings, zone: str, changes: date
) -> None:
    there = ZoneInfo(zone)
    camera = await make(zone)
    first = changes - timedelta(days=9)
    await make_quarters(camera, first, 12, there)
    at = datetime(changes.year, changes.month, changes.day, 3, 30, tzinfo=there) + 3 * DAY
    await forecast_due(database, clock(at.astimezone(UTC)))
    row = await known(camera)
    assert row.dates == 12
    assert row.through == changes + timedelta(days=2)
    means = plain_means(Knowledge.unpack(row.knowledge))
    hours = (np.arange(SLOTS) // 4 + 6) % 24
    np.testing.assert_array_equal(means, np.tile(hours, (7, 1)))


async def test_counts_that_are_made_anew_are_learnt_anew(database: Settings) -> None:
    camera = await make()
    await make_quarters(camera, FIRST, 10, TOKYO)
    await forecast_due(database, clock(NIGHT))
    await rollup.rebuild(rollup.CAMERAS, camera.id, NIGHT - 20 * DAY, NIGHT)
    assert await forecast_due(database, clock(NIGHT)) == 1
    assert (await known(camera)).dates == 0


def test_due_dates_follow_the_zone() -> None:
    assert due_date(NIGHT, TOKYO) == date(2026, 10, 10)
    assert due_date(NIGHT, ZoneInfo("America/New_York")) == date(2026, 10, 9)
