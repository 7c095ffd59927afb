"""Two at once, on PostgreSQL: limits hold, and no group is left without its default camera."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from tests.builders import make_camera, make_group
from tests.people import Person
from webapp.database import current_connection, run_statement, transaction
from webapp.domain.groups import MOST_CAMERAS, MOST_GROUPS
from webapp.errors import UserError
from webapp.groups import changes
from webapp.models import CameraGroup, CameraGroupMember, Organisation
from webapp.settings import Settings

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def database(postgres: Settings) -> Settings:
    """The people of these tests meet on PostgreSQL."""
    return postgres


async def test_of_two_who_make_the_last_group_one_is_refused(organisation: Organisation) -> None:
    camera = await make_camera(organisation)
    await CameraGroup.bulk_create(
        CameraGroup(organisation=organisation, name=str(n)) for n in range(MOST_GROUPS - 1)
    )

    async def make() -> CameraGroup:
        async with transaction():
            return await changes.create(organisation, "駅前", [camera.public_id])

    made = await asyncio.gather(*(make() for _ in range(4)), return_exceptions=True)
    refused = [one for one in made if isinstance(one, UserError)]
    assert [one.field for one in refused] == ["name"] * 3
    assert await CameraGroup.all().count() == MOST_GROUPS


async def test_of_two_who_add_the_last_camera_one_is_told(
    alice: Person, organisation: Organisation
) -> None:
    cameras = [await make_camera(organisation, str(n)) for n in range(MOST_CAMERAS + 1)]
    ids = [camera.public_id for camera in cameras]
    group = await make_group(organisation, cameras=cameras[:-2])
    path = f"/groups/{group.public_id}/cameras"
    answers = await asyncio.gather(
        alice.send_form(path, version="0", camera=[*ids[:-2], ids[-2]]),
        alice.send_form(path, version="0", camera=[*ids[:-2], ids[-1]]),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert await CameraGroupMember.filter(group_id=group.id).count() == MOST_CAMERAS


async def test_a_camera_that_goes_while_it_becomes_a_default_camera(
    alice: Person, organisation: Organisation
) -> None:
    front, back = [await make_camera(organisation, name) for name in ("正面", "裏口")]
    outside = contextvars.copy_context()  # without the transaction that is begun next
    async with transaction():
        group = await changes.create(organisation, "駅前", [front.public_id, back.public_id])
        going = asyncio.create_task(
            alice.send_form(f"/cameras/{front.public_id}/delete"), context=outside
        )
        while not (await run_statement(current_connection(), WAITING))[0][0]:
            assert not going.done(), "it did not wait"
            await asyncio.sleep(0.01)
            # A transaction goes on seeing the activity that it saw first.
            await run_statement(current_connection(), "SELECT pg_stat_clear_snapshot()")
    assert (await going).status_code == 303
    kept = await CameraGroup.get(id=group.id)
    assert (kept.default_camera_id, kept.lost_default) == (back.id, "正面")
