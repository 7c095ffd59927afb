"""What the checks of one process share: a few threads, and shares of who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread

from webapp.embeds.visitors import Shares

# Drawing takes up to a tenth of a second of a core: nobody gets more of them than a person needs.
_DRAWN_A_MINUTE = 60
_THREADS = 2

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class VerificationDesk:
    """Where pictures are drawn anew for whoever asks; everything else goes on meanwhile."""

    shares: Shares = field(default_factory=lambda: Shares(_DRAWN_A_MINUTE))
    _threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_THREADS))

    async def run(self, call: Callable[..., Result], *arguments: object) -> Result:
        """Run ``call`` in one of its threads."""
        return await anyio.to_thread.run_sync(partial(call, *arguments), limiter=self._threads)
