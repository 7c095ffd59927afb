"""The rules every connector keeps, as functions that raise ``NotConformant``.

:mod:`nigiwai_connector_api.testing` offers them as a pytest class. The cameras in here live
on loopback and do one thing wrong each; ``Subject.source`` says how a source names them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import httpcore

from nigiwai_connector_api.errors import CameraUnreachable, Phase
from nigiwai_connector_api.network import Network, SocketOption
from nigiwai_connector_api.types import Connector, ConnectorInfo, Limits, Still, Surroundings

LOOPBACK = ip_network("127.0.0.0/8")
AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
SLACK = 1.0  # seconds a busy machine may take on top of a deadline
MAX_BYTES = 100_000
# Buffers of the system on both sides come on top of what a connector reads.
BUFFERS = 16_000_000
SECRET = "hush-hush-5150"  # noqa: S105 -- looked for in messages

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Build = Callable[[Surroundings], Connector]
Source = Callable[[str, int], Mapping[str, Any]]


class NotConformant(AssertionError):
    """The connector breaks a rule; the message says which and how."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The connector under test: how it is built, and how a source names host and port.

    ``scale`` is how many times the limit on bytes may come in: a stream may hold several
    pictures before a whole one.
    """

    build: Build
    source: Source
    info: ConnectorInfo
    deadline: float = 1.0
    scale: int = 1

    def open(self, network: Network | None = None) -> Connector:
        """Build it, with loopback alone allowed."""
        around = Surroundings(network or Network([LOOPBACK]), Limits(MAX_BYTES, 1_000_000))
        return self.build(around)


@dataclass(slots=True)
class Camera:
    """A server on loopback: its port, what came and went, how much was taken from it."""

    port: int = 0
    open: int = 0
    served: int = 0
    sent: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


@asynccontextmanager
async def camera(talk: Callable[[Camera], Talk]) -> AsyncIterator[Camera]:
    """Serve on loopback while the block runs."""
    state = Camera()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            state.tasks.add(task)
        state.open += 1
        state.served += 1
        try:
            await talk(state)(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            state.open -= 1
            if task is not None:
                state.tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in list(state.tasks):
            task.cancel()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=2)


def silent(_state: Camera) -> Talk:
    """Takes the connection and says nothing, until the other side hangs up."""

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    return talk


def hangs_up(_state: Camera) -> Talk:
    """Takes the connection and ends it."""

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    return talk


def babbles(first: bytes) -> Callable[[Camera], Talk]:
    """Answers with ``first`` and then without end."""

    def with_state(state: Camera) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(first)
            while state.sent < 400_000_000:
                writer.write(bytes(65536))
                state.sent += 65536
                await writer.drain()

        return talk

    return with_state


def check_info(info: ConnectorInfo) -> None:
    """Titles, descriptions, version and the schema of the options are there."""
    if not info.version.strip():
        raise NotConformant("info.version is empty")
    try:
        json.dumps(dict(info.options_schema))
    except (TypeError, ValueError) as error:
        raise NotConformant(f"info.options_schema is no JSON schema: {error}") from error
    for one in info.fields:
        if "password" in one.name and not one.is_secret:
            raise NotConformant(f"the field {one.name} is not of the kind password")


async def fetch(subject: Subject, source: Mapping[str, Any], connector: Connector) -> Still:
    """Fetch within the deadline; whatever but a still or ``CameraUnreachable`` is a fault."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(subject.deadline + 10):
            still = await connector.fetch(source, AT, subject.deadline)
    except (CameraUnreachable, asyncio.CancelledError):
        raise
    except TimeoutError:
        raise NotConformant("fetch did not keep its deadline") from None
    except Exception as error:
        raise NotConformant(f"fetch raised {type(error).__name__}: {error}") from error
    finally:
        late = time.monotonic() - started - subject.deadline
        if late > SLACK:
            raise NotConformant(f"fetch ended {late:.1f} s after its deadline")
    if not isinstance(still, Still) or not still.data:
        raise NotConformant("fetch gave no still")
    return still


async def refusal(
    subject: Subject, source: Mapping[str, Any], connector: Connector | None = None
) -> CameraUnreachable:
    """The error of a fetch that must fail, looked through for what it must not tell."""
    try:
        await fetch(subject, source, connector or subject.open())
    except CameraUnreachable as error:
        _check_words(error)
        return error
    raise NotConformant("fetch gave a still where there is none")


