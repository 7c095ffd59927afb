"""Admins are told by mail 14 days ahead what a licence's end will stop, once (L2)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from jobs import licence_ends
from tests.jobs.conftest import NOON, World, make_cameras, make_world
from webapp.mail.letters import Letter, unseal
from webapp.models import Member, Organisation, Outbox, Role
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.settings import Settings


@pytest.fixture
def world(any_database: Settings) -> World:
    return make_world(any_database)


async def street(world: World) -> Organisation:
    await make_cameras(world.services, 3)
    organisation = await Organisation.get()
    people = (("花子", Role.ADMIN, "ja"), ("Bob", Role.ADMIN, "en"), ("三郎", Role.GENERAL, "ja"))
    for name, role, language in people:
        await Member.create(
            organisation=organisation,
            name=name,
            mail=f"{language}-{role}@example.jp",
            role=role,
            language=language,
        )
    return organisation


async def licence(world: World, organisation: Organisation, **terms: str) -> None:
    office = open_office(world.settings)
    await set_licence(office, NOON, organisation=organisation.public_id, **terms)


def day(number: int) -> datetime:
    return NOON + timedelta(days=number)


async def letters(world: World) -> list[Letter]:
    rows = await Outbox.all().order_by("id")
    found = [unseal(row.payload, world.services.sealer) for row in rows]
    return sorted(found, key=lambda letter: letter.language, reverse=True)


async def test_an_end_is_told_once_14_days_ahead(world: World) -> None:
    organisation = await street(world)
    await licence(world, organisation, cameras="3", cameras_until=f"{day(20):%Y-%m-%d}")
    for number in range(21):
        written = await licence_ends.tell(world.services, day(number))
        assert written == (2 if number == 7 else 0), number
        # Delivered rows are removed after a week; what was told is not forgotten with them.
        await Outbox.filter(created_at__lt=day(-1)).delete()
    japanese, english = await letters(world)
    assert f"{day(20):%Y/%m/%d}" in japanese.values["notices"][0]
    assert "有効期限" in japanese.values["notices"][0]
    assert english.values["notices"][0].isascii()


async def test_an_end_that_is_put_off_is_told_again_for_the_new_day(world: World) -> None:
    organisation = await street(world)
    await licence(world, organisation, cameras="3", cameras_until=f"{day(10):%Y-%m-%d}")
    assert await licence_ends.tell(world.services, day(0)) == 2
    await licence(world, organisation, cameras="3", cameras_until=f"{day(30):%Y-%m-%d}")
    assert await licence_ends.tell(world.services, day(1)) == 0
    assert await licence_ends.tell(world.services, day(17)) == 2


async def test_many_who_tell_at_once_tell_once(world: World) -> None:
    organisation = await street(world)
    await licence(world, organisation, cameras="3", cameras_until=f"{day(5):%Y-%m-%d}")
    told = await asyncio.gather(*(licence_ends.tell(world.services, NOON) for _ in range(6)))
    assert sum(told) == 2
    assert await Outbox.all().count() == 2


async def test_nobody_is_told_without_an_end_or_when_suspended(world: World) -> None:
    organisation = await street(world)
    assert await licence_ends.tell(world.services, NOON) == 0
    await licence(world, organisation, cameras="3")
    assert await licence_ends.tell(world.services, NOON) == 0
    await licence(world, organisation, cameras="3", cameras_until=f"{day(5):%Y-%m-%d}")
    await Organisation.all().update(suspended_at=NOON)
    assert await licence_ends.tell(world.services, NOON) == 0
