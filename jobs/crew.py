"""The part of a worker that observes: it claims slots and works on many at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from jobs import ledger, sql
from jobs.ledger import Claim
from jobs.observe import Workshop, observe

# How long a worker sleeps when nothing is due and nobody wakes it.
IDLE = 0.5

log = structlog.get_logger(__name__)


class Crew:
    """Claims as many slots as it has free hands (``acquisition_concurrency``).

    Asking cameras takes long and costs nothing: that happens side by side, for as many as
    are due, unless too many stills wait already. Analysing is left to the threads of the
    workshop. While slots are being worked on, their leases are
    renewed; a worker that dies or hangs renews nothing, and another one takes them.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._settings = shop.services.settings
        self._active: dict[asyncio.Task[None], Claim] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look into the ledger at once."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Claim and observe until ``stop``; a database that is away is waited for."""
        while not stop.is_set():
            self._wake.clear()
            try:
                claimed = await self._claim()
            except sql.DATABASE_AWAY as error:
                log.warning("the ledger cannot be read", error=str(error))
                claimed = 0
            if not claimed or self._free <= 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), IDLE)

    async def hold(self, stop: asyncio.Event) -> None:
        """Renew the leases of what is being worked on until ``stop``."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._settings.lease / 4)
            if self._active:
                with contextlib.suppress(*sql.DATABASE_AWAY):
                    at = await sql.database_now(sql.connection(self._settings))
                    await ledger.renew(list(self._active.values()), at, self._settings.lease)

    async def finish(self, patience: float) -> None:
        """Let what is under way end within ``patience`` seconds; give the rest back."""
        if not self._active:
            return
        _, late = await asyncio.wait(list(self._active), timeout=patience)
        given_back = [self._active[task] for task in late if task in self._active]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if given_back:
            await self._release(given_back)

    @property
    def _free(self) -> int:
        if self._shop.stills.is_full:
            return 0
        return self._settings.acquisition_concurrency - len(self._active)

    async def _claim(self) -> int:
        if self._free <= 0:
            return 0
        at = await sql.database_now(sql.connection(self._settings))
        claimed = await ledger.claim(self._settings, at, self._free)
        for held in claimed:
            task = asyncio.create_task(self._observe(held), name=f"observe {held.slot_id}")
            self._active[task] = held
            task.add_done_callback(self._ended)
        return len(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._active.pop(task, None)
        self._wake.set()

    async def _observe(self, held: Claim) -> None:
        try:
            await observe(self._shop, held)
        except sql.DATABASE_AWAY as error:
            # The database is away: the lease runs out, and the slot is tried again.
            log.warning("an answer could not be written", slot=held.slot_id, error=str(error))
        except Exception:
            log.exception("observing failed", slot=held.slot_id)

    async def _release(self, claims: Sequence[Claim]) -> None:
        with contextlib.suppress(*sql.DATABASE_AWAY):
            await ledger.release(claims)