async def check_phases(subject: Subject) -> None:
    """Silence is a timeout, no listener is a connection, a hang-up is told in time."""
    async with camera(silent) as dumb:
        await expect(subject, dumb.port, {Phase.TIMEOUT})
    async with camera(hangs_up) as rude:
        await expect(subject, rude.port, {Phase.ANSWER, Phase.CONNECT})
    async with camera(silent) as gone:
        port = gone.port
    await expect(subject, port, {Phase.CONNECT})


async def expect(subject: Subject, port: int, phases: Iterable[Phase]) -> None:
    """A fetch from there fails in one of the phases."""
    error = await refusal(subject, subject.source("127.0.0.1", port))
    if error.phase not in phases:
        raise NotConformant(f"the phase is {error.phase}, expected one of {sorted(phases)}")


async def check_size(subject: Subject, first: bytes) -> None:
    """An answer without end is given up once it is larger than the limit."""
    async with camera(babbles(first)) as endless:
        await refusal(subject, subject.source("127.0.0.1", endless.port))
        if endless.sent > MAX_BYTES * subject.scale + BUFFERS:
            raise NotConformant(f"{endless.sent >> 20} MiB of an endless answer were taken")


async def check_guard(subject: Subject) -> None:
    """Addresses and names outside the networks are refused before any connection."""
    dialled = Nowhere()
    for host in ("10.0.0.1", "169.254.169.254", "[::1]", "metadata.example", "2130706433"):
        network = Network([LOOPBACK], dialled, lambda *_: ["127.0.0.1", "8.8.8.8"])
        error = await refusal(subject, subject.source(host, 80), subject.open(network))
        if error.phase not in {Phase.ADDRESS, Phase.SETTINGS}:
            raise NotConformant(f"the phase of a foreign address is {error.phase}")
    if dialled.asked:
        raise NotConformant("a foreign address was connected to")


async def check_goes_through_the_guard(subject: Subject) -> None:
    """What is allowed is connected to through the network that was given, nowhere else."""
    dialled = Nowhere()
    async with camera(silent) as there:
        source = subject.source("127.0.0.1", there.port)
        await refusal(subject, source, subject.open(Network([LOOPBACK], dialled)))
        if there.served or not dialled.asked:
            raise NotConformant("the camera was reached past the network that was given")


async def check_cancelled(subject: Subject) -> None:
    """A cancelled fetch leaves no connection and no thread."""
    before = threads()
    async with camera(silent) as dumb:
        source = subject.source("127.0.0.1", dumb.port)
        tasks = [asyncio.create_task(fetch(subject, source, subject.open())) for _ in range(3)]
        await _until(lambda: dumb.open == 3, "no connection was made")
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        if not all(isinstance(one, asyncio.CancelledError) for one in done):
            raise NotConformant("a cancelled fetch does not end as cancelled")
        await _until(lambda: dumb.open == 0, "a cancelled fetch leaves its connection open")
    await _until(lambda: threads() <= before, "a cancelled fetch leaves a thread behind")
    gc.collect()


async def check_many(subject: Subject, count: int = 40) -> None:
    """Many silent cameras at once each end by their own deadline."""
    connector = subject.open()
    async with camera(silent) as dumb:
        source = subject.source("127.0.0.1", dumb.port)
        await asyncio.gather(*(refusal(subject, source, connector) for _ in range(count)))
        await _until(lambda: dumb.open == 0, "connections are left open")


async def check_nonsense(subject: Subject) -> None:
    """Whatever stands in a source ends as ``CameraUnreachable``."""
    values: tuple[object, ...] = (None, 7, [], {}, "", " ", "\x00", "file:///x", "a" * 5000, b"x")
    for value in values:
        for one in subject.info.fields:
            source = {**subject.source("127.0.0.1", 9), one.name: value}
            await refusal(subject, source)
    await refusal(subject, {})


def threads() -> int:
    """Threads that are nobody's pool: pools keep theirs for the next caller."""
    pooled = ("AnyIO worker thread", "asyncio_", "ThreadPoolExecutor")
    return sum(not thread.name.startswith(pooled) for thread in threading.enumerate())


class Nowhere(httpcore.AsyncNetworkBackend):
    """Connects nowhere and remembers where it should have."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002 -- the signature is httpcore's
        timeout: float | None = None,  # noqa: ASYNC109, ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[SocketOption] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Refuse, as where nobody listens."""
        self.asked.append(host)
        raise httpcore.ConnectError


def _check_words(error: CameraUnreachable) -> None:
    text = str(error)
    if SECRET in text or "127.0.0.1" in text:
        raise NotConformant("a message names the address or a credential")
    if not text.endswith(".") or "\n" in text:
        raise NotConformant(f"the message is not one sentence: {text!r}")


async def _until(holds: Callable[[], bool], otherwise: str) -> None:
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise NotConformant(otherwise)
