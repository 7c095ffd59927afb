"""The outbox: carried out at least once, retried with growing pauses, given up at last."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs import deliver
from jobs.deliver import MOST_ATTEMPTS, deliver_due, deliverer_of_app, pause_after
from tests.jobs.conftest import NOON, World, jpeg, make_organisation, make_world
from tests.mail.smtp import running
from tests.mail.test_render import VALUES
from webapp import outbox
from webapp.errors import TemporaryFailure
from webapp.mail import transport
from webapp.mail.letters import MAIL_SEND, Letter
from webapp.models import Outbox
from webapp.sealing import Sealer
from webapp.services import Services
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


async def test_a_row_that_is_over_says_no_more(world: World) -> None:
    organisation = await make_organisation()
    await outbox.write(organisation.id, outbox.PICTURES_DELETE, {"keys": []}, "done", NOON)
    await outbox.write(organisation.id, "pigeon", {"sealed": "secret"}, "given up", NOON)
    await deliver_due(world.services, NOON)
    assert [(row.done_at or row.given_up_at) for row in await Outbox.all()] == [NOON, NOON]
    assert await Outbox.all().values_list("payload", flat=True) == [{}, {}]


async def test_a_claim_takes_the_kinds_that_it_is_told(world: World) -> None:
    organisation = await make_organisation()
    for kind in ("a", "b", "c"):
        await outbox.write(organisation.id, kind, {}, kind, NOON)
    deliverer = deliverer_of_app(world.services)

    async def kinds(**which: tuple[str, ...]) -> set[str]:
        return {row.kind for row in await deliverer.claim(NOON, **which)}

    assert await kinds(only=("a",)) == {"a"}
    assert await kinds(only=("a",)) == set()
    assert await kinds(but=("b",)) == {"c"}
    assert await kinds() == {"b"}


async def write_letters(world: World, *keys: str) -> None:
    organisation = await make_organisation()
    letter = Letter("password_changed", "hanako@example.jp", "ja", VALUES["password_changed"])
    for key in keys:
        await outbox.write_letter(organisation.id, letter, world.services.sealer, key, NOON)


def sending_to(world: World, url: str) -> Services:
    return replace(world.services, settings=world.settings.model_copy(update={"mail_url": url}))


async def test_a_letter_waits_sealed_and_arrives_once(world: World) -> None:
    await write_letters(world, "one", "one")
    assert "hanako" not in str((await Outbox.get()).payload)
    with running() as post:
        services = sending_to(world, post.url)
        assert await deliver_due(services, NOON) == 1
        assert await deliver_due(services, NOON + timedelta(hours=2)) == 0
    assert [mail["To"] for mail in post.mails] == ["hanako@example.jp"]
    row = await Outbox.get()
    assert (row.done_at, row.payload) == (NOON, {})


async def test_a_letter_that_is_put_off_arrives_later(world: World) -> None:
    await write_letters(world, "one")
    with running() as post:
        services = sending_to(world, post.url)
        post.rcpt_answers = ["450 4.2.0 later", "451 4.3.0 later still"]
        at = NOON
        for attempt in (1, 2):
            assert await deliver_due(services, at) == 1
            row = await Outbox.get()
            assert (row.done_at, row.due_at) == (None, at + pause_after(attempt))
            assert row.payload != {}
            at = row.due_at
        assert await deliver_due(services, at) == 1
    assert len(post.mails) == 1
    assert (await Outbox.get()).attempts == 3


async def test_a_letter_that_is_refused_is_given_up(world: World) -> None:
    await write_letters(world, "one")
    with running() as post:
        post.rcpt_answers = ["550 5.1.1 nobody of that name"]
        await deliver_due(sending_to(world, post.url), NOON)
    row = await Outbox.get()
    assert (row.given_up_at, row.payload) == (NOON, {})
    assert row.error == "The mail server refuses the recipient (550)."
    assert post.mails == []


async def test_a_letter_waits_while_there_is_no_mail_server(world: World) -> None:
    await write_letters(world, "one")
    await deliver_due(world.services, NOON)
    row = await Outbox.get()
    assert (row.given_up_at, row.error) == (None, transport.NOT_SET)


async def test_a_letter_of_another_secret_key_is_given_up(world: World) -> None:
    organisation = await make_organisation()
    letter = Letter("password_changed", "a@b.jp", "ja", VALUES["password_changed"])
    await outbox.write_letter(organisation.id, letter, Sealer(b"other" * 8), "one", NOON)
    await deliver_due(world.services, NOON)
    assert (await Outbox.get()).given_up_at == NOON


async def test_a_deliverer_that_is_cut_off_sends_the_very_same_mail_again(world: World) -> None:
    """Between the server's word and ours: the Message-ID tells that it is one mail."""
    await write_letters(world, "one")
    with running() as post:
        services = sending_to(world, post.url)
        (row,) = await deliverer_of_app(services).claim(NOON)
        await deliverer_of_app(services).channels[MAIL_SEND](services, row)
        # Here it dies: nothing was written down.
        assert await deliver_due(services, NOON + deliver.LEASE) == 1
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()
