"""Eight weeks of counts that were made up, and say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.builders import make_camera
from tests.html import text_of
from tests.people import *  # noqa: F403 - fixtures
from tests.people import Person
from webapp.demo import simulated_past
from webapp.demo.simulated_past import ENGINE, PAST, make_past, simulate_past
from webapp.domain.health import CameraState
from webapp.hours.holidays import japanese_holidays
from webapp.models import Camera, CameraQuarter, Observation, Organisation
from webapp.settings import Settings

TOKYO = ZoneInfo("Asia/Tokyo")
# Friday noon in Tokyo.
AT = datetime(2026, 6, 12, 3, 0, 30, tzinfo=UTC)


def test_it_is_what_a_street_is_like() -> None:
    until = AT.replace(second=0)
    past = make_past(0, until, TOKYO, japanese_holidays())
    assert np.array_equal(past.counts, make_past(0, until, TOKYO, japanese_holidays()).counts)
    assert len(past.counts) == 8 * 7 * 24 * 60
    assert (past.counts == -1).sum() == 120, "for two hours it was not reached"
    assert 20 <= past.counts.max() <= 60

    def mean(day: datetime, hour: int) -> float:
        begins = int((day.replace(hour=hour, tzinfo=TOKYO) - past.first) / timedelta(minutes=1))
        return float(past.counts[begins : begins + 60].mean())

    tuesdays = [datetime(2026, 5, 12), datetime(2026, 5, 19), datetime(2026, 6, 2)]  # noqa: DTZ001
    sundays = [datetime(2026, 5, 17), datetime(2026, 5, 31), datetime(2026, 6, 7)]  # noqa: DTZ001
    golden_week = datetime(2026, 5, 5)  # noqa: DTZ001 - a Tuesday, and a holiday
    assert max(mean(day, 3) for day in tuesdays) < 1
    assert min(mean(day, 17) for day in tuesdays) > 3
    assert np.mean([mean(day, 15) for day in sundays]) > np.mean([mean(d, 15) for d in tuesdays])
    assert mean(golden_week, 8) < min(mean(day, 8) for day in tuesdays), "nobody goes to work"


async def test_it_is_written_marked_and_rolled_up(
    any_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation = await Organisation.create(name="デモ商店街")
    camera = await make_camera(organisation)
    real = await Observation.create(
        organisation=organisation,
        camera=camera,
        minute=AT.replace(second=0) - timedelta(minutes=1),
        state=CameraState.OK,
        count=77,
        engine="standard",
    )
    # Two days tell as much as eight weeks.
    whole = make_past(0, AT.replace(second=0), TOKYO, japanese_holidays())
    short = replace(
        whole, first=AT.replace(second=0) - timedelta(days=2), counts=whole.counts[-2 * 1440 :]
    )
    assert timedelta(weeks=8) == PAST
    monkeypatch.setattr(simulated_past, "make_past", lambda *_: short)
    await simulate_past(camera, 0, "Asia/Tokyo", AT)
    assert (await Camera.get(id=camera.id)).simulated_until == AT.replace(second=0)
    assert await Observation.filter(engine=ENGINE).count() == 2 * 1440 - 1
    assert (await Observation.get(id=real.id)).count == 77, "what was really counted stays"
    assert await Observation.filter(minute=short.first, engine=ENGINE).exists()
    quarter = await CameraQuarter.filter(camera_id=camera.id).order_by("quarter").first()
    assert quarter
    assert (quarter.quarter, quarter.n) == (short.first, 15)
    assert quarter.total == int(short.counts[:15].sum())


async def test_screens_that_show_it_say_so(alice: Person, organisation: Organisation) -> None:
    now = datetime.now(UTC)
    camera = await make_camera(organisation, simulated_until=now - timedelta(minutes=30))
    paths = (f"/cameras/{camera.public_id}", f"/cameras/{camera.public_id}/history")
    for path in paths:
        assert "デモ用に作成した人数" in text_of(await alice.get(path), "[data-simulated]")
    await Camera.filter(id=camera.id).update(simulated_until=None)
    for path in paths:
        assert "data-simulated" not in (await alice.get(path)).text
