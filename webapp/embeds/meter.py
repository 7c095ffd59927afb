"""Metering (E3): views that come at the same time are counted in one transaction.

The table is the one truth: a view is answered only after the transaction that counts it, so
that a killed process has shown nothing that was not counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from webapp.licences.calls import count_calls
from webapp.models import Organisation

Count = Callable[[Organisation, Mapping[str, int], datetime], Awaitable[dict[str, int]]]
# How long a view waits for others to share its transaction, in seconds.
WAIT = 0.004
# How long a transaction may take, in seconds; after that its views are told that it failed.
LIMIT = 5.0


class Meter:
    """Counts views against the quota of their organisation, many at a time."""

    def __init__(self, count: Count = count_calls) -> None:
        self._count = count
        self._waiting: dict[int, list[tuple[Organisation, str, asyncio.Future[bool]]]] = (
            defaultdict(list)
        )
        self._busy: dict[int, asyncio.Task[None]] = {}

    async def grant(self, organisation: Organisation, key: str) -> bool:
        """Count one view of ``key``; False when the month's quota is used up.

        Raises whatever the database raises: then nothing was counted.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[organisation.id].append((organisation, key, future))
        if organisation.id not in self._busy:
            self._busy[organisation.id] = asyncio.create_task(self._work(organisation.id))
        return await future

    async def _work(self, organisation_id: int) -> None:
        """Count what waits for one organisation, until nothing does."""
        try:
            while self._waiting[organisation_id]:
                await asyncio.sleep(WAIT)
                batch = self._waiting.pop(organisation_id)
                await self._count_batch(batch)
        finally:
            for _, _, future in self._waiting.pop(organisation_id, []):
                future.cancel()
            del self._busy[organisation_id]

    async def _count_batch(
        self, batch: list[tuple[Organisation, str, asyncio.Future[bool]]]
    ) -> None:
        # Whoever went away before the count began has seen nothing and pays nothing.
        batch = [entry for entry in batch if not entry[2].done()]
        if not batch:
            return
        wanted = Counter(key for _, key, _ in batch)
        try:
            async with asyncio.timeout(LIMIT):
                granted = await self._count(batch[0][0], wanted, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            for _, _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for _, key, future in batch:
            is_granted = granted[key] > 0
            granted[key] -= is_granted
            if not future.done():
                future.set_result(is_granted)
