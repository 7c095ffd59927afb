"""Alert pictures say when it is usually quiet, and are drawn anew when that changes (B6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobs.forecast import forecast_due
from jobs.quiet_pictures import draw_quiet_pictures
from tests.builders import make_camera, make_group
from tests.forecast.conftest import make_quarters
from webapp.alerts.rules import StageSettings, read_stages, write_stages
from webapp.forecast.quiet import day_of, hint_for
from webapp.models import Alert, Camera, Organisation
from webapp.services import Services
from webapp.settings import Settings

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 20, 3, 7, tzinfo=UTC)  # Friday noon in Tokyo
TODAY = date(2026, 11, 20)
STAGE = StageSettings(picture_on=True, template="busy_later.ja", picture="alerts/x/0.jpg")


def by_hour(at: datetime) -> int:
    """Few until noon, and on Saturdays from 14:00 on."""
    quiet = at.hour < 12 if at.weekday() != 5 else at.hour >= 14
    return 1 if quiet else 9


async def know(settings: Settings, camera: Camera, days: int) -> None:
    async def clock() -> datetime:
        return NOW

    await make_quarters(camera, TODAY - timedelta(days), days, TOKYO, by_hour)
    await forecast_due(settings, clock)


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation)


async def alert_of(camera: Camera, *stages: StageSettings) -> Alert:
    return await Alert.create(
        organisation_id=camera.organisation_id,
        camera=camera,
        is_on=True,
        thresholds=[5],
        stage_settings=write_stages(stages),
    )


async def stages_of(alert: Alert) -> list[StageSettings]:
    return read_stages((await Alert.get(id=alert.id)).stage_settings)


async def test_the_picture_follows_the_day(
    services: Services, database: Settings, camera: Camera
) -> None:
    await know(database, camera, 28)
    alert = await alert_of(camera, StageSettings(), STAGE, replace(STAGE, picture_on=False))
    assert await draw_quiet_pictures(services, NOW) == 1
    first = await stages_of(alert)
    assert first[1].hint == "ふだん8:00～12:00ごろが空いています"
    assert first[1].picture != STAGE.picture
    assert await services.storage.get(first[1].picture)
    assert first[2] == replace(STAGE, picture_on=False)
    assert await draw_quiet_pictures(services, NOW) == 0
    assert await draw_quiet_pictures(services, NOW + timedelta(days=1)) == 1
    assert (await stages_of(alert))[1].hint == "ふだん14:00～22:00ごろが空いています"


async def test_it_says_nothing_without_a_forecast_or_a_second_line(
    services: Services, database: Settings, camera: Camera
) -> None:
    await know(database, camera, 6)
    await alert_of(camera, StageSettings(), STAGE)
    assert await draw_quiet_pictures(services, NOW) == 0
    await Alert.all().delete()
    await know(database, await make_camera(camera.organisation), 28)
    await alert_of(camera, replace(STAGE, template="busy.ja"), replace(STAGE, template=""))
    assert await draw_quiet_pictures(services, NOW) == 0


async def test_a_group_speaks_of_its_sum_in_the_pictures_language(
    database: Settings, camera: Camera, organisation: Organisation
) -> None:
    group = await make_group(organisation, cameras=[camera])
    await know(database, camera, 28)
    assert await hint_for(group, None, "en", TODAY) == "Usually quiet: 8:00–12:00"
    assert await hint_for(await make_group(organisation, "空の組"), None, "en", TODAY) == ""


def test_at_five_in_the_morning_it_speaks_of_the_day_that_begins() -> None:
    assert day_of(datetime(2026, 11, 19, 18, 0, tzinfo=UTC), "Asia/Tokyo") == TODAY
    assert day_of(datetime(2026, 11, 19, 17, 59, tzinfo=UTC), "Asia/Tokyo") < TODAY
