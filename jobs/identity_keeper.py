"""What the identity provider does without a visitor: its outbox, its tidying, its keys.

One keeper runs beside every process of the provider. What there is to do stands in the
database, so that any of them may do it, and none has to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from functools import partial

import structlog

from jobs import sql
from jobs.deliver import BATCH, Deliverer, deliverer_of_provider
from jobs.loops import every, supervise
from webapp.database import IDENTITY
from webapp.identity import retention
from webapp.identity.oauth.keys import rotate_old_keys
from webapp.identity.outbox import BACKCHANNEL_LOGOUT, MEMBERS_TOLD
from webapp.identity.parts import Parts
from webapp.outbox_row import OutboxRow

LOOK_IN_OUTBOX = 1.0
LOOK_AROUND = 600.0

# Seconds that what is under way is given when the keeper is told to end.
PATIENCE = 5.0

log = structlog.get_logger(__name__)


class IdentityKeeper:
    """Keeps the provider going. ``run`` returns when ``stop`` is set.

    ``bell`` is what ``parts.wake`` sets, after a transaction that left something in the outbox.
    """

    def __init__(self, parts: Parts, bell: asyncio.Event) -> None:
        self.stop = asyncio.Event()
        self._parts = parts
        self._bell = bell
        deliverer = deliverer_of_provider(parts)
        # Sign-ins that end must end everywhere within a second: they do not queue behind mails.
        self._lanes = {
            "logouts": Lane(deliverer, only=(BACKCHANNEL_LOGOUT,)),
            # What is told to the app is the worker's (``jobs/member_audit.py``).
            "letters": Lane(deliverer, but=(BACKCHANNEL_LOGOUT, MEMBERS_TOLD)),
        }

    async def run(self) -> None:
        """Work until ``stop``, then let what is under way end.

        1. Run the loops, each supervised.
        2. Claim no more, finish what was claimed.
        """
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "bell": lambda: every(LOOK_IN_OUTBOX, self._pass_on, self.stop, self._bell),
            "look around": lambda: every(LOOK_AROUND, self._look_around, self.stop),
            **{name: partial(lane.run, self.stop) for name, lane in self._lanes.items()},
        }
        tasks = [
            asyncio.create_task(supervise(name, loop, self.stop), name=f"identity {name}")
            for name, loop in loops.items()
        ]
        try:
            await self.stop.wait()
        finally:
            self._bell.set()
            await self._pass_on()
            await asyncio.wait(tasks, timeout=PATIENCE)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(lane.finish(PATIENCE) for lane in self._lanes.values()))

    async def _pass_on(self) -> None:
        for lane in self._lanes.values():
            lane.wake.set()

    async def _look_around(self) -> None:
        at = await _now(self._parts)
        await rotate_old_keys(self._parts, at)
        await retention.sweep(at)


class Lane:
    """Deliveries side by side: a slow one holds up no other, until there are too many."""

    def __init__(
        self,
        deliverer: Deliverer[Parts],
        only: Collection[str] = (),
        but: Collection[str] = (),
    ) -> None:
        self.wake = asyncio.Event()
        self._deliverer = deliverer
        self._only, self._but = only, but
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look into the outbox every second, and at once when ``wake`` is set."""
        await every(LOOK_IN_OUTBOX, self._fill, stop, self.wake)

    async def finish(self, patience: float) -> None:
        """Let what is under way end; what does not costs its lease."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _fill(self) -> None:
        """Begin what is due, as much as there is room for, without waiting for it."""
        room = BATCH - len(self._under_way)
        if not room:
            return
        at = await _now(self._deliverer.context)
        for row in await self._deliverer.claim(at, room, self._only, self._but):
            task = asyncio.create_task(self._carry_out(row, at))
            self._under_way.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        if len(self._under_way) == BATCH:
            self.wake.set()  # there is room again
        self._under_way.discard(task)

    async def _carry_out(self, row: OutboxRow, at: datetime) -> None:
        try:
            await self._deliverer.carry_out(row, at)
        except sql.DATABASE_AWAY as error:
            log.warning("a delivery was not written down", outbox=row.id, error=str(error))


async def _now(parts: Parts) -> datetime:
    return await sql.database_now(sql.connection(parts.settings, IDENTITY))
