"""The quarter hours say what the minutes say, whichever way they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs import ledger, retention, schedule
from jobs.ledger import Answer
from tests.builders import make_camera
from webapp.database import transaction
from webapp.domain.health import CameraState
from webapp.history import queries, rollup
from webapp.models import Camera, CameraQuarter, Observation, Organisation
from webapp.settings import Settings

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def camera(any_database: Settings) -> Camera:
    organisation = await Organisation.create(name="駅前商店街")
    return await make_camera(organisation, created_at=NOON - timedelta(days=1))


async def observe(settings: Settings, minute: datetime, count: int | None) -> None:
    """One minute through the ledger, as a worker does it."""
    await schedule.tick(settings, minute)
    late = minute + timedelta(seconds=50)
    state = CameraState.OK if count is not None else CameraState.UNREACHABLE
    for held in await ledger.claim(settings, late, 10):
        assert await ledger.finish(
            settings, held, Answer(state, count=count, captured_at=late), late
        )


async def rows() -> list[dict[str, Any]]:
    names = ("quarter", "total", "n", "low", "high", "at_quarter")
    return await CameraQuarter.all().order_by("quarter").values(*names)


async def test_a_quarter_hour_grows_with_its_minutes(
    any_database: Settings, camera: Camera
) -> None:
    counts = [4, 9, None, 2, *[5] * 11]
    for age, count in enumerate([*counts, None, 7]):
        await observe(any_database, NOON + age * MINUTE, count)
    made = await rows()
    assert made == [
        {"quarter": NOON, "total": 70, "n": 14, "low": 2, "high": 9, "at_quarter": 4},
        # The minute of the quarter itself was not known, and is not made up from the next.
        {
            "quarter": NOON + 15 * MINUTE,
            "total": 7,
            "n": 1,
            "low": 7,
            "high": 7,
            "at_quarter": None,
        },
    ]
    await rollup.rebuild(rollup.CAMERAS, camera.id, NOON, NOON + timedelta(hours=1))
    assert await rows() == made


async def test_no_analysis_is_absent_and_not_nought(any_database: Settings, camera: Camera) -> None:
    await observe(any_database, NOON, None)
    assert await rows() == []
    await observe(any_database, NOON + MINUTE, 0)
    assert [(row["n"], row["high"]) for row in await rows()] == [(1, 0)]


async def test_a_minute_that_is_there_already_is_not_added_again(
    any_database: Settings, camera: Camera
) -> None:
    """A slot may come again after its observation: the second answer is not kept."""
    await Observation.create(
        organisation_id=camera.organisation_id,
        camera=camera,
        minute=NOON,
        state=CameraState.OK,
        count=3,
    )
    await observe(any_database, NOON, 8)
    assert await rows() == []


async def test_what_differs_is_made_anew_and_the_rest_is_left(
    any_database: Settings, camera: Camera
) -> None:
    for age in range(-20, 20):
        await observe(any_database, NOON + age * MINUTE, 1)
    before = await rows()
    await CameraQuarter.filter(quarter=NOON).update(total=99)
    await CameraQuarter.filter(quarter=NOON - 15 * MINUTE).update(total=77)
    await rollup.rebuild(rollup.CAMERAS, camera.id, NOON, NOON + 15 * MINUTE)
    after = await rows()
    assert [row["total"] for row in after] == [5, 77, 15, 5]
    await rollup.rebuild(rollup.CAMERAS, camera.id, NOON - timedelta(days=1), NOON + 20 * MINUTE)
    assert await rows() == before


async def test_quarter_hours_go_with_the_counts(any_database: Settings, camera: Camera) -> None:
    await observe(any_database, NOON, 3)
    kept = timedelta(days=any_database.counts_kept_days)
    await retention.retain(any_database, NOON + kept)
    assert len(await rows()) == 1
    await retention.retain(any_database, NOON + kept + MINUTE)
    assert await rows() == []


async def test_a_range_of_one_camera_is_never_read_by_the_index_of_all(postgres: Settings) -> None:
    """PostgreSQL plans a statement that is asked often without its values: it may only guess."""
    organisation = await Organisation.create(name="駅前商店街")
    cameras = [await make_camera(organisation, f"{number}") for number in range(20)]
    await CameraQuarter.bulk_create(
        CameraQuarter(
            organisation=organisation,
            camera=camera,
            quarter=NOON + number * rollup.QUARTER,
            total=number,
            n=1,
            low=1,
            high=1,
        )
        for camera in cameras
        for number in range(200)
    )
    statement = queries._named(queries._SUM, rollup.CAMERAS)
    async with transaction() as db:
        await db.execute_script("ANALYZE camera_quarter")
        await db.execute_script("SET LOCAL plan_cache_mode = force_generic_plan")
        await db.execute_script("SET LOCAL enable_seqscan = off")
        given = "bigint, timestamptz, timestamptz, bigint, bigint"
        await db.execute_script(f"PREPARE chart({given}) AS {statement}")
        plan = await db.execute_query_dict(
            f"EXPLAIN EXECUTE chart({cameras[3].id}, now() - interval '1 year', now(), 0, 900)"
        )
    said = " ".join(str(row["QUERY PLAN"]) for row in plan)
    assert "ROW(camera_id, quarter)" in said
    assert "camera_id = $1" in said
    assert "idx_camera_quar_quarter" not in said
