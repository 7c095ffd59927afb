"""Usage by key and by day: its sums are the month's count, whoever is gone meanwhile (E3)."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from tests.builders import make_camera, make_embed, make_group
from webapp.licences.calls import count_calls
from webapp.licences.usage import KeyState, KeyUsage, Usage, usage_of
from webapp.models import CallCount, CallMonth, Camera, EmbedKey, MeteredKey, Organisation
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.settings import Settings

AT = datetime(2026, 8, 20, 3, 0, tzinfo=UTC)


@pytest.fixture
async def organisation(any_database: Settings) -> Organisation:
    return await Organisation.create(name="みなと商店街")


async def usage(organisation: Organisation, at: datetime = AT, month: str = "") -> Usage:
    found = await usage_of(organisation, at, month)
    assert found is not None
    return found


async def only(organisation: Organisation) -> KeyUsage:
    [one] = (await usage(organisation)).keys
    return one


def key_of(path: str) -> str:
    return path.split("/")[2]


async def test_the_sums_are_the_count_always(any_database: Settings) -> None:
    """Many keys, zones and instants, some beyond the quota, many at once."""
    random = Random(12)  # the same numbers each time
    zones = ("Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu")
    office = open_office(any_database)
    streets = []
    for zone in zones:
        street = await Organisation.create(name=zone, time_zone=zone)
        await set_licence(office, AT, organisation=street.public_id, cameras="1")
        streets.append(street)

    async def batch(street: Organisation) -> None:
        at = AT + timedelta(hours=random.randrange(24 * 40))
        keys = random.sample("abcdefgh", random.randint(1, 8))
        await count_calls(street, {key: random.randint(0, 400) for key in keys}, at)

    for _ in range(8):
        await asyncio.gather(*(batch(street) for street in streets for _ in range(3)))
    for street in streets:
        months = await CallMonth.filter(organisation_id=street.id)
        assert months
        for month in months:
            found = await usage(street, AT + timedelta(days=60), month.month)
            assert found.calls == month.calls <= 10_000
            assert sum(one.calls for one in found.keys) == month.calls
            assert sum(calls for _, calls in found.days) == month.calls
            for one in found.keys:
                of_key = await usage_of(street, AT, month.month, one.public_id)
                assert of_key is not None
                assert of_key.shown_calls == one.calls


async def test_a_batch_of_many_keys(organisation: Organisation) -> None:
    wanted = {f"key{number}": number for number in range(1, 1_201)}
    assert await count_calls(organisation, wanted, AT) == wanted
    assert await count_calls(organisation, wanted, AT) == wanted
    assert (await CallMonth.get()).calls == sum(wanted.values()) * 2
    counts = await CallCount.all().values_list("key", "calls")
    assert dict(counts) == {key: 2 * calls for key, calls in wanted.items()}
    assert await MeteredKey.all().count() == 1_200


async def test_a_key_is_known_by_what_it_is_of_today(organisation: Organisation) -> None:
    camera = await make_camera(organisation, "北口")
    group = await make_group(organisation, "駅前", [camera])
    keys = [key_of(await make_embed(thing)) for thing in (camera, group)]
    await count_calls(organisation, {keys[0]: 2, keys[1]: 1}, AT)
    await Camera.filter(id=camera.id).update(name="北口 新館")
    found = await usage(organisation)
    assert [(one.kind, one.name, one.state, one.calls) for one in found.keys] == [
        ("camera", "北口 新館", KeyState.LIVING, 2),
        ("group", "駅前", KeyState.LIVING, 1),
    ]


async def test_what_is_deleted_keeps_the_name_of_its_last_day(organisation: Organisation) -> None:
    camera = await make_camera(organisation, "北口")
    key = key_of(await make_embed(camera))
    await count_calls(organisation, {key: 2}, AT - timedelta(days=2))
    await Camera.filter(id=camera.id).update(name="北口 新館")
    await count_calls(organisation, {key: 1}, AT)
    await camera.delete()
    assert not await EmbedKey.exists()
    one = await only(organisation)
    assert (one.name, one.state, one.calls) == ("北口 新館", KeyState.DELETED, 3)


async def test_a_call_that_was_under_way_when_its_key_died_is_counted(
    organisation: Organisation,
) -> None:
    camera = await make_camera(organisation, "北口")
    key = key_of(await make_embed(camera))
    await count_calls(organisation, {key: 2}, AT - timedelta(days=2))
    await camera.delete()
    await count_calls(organisation, {key: 1, "never heard of": 1}, AT)
    first, second = (await usage(organisation)).keys
    assert (first.name, first.state, first.calls) == ("北口", KeyState.DELETED, 3)
    assert (second.name, second.state, second.calls) == ("", KeyState.DELETED, 1)


async def test_a_renewed_key_is_another_one_of_the_same_camera(organisation: Organisation) -> None:
    camera = await make_camera(organisation, "北口")
    key = key_of(await make_embed(camera))
    await count_calls(organisation, {key: 5}, AT)
    await EmbedKey.all().update(key="n" * 32)
    await count_calls(organisation, {"n" * 32: 1}, AT)
    assert [(one.name, one.state) for one in (await usage(organisation)).keys] == [
        ("北口", KeyState.ENDED),
        ("北口", KeyState.LIVING),
    ]


async def test_days_are_those_of_the_organisation(organisation: Organisation) -> None:
    """The process, the viewer and the organisation may be in three zones: the last one counts."""
    for zone, day in (
        ("Pacific/Kiritimati", date(2026, 9, 1)),
        ("Asia/Tokyo", date(2026, 9, 1)),
        ("UTC", date(2026, 8, 31)),
        ("America/Los_Angeles", date(2026, 8, 31)),
    ):
        street = await Organisation.create(name=zone, time_zone=zone)
        at = datetime(2026, 8, 31, 15, 30, tzinfo=UTC)
        await count_calls(street, {"key": 3}, at)
        found = await usage(street, at)
        assert found.month == day.replace(day=1)
        assert found.days[-1] == (day, 3)
        assert found.is_current


async def test_a_zone_that_is_changed_loses_no_day(organisation: Organisation) -> None:
    organisation.time_zone = "Pacific/Kiritimati"
    at = datetime(2026, 8, 19, 23, 0, tzinfo=UTC)
    await count_calls(organisation, {"key": 3}, at)  # the 20th there
    organisation.time_zone = "America/Los_Angeles"  # where it is the 19th
    found = await usage(organisation, at)
    assert found.days[-1] == (date(2026, 8, 20), 3)
    assert found.shown_calls == found.calls == 3


async def test_months_and_keys_that_are_none(organisation: Organisation) -> None:
    await count_calls(organisation, {"key": 3}, AT)
    assert (await usage(organisation)).months == ("2026-08",)
    assert (await usage(organisation, AT + timedelta(days=31))).months == ("2026-09", "2026-08")
    for month in ("2026-07", "2026-13", "0", "2026-8", "２０２６-08", "'"):
        assert await usage_of(organisation, AT, month) is None
    assert await usage_of(organisation, AT, "", "nothing") is None


async def test_the_quota_of_a_past_month_is_that_of_its_last_day(
    organisation: Organisation, any_database: Settings
) -> None:
    office = open_office(any_database)
    whose = {"organisation": organisation.public_id}
    await set_licence(office, AT, **whose, cameras="1", packs="1", packs_until="2026-09-14")
    await count_calls(organisation, {"key": 3}, AT)
    september = datetime(2026, 9, 10, 3, 0, tzinfo=UTC)
    await count_calls(organisation, {"key": 4}, september)
    assert (await usage(organisation, september)).quota == 110_000
    assert (await usage(organisation, september, "2026-08")).quota == 110_000
    assert (await usage(organisation, september + timedelta(days=10))).quota == 10_000
    october = september + timedelta(days=30)
    assert (await usage(organisation, october, "2026-09")).quota == 10_000
    assert (await usage(organisation, october, "2026-09")).outlook is None
