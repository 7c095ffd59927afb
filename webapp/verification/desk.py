"""What the checks of one process share: a few turns, and shares of who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from webapp.embeds.visitors import Shares

# Drawing takes up to a tenth of a second of a core: nobody gets more of them than a person needs.
# A page takes three of them with its pictures, and each file to download another.
_ASKED_A_MINUTE = 60
_TURNS = 2


@dataclass(frozen=True, slots=True)
class VerificationDesk:
    """Where pictures are drawn anew for whoever asks; everything else goes on meanwhile."""

    shares: Shares = field(default_factory=lambda: Shares(_ASKED_A_MINUTE))
    _turns: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(_TURNS))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one of its turns. Files are fetched in it: whoever waits holds none."""
        async with self._turns:
            yield
