"""Engines asked from a screen: one picture at a time, each with a deadline.

They have a thread of their own. Those that serve pages and pictures to the public are
never taken by an engine that is slow or hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from nigiwai_engine_api import EngineFailure

from webapp.analysis_pool import AnalysisPool, AnalysisTimeout
from webapp.settings import Settings

Result = TypeVar("Result")


async def ask(settings: Settings, engine_name: str, call: Callable[[], Result]) -> Result:
    """Run ``call``, which asks the engine of that name, apart from everything else.

    Raises ``EngineFailure`` when it, or the turn before it, takes too long.
    """
    limit = settings.analysis_timeout
    try:
        async with asyncio.timeout(2 * limit):
            return await _room().run(call, limit, engine_name)
    except (AnalysisTimeout, TimeoutError) as error:
        raise EngineFailure(f"{engine_name} did not answer in time.") from error


@cache
def _room() -> AnalysisPool:
    return AnalysisPool(threads=1)
