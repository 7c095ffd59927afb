"""The app is killed in the middle of load: what was answered is counted, and nothing more
than what was asked for (E3, TRUST 10)."""

from __future__ import annotations

import asyncio

import pytest

from jobs.benchmarks.embed_load import Seen, Viewers
from jobs.benchmarks.embed_server import free_port, serving
from jobs.benchmarks.embeds import fill, stored
from webapp.settings import Settings

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]

KILLS = 2
CLIENTS = 16
ADDRESSES = 48
# A kill comes after so many answers.
ANSWERS = 250


async def test_kill_9_in_the_middle_of_load_leaves_the_count_exact(any_database: Settings) -> None:
    port = free_port()
    origin = f"http://localhost:{port}"
    settings = any_database.model_copy(update={"origin": origin, "listen_port": port})
    paths = await fill()
    answered = asked = 0
    for _ in range(KILLS):
        seen = await _killed_under_load(settings, paths)
        answered, asked = answered + seen.answered, asked + seen.asked
        month, days = await stored()
        assert month == days
        assert answered <= month <= asked
    # It goes on from what is stored, view by view.
    async with serving(settings):
        seen, viewers = Seen(), Viewers(port, ADDRESSES)
        await viewers.at_once(paths, 1, lambda: seen.asked < 50, seen)
        viewers.close()
    assert (seen.answered, seen.errors) == (50, 0)
    assert await stored() == (month + 50, month + 50)


async def _killed_under_load(settings: Settings, paths: list[str]) -> Seen:
    """What viewers saw of an app that was killed while all of them were asking."""
    seen, viewers, is_killed = Seen(), Viewers(settings.listen_port, ADDRESSES), False
    async with serving(settings) as process:
        load = asyncio.create_task(viewers.at_once(paths, CLIENTS, lambda: not is_killed, seen))
        while seen.answered < ANSWERS:
            assert not load.done()
            await asyncio.sleep(0.005)
        is_killed = True
        process.kill()
        await process.wait()
        await load
        viewers.close()
    assert seen.answered >= ANSWERS
    assert 0 < seen.asked - seen.answered <= CLIENTS, "it was killed in the middle of views"
    return seen
