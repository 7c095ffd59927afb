"""One worker: a few loops beside each other, none of which can lose anything.

The database decides what is due and whose turn it is; arq only carries wake-ups. So
Redis or Valkey may be killed at any time: its loop is started again with a back-off,
and meanwhile the others look into the database by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import arq
import structlog
from redis.exceptions import RedisError

from jobs import memory, retention, schedule, sql, sweep
from jobs.crew import Crew
from jobs.deliver import deliver_due
from jobs.observe import Workshop
from webapp import heartbeat
from webapp.domain.schedule import slot_of
from webapp.queue import QUEUE, Queue, close_queue, deserialize, open_queue, serialize
from webapp.services import Services

TICK = 1.0
BEAT = 5.0
LOOK_IN_OUTBOX = 5.0
LOOK_AROUND = 30.0
RETAIN_EVERY = timedelta(hours=1)
SWEEP_EVERY = timedelta(minutes=5)
SHORTEST_BACK_OFF, LONGEST_BACK_OFF = 0.5, 10.0

# Seconds that work under way is given when the worker is told to end.
PATIENCE = 5.0

log = structlog.get_logger(__name__)


class Worker:
    """Everything one worker does. ``run`` returns when ``stop`` is set."""

    def __init__(
        self, services: Services, redis_url: str, *, ends_when_wedged: bool = False
    ) -> None:
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
        self.stop = asyncio.Event()
        self._services = services
        self._settings = services.settings
        self._redis_url = redis_url
        self._ends_when_wedged = ends_when_wedged
        self._queue = Queue(redis_url)
        # One process on SQLite asks its own clock; workers on PostgreSQL pass its time along.
        self._shop = Workshop.open(services, lambda: datetime.now(UTC))
        self._crew = Crew(self._shop)
        self._outbox_wake = asyncio.Event()

    async def run(self) -> None:
        """Work until ``stop``, then let what is under way end.

        1. Run the loops, each supervised.
        2. Stop claiming, finish or give back, say goodbye.
        """
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "schedule": lambda: self._every(TICK, self._tick),
            "observe": lambda: self._crew.run(self.stop),
            "leases": lambda: self._crew.hold(self.stop),
            "deliver": lambda: self._every(LOOK_IN_OUTBOX, self._deliver, self._outbox_wake),
            "housekeeping": lambda: self._every(LOOK_AROUND, self._look_around),
            "heartbeat": lambda: self._every(BEAT, self._beat),
            "arq": self._carry,
        }
        tasks = [
            asyncio.create_task(self._supervise(name, loop), name=name)
            for name, loop in loops.items()
        ]
        try:
            await self.stop.wait()
        finally:
            self._crew.wake()
            self._outbox_wake.set()
            await self._crew.finish(PATIENCE)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._close()

    @property
    def is_wedged(self) -> bool:
        """Whether so many analyses hang that the process should be replaced."""
        return self._shop.analysis.is_stuck

    async def _tick(self) -> None:
        at = await self._now()
        if not await heartbeat.take_turn("tick", at, timedelta(seconds=TICK * 0.9)):
            return
        if await schedule.tick(self._settings, at):
            self._crew.wake()
            slot = slot_of(at, self._settings.capture_interval)
            await self._queue.enqueue_observe(slot.isoformat())

    async def _deliver(self) -> None:
        while await deliver_due(self._services, await self._now()):
            if self.stop.is_set():
                return

    async def _look_around(self) -> None:
        at = await self._now()
        if await heartbeat.take_turn("retention", at, RETAIN_EVERY):
            await retention.retain(self._settings, at)
        if await heartbeat.take_turn("sweep", at, SWEEP_EVERY):
            await sweep.sweep(self._services, at)
        await asyncio.to_thread(memory.give_back)

    async def _beat(self) -> None:
        if self.is_wedged:
            log.error("analyses hang: this worker reads unhealthy", worker=self.name)
            if self._ends_when_wedged:
                self.stop.set()
            return
        await heartbeat.beat(self.name, await self._now())

    async def _now(self) -> datetime:
        return await sql.database_now(sql.connection(self._settings))

    async def _every(
        self,
        seconds: float,
        step: Callable[[], Awaitable[None]],
        wake: asyncio.Event | None = None,
    ) -> None:
        """Do ``step`` every so often, and at once when ``wake`` is set."""
        signal = wake or self.stop
        while not self.stop.is_set():
            await step()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(signal.wait(), seconds)
            if wake is not None:
                wake.clear()

    async def _supervise(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Start the loop again when it fails, after a pause that grows while it keeps failing."""
        pause = SHORTEST_BACK_OFF
        clock = asyncio.get_running_loop().time
        while not self.stop.is_set():
            started = clock()
            try:
                await loop()
            except (*sql.DATABASE_AWAY, RedisError) as error:
                log.warning("a loop of the worker starts again", loop=name, error=str(error))
            except Exception:
                log.exception("a loop of the worker failed", loop=name)
            pause = SHORTEST_BACK_OFF if clock() - started > 60 else pause * 2
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), min(pause, LONGEST_BACK_OFF))

    async def _carry(self) -> None:
        """Let arq hand over wake-ups. It ends with an error when Redis goes away."""
        if not self._redis_url:
            await self.stop.wait()
            return
        pool = open_queue(self._redis_url)
        carrier = arq.Worker(
            [wake_observers, wake_deliverers],
            redis_pool=pool,
            queue_name=QUEUE,
            ctx={"wake_observers": self._crew.wake, "wake_deliverers": self._outbox_wake.set},
            handle_signals=False,
            keep_result=0,
            max_tries=1,
            job_timeout=10,
            # The key lives this long and a second; arq's own default is an hour.
            health_check_interval=10,
            health_check_key=f"nigiwai:health:{self.name}",
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        try:
            await carrier.async_run()
        finally:
            # Not carrier.close(): it closes the pool in a way that redis-py has deprecated.
            for task in carrier.tasks.values():
                task.cancel()
            await asyncio.gather(*carrier.tasks.values(), return_exceptions=True)
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await asyncio.wait_for(pool.delete(carrier.health_check_key), 2)
            with contextlib.suppress(RedisError, OSError):
                await close_queue(pool)

    async def _close(self) -> None:
        self._shop.analysis.close()
        with contextlib.suppress(*sql.DATABASE_AWAY):
            await heartbeat.forget(self.name)
        await self._queue.close()


async def wake_observers(ctx: dict[str, Any]) -> None:
    """Let this worker look into the ledger at once."""
    ctx["wake_observers"]()


async def wake_deliverers(ctx: dict[str, Any]) -> None:
    """Let this worker look into the outbox at once."""
    ctx["wake_deliverers"]()
