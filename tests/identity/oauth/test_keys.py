"""Keys: one first key, followed by others in time without a token that nobody can check."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import KeySet
from pydantic import SecretStr

from tests.identity.oauth.conftest import World
from tests.identity.people import parts_on
from webapp.identity.models import SigningKey
from webapp.identity.oauth.keys import (
    published_keys,
    rotate_keys,
    rotate_old_keys,
    signing_key,
)
from webapp.identity.passwords import Passwords
from webapp.settings import Settings

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def hours(settings: Settings) -> timedelta:
    return timedelta(hours=settings.session_hours)


async def test_the_first_key_is_made_once_under_race(
    any_database: Settings, passwords: Passwords
) -> None:
    parts = parts_on(any_database, passwords)
    # Two clocks that differ, as those of two machines do.
    moments = [NOON + timedelta(seconds=n % 3) for n in range(12)]
    keys = await asyncio.gather(*(signing_key(parts, at) for at in moments))
    assert len({key.kid for key in keys}) == 1
    assert await SigningKey.all().count() == 1


async def test_keys_are_sealed_at_rest(database: Settings, passwords: Passwords) -> None:
    parts = parts_on(database, passwords)
    key = await signing_key(parts, NOON)
    row = await SigningKey.get()
    private = key.as_dict(private=True)
    assert row.kid == private["kid"]
    for name in ("d", "p", "q", "n"):
        assert private[name] not in row.sealed
    [public] = (await published_keys(parts, NOON))["keys"]
    assert set(public) == {"kty", "n", "e", "kid", "use", "alg"}


async def test_a_new_key_is_published_an_hour_before_it_signs(
    database: Settings, passwords: Passwords, hours: timedelta
) -> None:
    parts = parts_on(database, passwords)
    old = (await signing_key(parts, NOON)).kid
    new = await rotate_keys(parts, NOON)

    async def published(at: datetime) -> list[str]:
        return [key["kid"] for key in (await published_keys(parts, at))["keys"]]

    second = timedelta(seconds=1)
    assert await published(NOON) == [old, new]
    assert (await signing_key(parts, NOON + HOUR - second)).kid == old
    assert (await signing_key(parts, NOON + HOUR)).kid == new
    # The last sign-in that the old one signed for is over that much later.
    assert await published(NOON + HOUR + hours - second) == [old, new]
    assert await published(NOON + HOUR + hours) == [new]
    newest = await rotate_keys(parts, NOON + HOUR + hours)
    assert sorted(row.kid for row in await SigningKey.all()) == sorted([new, newest])


async def test_tokens_stay_good_across_a_rotation(world: World) -> None:
    now = datetime.now(UTC)
    before = await world.tokens()
    new = await rotate_keys(world.parts, now)
    async with world.server() as server:
        kept = KeySet.import_key_set((await server.get("/jwks.json")).json())
    with time_machine.travel(now + HOUR + timedelta(seconds=1)):
        after = await world.tokens()
        # An application that read the list an hour ago can check both.
        assert jwt.decode(after["id_token"], kept, ["RS256"]).header["kid"] == new
        assert jwt.decode(before["id_token"], kept, ["RS256"]).header["kid"] != new


async def test_after_90_days_a_key_is_followed_once(
    any_database: Settings, passwords: Passwords
) -> None:
    parts = parts_on(any_database, passwords)
    assert await rotate_old_keys(parts, NOON) is None, "there is none to follow"
    await signing_key(parts, NOON)
    assert await rotate_old_keys(parts, NOON + timedelta(days=89)) is None
    due = NOON + timedelta(days=90)
    made = await asyncio.gather(*(rotate_old_keys(parts, due) for _ in range(5)))
    assert len([kid for kid in made if kid]) == 1
    assert await SigningKey.all().count() == 2
    assert await rotate_old_keys(parts, due + timedelta(days=1)) is None


async def test_another_secret_key_means_another_key(
    database: Settings, passwords: Passwords
) -> None:
    parts = parts_on(database, passwords)
    lost = (await signing_key(parts, NOON)).kid
    other = database.model_copy(update={"secret_key": SecretStr("t" * 40)})
    parts = parts_on(other, passwords)
    key = await signing_key(parts, NOON)
    assert key.kid != lost
    assert (await signing_key(parts, NOON + HOUR)).kid == key.kid
    assert [one["kid"] for one in (await published_keys(parts, NOON))["keys"]] == [key.kid]
