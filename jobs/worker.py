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

from jobs import (
    calls_told,
    group_sample,
    licence_ends,
    member_audit,
    members,
    memory,
    monitoring,
    outages,
    retention,
    schedule,
    sql,
    sweep,
)
from jobs.crew import Crew
from jobs.deliver import deliver_due
from jobs.forecast import forecast_due
from jobs.loops import every, supervise
from jobs.observe import Workshop
from jobs.prepare import prepare_one
from jobs.quiet_pictures import draw_quiet_pictures
from jobs.reports import ask_for_reports
from webapp import heartbeat
from webapp.backgrounds import builds
from webapp.domain.schedule import slot_of
from webapp.queue import QUEUE, Queue, close_queue, deserialize, open_queue, serialize
from webapp.services import Services

TICK = 1.0
SAMPLE_GROUPS = 5.0
BEAT = 5.0
LOOK_IN_OUTBOX = 5.0
LOOK_AROUND = 30.0
LOOK_FOR_FILES = 2.0
LOOK_FOR_FORECASTS = 30.0
RETAIN_EVERY = timedelta(hours=1)
REPORTS_EVERY = timedelta(minutes=30)
QUIET_PICTURES_EVERY = timedelta(minutes=15)
SWEEP_EVERY = timedelta(minutes=5)
CALLS_TOLD_EVERY = timedelta(minutes=5)
MEMBERS_EVERY = timedelta(seconds=55)

_AWAY = (*sql.DATABASE_AWAY, RedisError)

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

    async def run(self) -> None:
        """Work until ``stop``, then let what is under way end.

        1. Run the loops, each supervised.
        2. Stop claiming, finish or give back, say goodbye.
        """
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "schedule": lambda: every(TICK, self._tick, self.stop),
            "groups": lambda: every(SAMPLE_GROUPS, self._sample_groups, self.stop),
            "observe": lambda: self._crew.run(self.stop),
            "leases": lambda: self._crew.hold(self.stop),
            "deliver": lambda: every(LOOK_IN_OUTBOX, self._deliver, self.stop),
            "housekeeping": lambda: every(LOOK_AROUND, self._look_around, self.stop),
            "forecast": lambda: every(LOOK_FOR_FORECASTS, self._forecast, self.stop),
            "files": lambda: every(LOOK_FOR_FILES, self._prepare, self.stop),
            "heartbeat": lambda: every(BEAT, self._beat, self.stop),
            "arq": self._carry,
        }
        tasks = [
            asyncio.create_task(supervise(name, loop, self.stop, _AWAY), name=name)
            for name, loop in loops.items()
        ]
        try:
            await self.stop.wait()
        finally:
            self._crew.wake()
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

    async def _sample_groups(self) -> None:
        at = await self._now()
        if await heartbeat.take_turn("groups", at, timedelta(seconds=SAMPLE_GROUPS * 0.9)):
            await group_sample.sample(self._settings, at)

    async def _deliver(self) -> None:
        while await deliver_due(self._services, await self._now()):
            if self.stop.is_set():
                return

    async def _prepare(self) -> None:
        while not self.stop.is_set() and await prepare_one(self._services, self._now):
            continue

    async def _forecast(self) -> None:
        await forecast_due(self._settings, self._now)
        at = await self._now()
        if await heartbeat.take_turn("quiet pictures", at, QUIET_PICTURES_EVERY):
            await draw_quiet_pictures(self._services, at)

    async def _look_around(self) -> None:
        at = await self._now()
        await monitoring.tidy(self._services, at)
        await builds.forget_expired(at)
        await self._settle_members(at)
        if await heartbeat.take_turn("outages", at, timedelta(seconds=LOOK_AROUND * 0.9)):
            await outages.tell(self._services, at)
        if await heartbeat.take_turn("retention", at, RETAIN_EVERY):
            await retention.retain(self._settings, at)
        if await heartbeat.take_turn("reports", at, REPORTS_EVERY):
            await ask_for_reports(at)
        if await heartbeat.take_turn("licence ends", at, REPORTS_EVERY):
            await licence_ends.tell(self._services, at)
        if await heartbeat.take_turn("calls told", at, CALLS_TOLD_EVERY):
            await calls_told.tell(self._services, at)
        if await heartbeat.take_turn("sweep", at, SWEEP_EVERY):
            await sweep.sweep(self._services, at)
        await asyncio.to_thread(memory.give_back)

    async def _settle_members(self, at: datetime) -> None:
        """Before anybody is told anything: whoever left is told nothing any more.

        What admins did comes first, while whoever did it is a member still.
        """
        if not await heartbeat.take_turn("members", at, MEMBERS_EVERY):
            return
        # The provider's database may be another one; what is the app's goes on.
        try:
            await member_audit.take_over(self._settings, at)
        except sql.DATABASE_AWAY as error:
            log.warning("what admins did is not in the audit log yet", error=str(error))
        try:
            await members.settle(self._settings)
        except sql.DATABASE_AWAY as error:
            log.warning("members were not compared with their accounts", error=str(error))

    async def _beat(self) -> None:
        if self.is_wedged:
            log.error("analyses hang: this worker reads unhealthy", worker=self.name)
            if self._ends_when_wedged:
                self.stop.set()
            return
        await heartbeat.beat(self.name, await self._now())

    async def _now(self) -> datetime:
        return await sql.database_now(sql.connection(self._settings))

    async def _carry(self) -> None:
        """Let arq hand over wake-ups. It ends with an error when Redis goes away."""
        if not self._redis_url:
            await self.stop.wait()
            return
        pool = open_queue(self._redis_url)
        carrier = arq.Worker(
            [wake_observers],
            redis_pool=pool,
            queue_name=QUEUE,
            ctx={"wake_observers": self._crew.wake},
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
        await asyncio.to_thread(self._services.brokers.close)
        with contextlib.suppress(*sql.DATABASE_AWAY):
            await heartbeat.forget(self.name)
        await self._queue.close()


async def wake_observers(ctx: dict[str, Any]) -> None:
    """Let this worker look into the ledger at once."""
    ctx["wake_observers"]()
