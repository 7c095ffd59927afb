"""Groups are sampled once a minute, whoever does it, how often, and in whatever order (S7)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from jobs import group_sample, schedule
from jobs.group_sample import sample
from tests.builders import make_camera, make_group
from tests.jobs.conftest import NOON
from webapp import heartbeat
from webapp.domain.health import CameraState
from webapp.history import rollup
from webapp.models import (
    Camera,
    CameraGroup,
    CameraGroupMember,
    GroupLatest,
    GroupObservation,
    GroupQuarter,
    Observation,
    Organisation,
    Slot,
)
from webapp.models.job import SlotState
from webapp.settings import Settings

MINUTE = timedelta(minutes=1)
SOON = NOON + timedelta(seconds=20)
OVER = NOON + MINUTE + timedelta(seconds=10)


@pytest.fixture
async def house(any_database: Settings) -> Organisation:
    await heartbeat.set_mark(schedule.CURSOR, NOON)
    return await Organisation.create(name="駅前商店街")


async def cameras(house: Organisation, count: int = 3) -> list[Camera]:
    return [await make_camera(house, f"カメラ{n}", connector="fake") for n in range(count)]


async def answer(camera: Camera, count: int | None, minute: datetime = NOON) -> None:
    """What the ledger holds of a camera that answered."""
    state = CameraState.UNREACHABLE if count is None else CameraState.OK
    whose = {"organisation_id": camera.organisation_id, "camera": camera, "minute": minute}
    await Slot.update_or_create(
        {"organisation_id": camera.organisation_id, "due_at": minute, "state": SlotState.DONE},
        camera=camera,
        minute=minute,
    )
    await Observation.create(**whose, state=state, count=count)


async def owe(camera: Camera, minute: datetime = NOON) -> None:
    """A camera whose turn is still to come."""
    await Slot.create(
        organisation_id=camera.organisation_id, camera=camera, minute=minute, due_at=minute
    )


async def kept() -> list[tuple[int | None, int, int]]:
    rows = await GroupObservation.all().order_by("minute", "group_id")
    return [(row.count, row.known, row.members) for row in rows]


async def test_a_sum_waits_for_every_open_camera(
    any_database: Settings, house: Organisation
) -> None:
    first, second, third = await cameras(house)
    group = await make_group(house, cameras=[first, second, third])
    await answer(first, 4)
    await answer(second, 0)
    await owe(third)
    assert await sample(any_database, SOON) == []
    await answer(third, 7)
    (written,) = await sample(any_database, SOON)
    assert (written.group_id, written.count, written.known, written.members) == (
        group.id,
        11,
        3,
        3,
    )
    latest = await GroupLatest.get(group=group)
    assert (latest.minute, latest.count) == (NOON, 11)
    assert await sample(any_database, OVER) == []


async def test_nobody_waits_for_ever_and_a_late_answer_still_counts(
    any_database: Settings, house: Organisation
) -> None:
    first, second = await cameras(house, 2)
    group = await make_group(house, cameras=[first, second])
    await answer(first, 4)
    await owe(second)
    assert await sample(any_database, OVER - timedelta(seconds=1)) == []
    (written,) = await sample(any_database, OVER)
    assert (written.count, written.known, written.members) == (4, 1, 2)
    await answer(second, 5)
    (late,) = await sample(any_database, OVER + timedelta(seconds=5))
    assert late.is_late
    assert await kept() == [(9, 2, 2)]
    assert (await GroupLatest.get(group=group)).count == 9


async def test_unknown_is_at_least_and_never_nought(
    any_database: Settings, house: Organisation
) -> None:
    first, second = await cameras(house, 2)
    await make_group(house, cameras=[first, second])
    await answer(first, None)
    await answer(second, None)
    (written,) = await sample(any_database, SOON)
    assert (written.count, written.known, written.members) == (None, 0, 2)


async def test_the_default_cameras_hours_are_the_groups(
    any_database: Settings, house: Organisation
) -> None:
    first, second, third = await cameras(house)
    closed = await make_group(house, "閉店", [first, second])
    opened = await make_group(house, "開店", [second, first, third])
    await answer(second, 6)
    await answer(third, 1)
    (written,) = await sample(any_database, SOON)
    assert written.group_id == opened.id
    assert (written.count, written.known, written.members) == (7, 2, 2), "a closed one is no gap"
    assert not await GroupObservation.exists(group=closed)


async def test_a_camera_counts_in_every_group_it_is_in(
    any_database: Settings, house: Organisation
) -> None:
    first, second = await cameras(house, 2)
    for name in ("東", "西", "南"):
        await make_group(house, name, [first, second])
    await answer(first, 2)
    await answer(second, 3)
    assert [one.count for one in await sample(any_database, SOON)] == [5, 5, 5]


async def test_eight_at_once_write_each_minute_once(
    any_database: Settings, house: Organisation
) -> None:
    first, second = await cameras(house, 2)
    for number in range(5):
        await make_group(house, f"{number}", [first, second])
    await answer(first, 2)
    await answer(second, 3)
    found = await asyncio.gather(*(sample(any_database, SOON) for _ in range(8)))
    written = [one.group_id for samples in found for one in samples]
    assert len(written) == len(set(written)) == 5
    assert await kept() == [(5, 2, 2)] * 5


async def test_a_worker_that_dies_between_leaves_nothing_half_done(
    any_database: Settings, house: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await cameras(house, 2)
    group = await make_group(house, cameras=[first, second])
    await answer(first, 2)
    await answer(second, 3)

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(group_sample, "_follow", die)
        with pytest.raises(KeyboardInterrupt):
            await sample(any_database, SOON)
    assert await kept() == []
    await sample(any_database, SOON)
    assert await kept() == [(5, 2, 2)]
    assert (await GroupLatest.get(group=group)).minute == NOON


async def test_minutes_without_a_worker_are_sampled_when_they_are_written(
    any_database: Settings, house: Organisation
) -> None:
    first, second = await cameras(house, 2)
    await make_group(house, cameras=[first, second])
    await answer(first, 2)
    await answer(second, 3)
    await sample(any_database, OVER)
    back = NOON + 10 * MINUTE
    assert await sample(any_database, back + timedelta(seconds=1)) == [], "the gap comes first"
    for number in range(1, 10):
        for camera in (first, second):
            await answer(camera, None, NOON + number * MINUTE)
    await heartbeat.set_mark(schedule.CURSOR, back)
    await sample(any_database, back + timedelta(seconds=2))
    assert await kept() == [(5, 2, 2)] + [(None, 0, 2)] * 9


async def test_who_joins_later_does_not_change_the_past(
    any_database: Settings, house: Organisation
) -> None:
    first, second, third = await cameras(house)
    group = await make_group(house, cameras=[first, second])
    await answer(first, 2)
    await answer(second, None)
    await answer(third, 9)
    await sample(any_database, SOON)
    await group.members.all().delete()
    for position, camera in enumerate((first, second, third)):
        await CameraGroupMember.create(
            organisation=house, group=group, camera=camera, position=position
        )
    assert await sample(any_database, OVER) == []
    assert await kept() == [(2, 1, 2)]


async def test_a_group_whose_default_camera_went_unseen_inherits(
    any_database: Settings, house: Organisation
) -> None:
    first, second = await cameras(house, 2)
    group = await make_group(house, cameras=[first, second])
    empty = await make_group(house, "空")
    await first.delete()  # by whom no screen knows
    await answer(second, 4)
    (written,) = await sample(any_database, OVER)
    assert (written.group_id, written.count, written.members) == (group.id, 4, 1)
    kept = dict(await CameraGroup.all().values_list("id", "default_camera_id"))
    assert kept == {group.id: second.id, empty.id: None}


async def test_the_quarter_hour_of_a_group_is_made_of_minute_sums(
    any_database: Settings, house: Organisation
) -> None:
    """Its most is that of the sums: cameras that are full in different minutes do not add up."""
    first, second = await cameras(house, 2)
    group = await make_group(house, cameras=[first, second])
    await heartbeat.set_mark(group_sample.CURSOR, NOON - MINUTE)
    for number, counts in enumerate([(9, 0), (0, 8), (3, 3), (5, None)]):
        minute = NOON + number * MINUTE
        for camera, count in zip((first, second), counts, strict=True):
            await answer(camera, count, minute)
        await heartbeat.set_mark(schedule.CURSOR, minute)
        await sample(any_database, minute + timedelta(seconds=75))
    quarter = await GroupQuarter.get(group=group)
    sums = (quarter.total, quarter.n, quarter.low, quarter.high, quarter.at_quarter)
    assert sums == (23, 3, 6, 9, 9), "a minute with a camera missing is at least so many"
    await rollup.rebuild(rollup.GROUPS, group.id, NOON, NOON + 15 * MINUTE)
    again = await GroupQuarter.get(group=group)
    assert (again.total, again.n, again.low, again.high, again.at_quarter) == sums
