"""Metering (E3): views that come at the same time are counted in one transaction.

The table is the one truth: a view is answered only after the transaction that counts it, so
that a killed process has shown nothing that was not counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from webapp.licences.calls import count_calls
from webapp.models import Organisation

Count = Callable[[Organisation, Mapping[str, int], datetime], Awaitable[dict[str, int]]]
# How long a view waits for others to share its transaction, in seconds.
WAIT = 0.006


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    """So many views of a key, and where their number is awaited that was granted."""

    organisation: Organisation
    key: str
    views: int
    granted: asyncio.Future[int]


class Meter:
    """Counts views against the quota of their organisation, many at a time."""

    def __init__(self, count: Count = count_calls) -> None:
        self._count = count
        self._waiting: dict[int, list[_Ask]] = defaultdict(list)
        self._busy: dict[int, asyncio.Task[None]] = {}

    async def grant(self, organisation: Organisation, key: str, views: int = 1) -> int:
        """Count ``views`` of ``key``; how many of them the month's quota still had.

        A page that shows several pictures asks for all of them at once and may be granted
        some. Raises what ``count_calls`` raises, as soon as it does: within its limits.
        """
        if views <= 0:
            return 0
        ask = _Ask(organisation, key, views, asyncio.get_running_loop().create_future())
        self._waiting[organisation.id].append(ask)
        if organisation.id not in self._busy:
            self._busy[organisation.id] = asyncio.create_task(self._work(organisation.id))
        return await ask.granted

    async def _work(self, organisation_id: int) -> None:
        """Count what waits for one organisation, until nothing does."""
        try:
            while self._waiting[organisation_id]:
                await asyncio.sleep(WAIT)
                await self._count_batch(self._waiting.pop(organisation_id))
        finally:
            for ask in self._waiting.pop(organisation_id, []):
                ask.granted.cancel()
            del self._busy[organisation_id]

    async def _count_batch(self, batch: Sequence[_Ask]) -> None:
        # Whoever went away before the count began has seen nothing and pays nothing.
        batch = [ask for ask in batch if not ask.granted.done()]
        if not batch:
            return
        wanted: Counter[str] = Counter()
        for ask in batch:
            wanted[ask.key] += ask.views
        try:
            left = await self._count(batch[0].organisation, wanted, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            for ask in batch:
                if not ask.granted.done():
                    ask.granted.set_exception(error)
            return
        for ask in batch:
            granted = min(ask.views, left[ask.key])
            left[ask.key] -= granted
            if not ask.granted.done():
                ask.granted.set_result(granted)
