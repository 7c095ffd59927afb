"""Processes on machines whose clocks differ ask the provider in turns: by the database's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.people import Person, visitor
from tests.signin.conftest import Desk
from webapp.app import build_app
from webapp.database import shared_now
from webapp.models import Session
from webapp.settings import Settings
from webapp.signin.sessions import COOKIE


@pytest.fixture
def database(postgres: Settings) -> Settings:
    """Several processes share PostgreSQL alone."""
    return postgres


async def age(seconds: float) -> None:
    """Let the last answer be so old."""
    await Session.all().update(checked_at=await shared_now() - timedelta(seconds=seconds))


@pytest.mark.parametrize("skew", [-60, 60, 3600])
async def test_a_refresh_token_is_used_once_whatever_the_clocks_say(
    desk: Desk, person: Person, skew: int
) -> None:
    desk.forger.tokens = {"expires_in": 4}
    await desk.sign_in(person)
    desk.forger.calls.clear()
    desk.forger.delay = 0.5
    await age(70)
    async with visitor(build_app(desk.app.state.services)) as elsewhere:
        elsewhere.cookies.set(COOKIE, person.cookies[COOKIE])
        first = asyncio.create_task(person.get("/cameras"))
        while not desk.forger.calls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=skew), tick=True):
            second = await elsewhere.get("/cameras")
        assert (second.status_code, (await first).status_code) == (200, 200)
    assert desk.forger.calls.count("token") == 1


@pytest.mark.parametrize("skew", [-60, 60])
async def test_an_answer_is_as_old_as_the_database_says(
    desk: Desk, person: Person, skew: int
) -> None:
    await desk.sign_in(person)
    desk.forger.calls.clear()
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=skew), tick=True):
        await person.get("/cameras")
        assert desk.forger.calls == []
        await age(46)
        await person.get("/cameras")
    assert desk.forger.calls == ["userinfo"]
