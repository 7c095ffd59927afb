"""Wake-ups for workers, carried by arq on Redis or Valkey.

A wake-up only makes a worker look at the database sooner. Losing one costs a second or
two: workers look by themselves as well. So nothing here raises when Redis is away.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import structlog
from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool, UnixDomainSocketConnection
from redis.exceptions import RedisError

QUEUE = "nigiwai:queue"
OBSERVE = "wake_observers"

_PATIENCE = 2  # seconds that whoever sends a wake-up waits for Redis

log = structlog.get_logger(__name__)


def serialize(job: dict[str, Any]) -> bytes:
    """Jobs are JSON: what is read from Redis can only be data, never code."""
    return json.dumps(job, separators=(",", ":"), default=str).encode()


def deserialize(data: bytes) -> dict[str, Any]:
    """Read what ``serialize`` wrote."""
    job: dict[str, Any] = json.loads(data)
    return job


def open_queue(redis_url: str) -> ArqRedis:
    """Make a pool that connects when first used; ``redis_url`` is redis://… or unix://…."""
    codec: dict[str, Any] = {
        "job_serializer": serialize,
        "job_deserializer": deserialize,
        "default_queue_name": QUEUE,
    }
    timeouts: dict[str, Any] = {"socket_connect_timeout": _PATIENCE, "socket_timeout": 10.0}
    if redis_url.startswith("unix://"):
        pool: BlockingConnectionPool = BlockingConnectionPool(
            connection_class=UnixDomainSocketConnection,
            path=urlsplit(redis_url).path,
            max_connections=8,
            timeout=_PATIENCE,
            **timeouts,
        )
        return ArqRedis(connection_pool=pool, **codec)
    pool = BlockingConnectionPool.from_url(
        redis_url, max_connections=8, timeout=_PATIENCE, **timeouts
    )
    return ArqRedis(connection_pool=pool, **codec)


async def close_queue(pool: ArqRedis) -> None:
    """Close a pool with its connections (redis-py leaves those of a given pool open)."""
    await pool.aclose(close_connection_pool=True)


class Queue:
    """Where wake-ups are put. Without an address (tests, one-off commands) they go nowhere."""

    def __init__(self, redis_url: str = "") -> None:
        self._redis = open_queue(redis_url) if redis_url else None

    async def enqueue_observe(self, slot: str) -> None:
        """Slots are due: look into the ledger. One wake-up for each slot name."""
        await self._send(OBSERVE, f"{OBSERVE}:{slot}")

    async def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await close_queue(self._redis)

    async def _send(self, function: str, job_id: str) -> None:
        if self._redis is None:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._redis.enqueue_job(function, _job_id=job_id, _expires=60)
        except (RedisError, OSError, TimeoutError) as error:
            log.info("wake-up not sent", function=function, error=str(error))
