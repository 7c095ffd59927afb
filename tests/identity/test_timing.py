"""Login and reset do not tell by their time who exists (TRUST 19).

Somebody who knows both kinds of mail addresses learns a threshold from one half of the
answers, and guesses the other half by it. Guessing blindly is right half the time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette

from tests.identity.people import parts_on, visitor
from webapp.identity.app import build_identity
from webapp.identity.models import Account, Guard, Organisation
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.settings import Settings

EACH = 300
# A few hundred guesses scatter by three in a hundred; a leak shows each time.
ATTEMPTS = 3
MOST = 0.55

Ask = Callable[[Starlette, str, str], Awaitable[httpx.Response]]
Timed = tuple[float, bool]


async def log_in(identity: Starlette, mail: str, address: str) -> httpx.Response:
    async with visitor(identity, address) as person:
        return await person.log_in(mail, "not the password")


async def ask_for_reset(identity: Starlette, mail: str, address: str) -> httpx.Response:
    async with visitor(identity, address) as person:
        return await person.send_form("/reset", mail=mail, answer="send")


async def timed(identity: Starlette, ask: Ask, number: int, exists: bool) -> Timed:
    """One request from an address of its own, and how long it took."""
    mail = f"{'known' if exists else 'alien'}{number}@nigiwai.test"
    address = f"10.{exists:d}.{number // 250}.{number % 250}"
    begun = time.perf_counter()
    response = await ask(identity, mail, address)
    took = time.perf_counter() - begun
    assert response.status_code in {303, 422}
    return took, exists


async def guessed(identity: Starlette, ask: Ask, seed: int, each: int = EACH) -> float:
    """The share of guesses that are right."""
    await Guard.all().delete()
    order = [(number, exists) for number in range(each) for exists in (True, False)]
    chance = random.Random(seed)
    chance.shuffle(order)
    times = [await timed(identity, ask, number, exists) for number, exists in order]
    half = len(times) // 2
    threshold, above_exists = learnt(times[:half])
    right = [(took > threshold) == (exists == above_exists) for took, exists in times[half:]]
    return sum(right) / len(right)


def learnt(times: list[Timed]) -> tuple[float, bool]:
    """The threshold that parts these best, and whether those above it are the existing ones."""
    best: tuple[float, float, bool] = (0.0, 0.0, True)
    for threshold, _ in times:
        right = sum((took > threshold) == exists for took, exists in times) / len(times)
        best = max(best, (right, threshold, True), (1 - right, threshold, False))
    return best[1], best[2]


@pytest.fixture
async def identity(database: Settings) -> Starlette:
    """The provider with cheap passwords: what else differs shows the better."""
    parts = parts_on(database, Passwords(memory_kib=64, passes=1, at_once=1))
    await fill(parts)
    return build_identity(parts)


async def fill(parts: Parts) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    hashed = await parts.passwords.hash("夜明けの 灯台 と 三毛猫")
    await Account.bulk_create(
        Account(
            organisation=organisation,
            name=f"人{number}",
            mail=f"known{number}@nigiwai.test",
            password_hash=hashed,
        )
        for number in range(EACH)
    )


@pytest.mark.parametrize("ask", [log_in, ask_for_reset])
async def test_time_does_not_tell_who_exists(ask: Ask, identity: Starlette) -> None:
    await guessed(identity, ask, seed=0, each=20)  # what is made at the first time is made now
    shares: list[float] = []
    while len(shares) < ATTEMPTS and (not shares or min(shares) > MOST):
        shares.append(await guessed(identity, ask, seed=len(shares) + 1))
    print(f"{ask.__name__}: right {', '.join(f'{share:.1%}' for share in shares)}")  # noqa: T201
    assert min(shares) <= MOST, shares


async def test_a_comparison_that_is_left_out_would_be_noticed(database: Settings) -> None:
    """The same guessing finds the mistake that it is for."""

    class Hasty(Passwords):
        async def verify(self, password: str, kept: str | None) -> bool:
            return await super().verify(password, kept) if kept else False

    parts = parts_on(database, Hasty(memory_kib=16384, passes=1, at_once=1))
    await fill(parts)
    identity = build_identity(parts)
    shares = [await guessed(identity, log_in, seed, each=40) for seed in range(ATTEMPTS)]
    assert max(shares) > 0.75, shares
