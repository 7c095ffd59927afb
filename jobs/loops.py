"""Loops that go on: started again when they fail, and ended by one event."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from jobs import sql

SHORTEST_BACK_OFF, LONGEST_BACK_OFF = 0.5, 10.0
_LONG_ENOUGH = 60.0  # seconds after which a failure is a new one

log = structlog.get_logger(__name__)


async def every(
    seconds: float,
    step: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    wake: asyncio.Event | None = None,
) -> None:
    """Do ``step`` every so often until ``stop``, and at once when ``wake`` is set."""
    signal = wake or stop
    while not stop.is_set():
        await step()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(signal.wait(), seconds)
        if wake is not None:
            wake.clear()


async def supervise(
    name: str,
    loop: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    expected: tuple[type[Exception], ...] = sql.DATABASE_AWAY,
) -> None:
    """Start the loop again when it fails, after a pause that grows while it keeps failing.

    What is ``expected`` (a database or Redis that is away) is worth a line, the rest a traceback.
    """
    pause = SHORTEST_BACK_OFF
    clock = asyncio.get_running_loop().time
    while not stop.is_set():
        started = clock()
        try:
            await loop()
        except expected as error:
            log.warning("a loop starts again", loop=name, error=str(error))
        except Exception:
            log.exception("a loop failed", loop=name)
        pause = SHORTEST_BACK_OFF if clock() - started > _LONG_ENOUGH else pause * 2
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(pause, LONGEST_BACK_OFF))
