"""An engine that hangs when a screen asks it takes nothing from those who serve pages."""

from __future__ import annotations

import threading
import time

import pytest
from nigiwai_engine_api import EngineFailure

from webapp import engine_room
from webapp.settings import Settings


async def test_a_hanging_engine_is_given_up(settings: Settings) -> None:
    quick = settings.model_copy(update={"analysis_timeout": 0.1})
    release = threading.Event()
    try:
        started = time.monotonic()
        with pytest.raises(EngineFailure, match="slow did not answer"):
            await engine_room.ask(quick, "slow", lambda: release.wait(20))
        assert time.monotonic() - started < 5
        assert await engine_room.ask(settings, "other", lambda: 3) == 3
    finally:
        release.set()


async def test_what_the_engine_raises_comes_through(settings: Settings) -> None:
    def fail() -> None:
        raise EngineFailure("no")

    with pytest.raises(EngineFailure, match="no"):
        await engine_room.ask(settings, "bad", fail)
