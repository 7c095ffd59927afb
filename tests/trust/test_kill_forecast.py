"""The nightly forecast is killed in the middle: every camera learns the day all the same, once."""

from __future__ import annotations

import asyncio
import multiprocessing
from datetime import date, datetime

import pytest

from jobs.forecast import LEASE, forecast_due
from tests.builders import make_camera
from tests.forecast.conftest import make_quarters
from tests.forecast.night_process import run_night
from tests.forecast.test_nightly import DAY, FIRST, NIGHT, TOKYO, clock
from webapp.models import CameraForecast, Organisation
from webapp.settings import Settings

pytestmark = [pytest.mark.kill, pytest.mark.timeout(240)]

CAMERAS, KILLS = 40, 4
LAST, BEFORE = date(2026, 10, 10), date(2026, 10, 9)


async def test_kill_9_in_the_middle_of_the_night(postgres: Settings) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    for number in range(CAMERAS):
        camera = await make_camera(organisation, f"カメラ{number}")
        await make_quarters(camera, FIRST, 10, TOKYO)
    await forecast_due(postgres, clock(NIGHT - DAY))
    assert await _through(BEFORE) == CAMERAS
    at = NIGHT
    for _ in range(KILLS):
        await _killed(postgres, at)
        assert await _through(LAST) + await _through(BEFORE) == CAMERAS
        at += LEASE
    left = await _through(BEFORE)
    assert 0 < left <= CAMERAS - KILLS
    # What was claimed by the dead is free again; nobody learns a day that is known.
    assert await forecast_due(postgres, clock(at)) == left
    assert await forecast_due(postgres, clock(at)) == 0
    rows = await CameraForecast.all()
    assert {(row.through, row.dates, row.claim, row.lease_until) for row in rows} == {
        (LAST, 10, "", None)
    }
    assert len({bytes(row.knowledge) for row in rows}) == 1, "all saw the same days, each once"


async def _killed(settings: Settings, at: datetime) -> None:
    """A run that is killed when it has written some cameras more, and works on others."""
    before = await _through(LAST)
    process = multiprocessing.get_context("spawn").Process(target=run_night, args=(settings, at))
    process.start()
    while await _through(LAST) == before:
        assert process.is_alive()
        await asyncio.sleep(0.01)
    process.kill()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -9


async def _through(day: date) -> int:
    return await CameraForecast.filter(through=day).count()
