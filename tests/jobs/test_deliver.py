"""The outbox: carried out at least once, retried with growing pauses, given up at last."""

import asyncio
from datetime import timedelta

import pytest

from jobs import deliver
from jobs.deliver import MOST_ATTEMPTS, deliver_due, pause_after
from tests.jobs.conftest import NOON, World, jpeg, make_organisation, make_world
from webapp import outbox
from webapp.errors import TemporaryFailure
from webapp.models import Outbox
from webapp.settings import Settings
from webapp.storage import Storage


async def put(world: World, *keys: str) -> None:
    for key in keys:
        await world.services.storage.put(key, jpeg())


async def write(world: World, payload: dict[str, object], key: str = "one") -> None:
    organisation = await make_organisation()
    await outbox.write(organisation.id, outbox.PICTURES_DELETE, payload, key, NOON)


async def test_pictures_go_by_key_and_by_prefix(world: World) -> None:
    await put(world, "masked/a/1.jpg", "masked/a/2.jpg", "masked/b/1.jpg", "backgrounds/a/1.png")
    await write(world, {"keys": ["backgrounds/a/1.png"], "prefixes": ["masked/a"]})
    assert await deliver_due(world.services, NOON) == 1
    left = [key for key, _ in world.services.storage.list_sync("masked")]
    assert left == ["masked/b/1.jpg"]
    assert await world.services.storage.get("backgrounds/a/1.png") is None
    row = await Outbox.get()
    assert (row.done_at, row.attempts, row.error) == (NOON, 1, "")
    assert await deliver_due(world.services, NOON + timedelta(hours=2)) == 0


async def test_writing_twice_is_one_row(world: World) -> None:
    organisation = await make_organisation()
    for _ in range(2):
        await outbox.write(organisation.id, outbox.PICTURES_DELETE, {}, "same", NOON)
    assert await Outbox.all().count() == 1


async def test_two_deliverers_share_the_rows(world: World) -> None:
    organisation = await make_organisation()
    for number in range(30):
        await outbox.write(organisation.id, outbox.PICTURES_DELETE, {}, str(number), NOON)
    tried = await asyncio.gather(*(deliver_due(world.services, NOON) for _ in range(4)))
    assert sum(tried) == 30
    assert set(await Outbox.all().values_list("attempts", flat=True)) == {1}


class AwayStorage(Storage):
    def delete_sync(self, keys: list[str]) -> None:
        raise TemporaryFailure("away")


async def test_a_failure_is_tried_again_and_then_given_up(any_database: Settings) -> None:
    from obstore.store import MemoryStore

    world = make_world(any_database, AwayStorage(MemoryStore()))
    await write(world, {"keys": ["masked/a/1.jpg"]})
    at = NOON
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert await deliver_due(world.services, at) == 1
        assert await deliver_due(world.services, at + timedelta(seconds=9)) == 0
        row = await Outbox.get()
        assert (row.attempts, row.error) == (attempt, "away")
        at = at + pause_after(attempt)
    assert row.given_up_at is not None
    assert await deliver_due(world.services, at + timedelta(days=1)) == 0
    world.shop.analysis.close()


@pytest.mark.parametrize("prefix", ["", "masked", "masked/", "/"])
async def test_a_prefix_that_would_empty_the_store_is_refused(world: World, prefix: str) -> None:
    await put(world, "masked/a/1.jpg")
    await write(world, {"prefixes": [prefix]})
    await deliver_due(world.services, NOON)
    assert (await Outbox.get()).given_up_at == NOON
    assert await world.services.storage.get("masked/a/1.jpg")


async def test_a_deliverer_that_dies_costs_a_lease(world: World) -> None:
    await write(world, {})
    await Outbox.all().update(claim="dead", lease_until=NOON + deliver.LEASE, attempts=1)
    assert await deliver_due(world.services, NOON) == 0
    assert await deliver_due(world.services, NOON + deliver.LEASE) == 1
    assert (await Outbox.get()).done_at is not None


async def test_an_unknown_kind_is_given_up_with_words(world: World) -> None:
    organisation = await make_organisation()
    await outbox.write(organisation.id, "pigeon", {}, "x", NOON)
    await deliver_due(world.services, NOON)
    assert "no channel" in (await Outbox.get()).error


def test_pauses_grow_to_an_hour() -> None:
    pauses = [pause_after(attempt) for attempt in range(1, 13)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=10), timedelta(hours=1))
