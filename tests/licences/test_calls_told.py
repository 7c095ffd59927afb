"""Admins are told by mail when 80 % and 100 % of a month's calls are used, once each (E3)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from jobs import calls_told
from tests.jobs.conftest import NOON, World, make_organisation, make_world
from webapp.licences.calls import count_calls
from webapp.mail.letters import Letter, unseal
from webapp.models import CallMonth, Member, Organisation, Outbox, Role
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.settings import Settings


@pytest.fixture
def world(any_database: Settings) -> World:
    return make_world(any_database)


async def street(world: World, **terms: str) -> Organisation:
    organisation = await make_organisation()
    people = (("花子", Role.ADMIN, "ja"), ("Bob", Role.ADMIN, "en"), ("三郎", Role.GENERAL, "ja"))
    for name, role, language in people:
        mail = f"{language}-{role}@example.jp"
        await Member.create(
            organisation=organisation, name=name, mail=mail, role=role, language=language
        )
    if terms:
        await licence(world, organisation, **terms)
    return organisation


async def licence(world: World, organisation: Organisation, **terms: str) -> None:
    office = open_office(world.settings)
    await set_licence(office, NOON, organisation=organisation.public_id, **terms)


async def used(organisation: Organisation, calls: int, at: datetime = NOON) -> None:
    """So many calls more."""
    granted = await count_calls(organisation, {"key": calls}, at)
    assert granted == {"key": calls}


async def letters(world: World) -> list[Letter]:
    rows = await Outbox.all().order_by("id")
    found = [unseal(row.payload, world.services.sealer) for row in rows]
    return sorted(found, key=lambda letter: letter.language, reverse=True)


async def test_each_share_is_told_once(world: World) -> None:
    organisation = await street(world, cameras="1")
    steps = ((7_999, 0), (1, 2), (500, 0), (1_499, 0), (1, 2))
    for calls, told in steps:
        await used(organisation, calls)
        assert await calls_told.tell(world.services, NOON) == told
        assert await calls_told.tell(world.services, NOON) == 0
        # Delivered rows are removed after a week; what was told is not forgotten with them.
        await Outbox.all().delete()
    assert await calls_told.tell(world.services, NOON + timedelta(days=20)) == 0


async def test_what_the_mails_say(world: World) -> None:
    organisation = await street(world, cameras="1")
    await used(organisation, 8_500)
    assert await calls_told.tell(world.services, NOON) == 2
    japanese, english = await letters(world)
    assert japanese.to == "ja-admin@example.jp"
    assert japanese.values["percent"] == 80
    assert (japanese.values["calls"], japanese.values["quota"]) == ("8,500", "10,000")
    assert japanese.values["month"] == "2026-03"
    assert "使い切る見込みです" in japanese.values["reach"]
    assert english.values["month"] == "2026-03"
    assert english.values["reach"].isascii()


async def test_a_jump_over_both_is_one_mail(world: World) -> None:
    organisation = await street(world, cameras="1")
    await used(organisation, 10_000)
    assert await calls_told.tell(world.services, NOON) == 2
    assert {letter.values["percent"] for letter in await letters(world)} == {100}
    assert await calls_told.tell(world.services, NOON) == 0


async def test_another_quota_makes_it_news_again(world: World) -> None:
    organisation = await street(world, cameras="1")
    await used(organisation, 8_000)
    assert await calls_told.tell(world.services, NOON) == 2
    await licence(world, organisation, cameras="1", packs="1")
    assert await calls_told.tell(world.services, NOON) == 0
    await used(organisation, 80_000)
    assert await calls_told.tell(world.services, NOON) == 2
    # A pack is taken back in the course of the month: all of what is left is used.
    await licence(world, organisation, packs="0")
    assert await calls_told.tell(world.services, NOON) == 2
    assert await calls_told.tell(world.services, NOON) == 0
    told = [(letter.values["percent"], letter.values["quota"]) for letter in await letters(world)]
    assert sorted(told) == sorted([(80, "10,000"), (80, "110,000"), (100, "10,000")] * 2)


async def test_another_month_begins_anew(world: World) -> None:
    organisation = await street(world, cameras="1")
    await used(organisation, 9_000)
    assert await calls_told.tell(world.services, NOON) == 2
    april = NOON + timedelta(days=35)
    assert await calls_told.tell(world.services, april) == 0
    await used(organisation, 9_000, april)
    assert await calls_told.tell(world.services, april) == 2


async def test_many_who_tell_at_once_tell_once(world: World) -> None:
    organisation = await street(world, cameras="1")
    await used(organisation, 9_000)
    told = await asyncio.gather(*(calls_told.tell(world.services, NOON) for _ in range(6)))
    assert sum(told) == 2
    assert await Outbox.all().count() == 2


async def test_telling_beside_counting_loses_neither(world: World) -> None:
    organisation = await street(world, cameras="1")

    async def view() -> int:
        return (await count_calls(organisation, {"key": 100}, NOON))["key"]

    results = await asyncio.gather(
        *(call for _ in range(60) for call in (view(), calls_told.tell(world.services, NOON)))
    )
    views, told = results[0::2], results[1::2]
    assert sum(views) == (await CallMonth.get()).calls == 6_000
    assert sum(told) == 0
    await asyncio.gather(
        *(call for _ in range(50) for call in (view(), calls_told.tell(world.services, NOON)))
    )
    await calls_told.tell(world.services, NOON)
    assert (await CallMonth.get()).calls == 10_000
    percents = sorted(letter.values["percent"] for letter in await letters(world))
    assert percents in ([80, 80, 100, 100], [100, 100])


async def test_nobody_is_told_without_a_quota_or_when_suspended(world: World) -> None:
    organisation = await street(world)
    await used(organisation, 1_000_000)
    assert await calls_told.tell(world.services, NOON) == 0
    await licence(world, organisation, cameras="0")
    assert await calls_told.tell(world.services, NOON) == 0
    await licence(world, organisation, cameras="1")
    await Organisation.all().update(suspended_at=NOON)
    assert await calls_told.tell(world.services, NOON) == 0
    await Organisation.all().update(suspended_at=None)
    assert await calls_told.tell(world.services, NOON) == 2
