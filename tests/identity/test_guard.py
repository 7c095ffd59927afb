"""Counting tries, fifty at once, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from webapp.identity.guard import begin_try, forget_tries, network_of, take
from webapp.identity.models import Guard
from webapp.settings import Settings

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)
MAIL = "alice@nigiwai.test"
SECOND = timedelta(seconds=1)


async def test_of_fifty_tries_at_once_five_are_made(any_database: Settings) -> None:
    made = await asyncio.gather(*(begin_try(MAIL, NOW) for _ in range(50)))
    assert sum(made) == 5
    assert await Guard.all().count() == 1


async def test_of_fifty_takes_at_once_as_many_as_there_are_succeed(any_database: Settings) -> None:
    minute = timedelta(minutes=1)
    taken = await asyncio.gather(*(take("a key", 7, minute, NOW) for _ in range(50)))
    assert sum(taken) == 7
    assert not await take("a key", 7, minute, NOW + minute - SECOND)
    assert await take("another", 7, minute, NOW)
    taken = [await take("a key", 7, minute, NOW + minute) for _ in range(8)]
    assert taken == [True] * 7 + [False]


async def test_a_lock_lasts_five_minutes_from_the_fifth_try(any_database: Settings) -> None:
    tries = [await begin_try(MAIL, NOW + n * SECOND) for n in range(6)]
    assert tries == [True] * 5 + [False]
    locked_at = NOW + 4 * SECOND
    assert not await begin_try(MAIL, locked_at + 299 * SECOND), "tries meanwhile change nothing"
    again = [await begin_try(MAIL, locked_at + 301 * SECOND) for _ in range(6)]
    assert again == [True] * 5 + [False]


async def test_tries_are_forgotten_by_success_and_in_time(database: Settings) -> None:
    for _ in range(4):
        assert await begin_try(MAIL, NOW)
    await forget_tries(MAIL)
    for _ in range(4):
        assert await begin_try(MAIL, NOW)
    later = NOW + timedelta(minutes=15)
    assert [await begin_try(MAIL, later) for _ in range(6)] == [True] * 5 + [False]


async def test_what_is_guarded_is_not_kept_as_text(database: Settings) -> None:
    await begin_try(MAIL, NOW)
    await take("login 203.0.113.7", 1, SECOND, NOW)
    for guard in await Guard.all():
        assert len(guard.key) == 64
        assert set(guard.key) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002"),
        ("", ""),
    ],
)
def test_ipv6_counts_by_network(address: str, network: str) -> None:
    assert network_of(address) == network
