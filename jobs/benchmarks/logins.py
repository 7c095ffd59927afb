"""Fifty logins at once: what they cost in memory, and what everybody else waits meanwhile.

``python -m jobs.benchmarks.logins FOLDER PORT`` is the provider, with an account for each
login, in a process of its own: it serves until it is terminated.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from webapp.database import IDENTITY, close_database, migrate, open_database
from webapp.identity.app import build_identity
from webapp.identity.models import Account, Organisation, SecondFactor
from webapp.identity.parts import build_parts
from webapp.identity.passwords import AT_ONCE
from webapp.settings import private_settings

LOGINS = 50
LOOKERS = 4  # people who only look at pages, one after another
PAGES = ("/login", "/reset", "/.well-known/openid-configuration", "/")
PASSWORD = "a bench by the sea"  # noqa: S105 - of accounts that live as long as the benchmark


async def run(logins: int = LOGINS) -> dict[str, Any]:
    """Log ``logins`` people in at once; memory in megabytes, times in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        async with _provider(folder, logins) as (pid, client):
            return await _measure(pid, client, logins)


async def _measure(pid: int, client: httpx.AsyncClient, logins: int) -> dict[str, Any]:
    for page in PAGES:
        await client.get(page)
    before = resident_mb(pid)
    begun = time.perf_counter()
    under_way = asyncio.gather(*(_log_in(client, number) for number in range(logins)))
    watching = asyncio.create_task(_most_memory(pid, under_way))
    looks = await asyncio.gather(*(_look(client, under_way) for _ in range(LOOKERS)))
    took = time.perf_counter() - begun
    times = sorted(ms for look in looks for ms in look)
    return {
        "logins_at_once": logins,
        "hashes_at_once": AT_ONCE,
        "signed_in": sum(await under_way),
        "seconds_for_all": round(took, 1),
        "mb_more": round(await watching - before),
        "other_pages": len(times),
        "other_pages_p50_ms": round(statistics.median(times)),
        "other_pages_p99_ms": round(statistics.quantiles(times, n=100)[98]),
    }


async def _log_in(client: httpx.AsyncClient, number: int) -> bool:
    form = {"mail": f"person{number}@bench.test", "password": PASSWORD}
    return (await client.post("/login", data=form)).status_code == 303


async def _look(client: httpx.AsyncClient, until: asyncio.Future[Any]) -> list[float]:
    """Look at one page after another; how long each took."""
    times: list[float] = []
    while not until.done():
        begun = time.perf_counter()
        await client.get(PAGES[len(times) % len(PAGES)])
        times.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(0.01)
    return times


async def _most_memory(pid: int, until: asyncio.Future[Any]) -> float:
    most = resident_mb(pid)
    while not until.done():
        await asyncio.sleep(0.02)
        most = max(most, resident_mb(pid))
    return most


def resident_mb(pid: int) -> float:
    """How much memory a process holds now (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextlib.asynccontextmanager
async def _provider(folder: str, logins: int) -> AsyncIterator[tuple[int, httpx.AsyncClient]]:
    """The provider in a process of its own, and a client that speaks as its own pages do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    origin = f"http://localhost:{port}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, folder, str(port), str(logins)
    )
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    limits = httpx.Limits(max_connections=logins + LOOKERS)
    try:
        async with httpx.AsyncClient(
            base_url=origin, headers=headers, timeout=120, limits=limits, trust_env=False
        ) as client:
            await _until_ready(client)
            yield process.pid, client
    finally:
        process.terminate()
        await process.wait()


async def _until_ready(client: httpx.AsyncClient, patience: float = 60) -> None:
    async with asyncio.timeout(patience):
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.get("/login")
                return
            await asyncio.sleep(0.1)


async def serve(folder: str, port: int, logins: int) -> None:
    """Be the provider."""
    settings = private_settings(Path(folder), identity_origin=f"http://localhost:{port}")
    await migrate(settings)
    await open_database(settings, [IDENTITY])
    parts = build_parts(settings)
    organisation = await Organisation.create(name="Bench")
    hashed = await parts.passwords.hash(PASSWORD)
    await Account.bulk_create(
        Account(
            organisation=organisation,
            name=f"Person {number}",
            mail=f"person{number}@bench.test",
            password_hash=hashed,
            second_factor=SecondFactor.OFF,
        )
        for number in range(logins)
    )
    config = uvicorn.Config(build_identity(parts), port=port, log_level="warning")
    try:
        await uvicorn.Server(config).serve()
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
