"""Viewers of embeds: many addresses of the loopback, each with a connection that it keeps."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

# Programs by their name go free (TRUST 11); viewers have a browser.
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# Seconds that an answer may take.
LONGEST = 30.0


@dataclass(slots=True)
class Seen:
    """What viewers saw: how many asked, how many were answered with 200, and how long it took."""

    asked: int = 0
    answered: int = 0
    errors: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, status: int, took: float) -> None:
        """Add one answer; a status of 0 is none."""
        self.seconds.append(took)
        if status == 200:
            self.answered += 1
        else:
            self.errors += 1

    def milliseconds(self, share: float) -> float:
        """The time within which that share of the answers came."""
        ordered = sorted(self.seconds)
        place = min(len(ordered) - 1, int(share * len(ordered)))
        return round(ordered[place] * 1000, 1) if ordered else 0.0


class Viewers:
    """So many viewers of a server on the loopback, each from an address of its own."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._free = deque(_Viewer(port, place) for place in range(number))
        self._more = asyncio.Event()

    async def at_rate(self, paths: Sequence[str], rate: float, seconds: float) -> Seen:
        """Ask at random times, ``rate`` a second in the mean, whoever was answered or not.

        Times count from when somebody wanted to ask: nobody is spared a queue.
        """
        seen, chance = Seen(), random.Random(333)  # noqa: S311 - the same load each time
        loop, asking = asyncio.get_running_loop(), set[asyncio.Task[None]]()
        begun, at = loop.time(), 0.0
        while (at := at + chance.expovariate(rate)) < seconds:
            if (wait := begun + at - loop.time()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._ask(chance.choice(paths), begun + at, seen))
            asking.add(task)
            task.add_done_callback(asking.discard)
        if asking:
            await asyncio.wait(asking)
        return seen

    async def at_once(
        self, paths: Sequence[str], clients: int, goes_on: Callable[[], bool], seen: Seen
    ) -> None:
        """Ask again as soon as there is an answer, ``clients`` at a time, while it goes on."""

        async def client(number: int) -> None:
            loop, turn = asyncio.get_running_loop(), number
            while goes_on():
                await self._ask(paths[turn % len(paths)], loop.time(), seen)
                turn += clients

        await asyncio.gather(*(client(number) for number in range(clients)))

    async def _ask(self, path: str, wanted_at: float, seen: Seen) -> None:
        while not self._free:
            self._more.clear()
            await self._more.wait()
        viewer = self._free.popleft()
        seen.asked += 1
        try:
            status = await viewer.get(path)
        finally:
            self._free.append(viewer)
            self._more.set()
        seen.add(status, asyncio.get_running_loop().time() - wanted_at)

    def close(self) -> None:
        """Close every connection."""
        for viewer in self._free:
            viewer.close()


class _Viewer:
    """One address with at most one connection and one question at a time."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._address = f"127.1.{number // 250}.{number % 250 + 1}"
        self._line: _Line | None = None

    async def get(self, path: str) -> int:
        """The status of the answer; 0 when there is none."""
        try:
            async with asyncio.timeout(LONGEST):
                if self._line is None or self._line.is_gone:
                    _, self._line = await asyncio.get_running_loop().create_connection(
                        _Line, "127.0.0.1", self._port, local_addr=(self._address, 0)
                    )
                return await self._line.get(path, self._port)
        except (OSError, TimeoutError):
            self.close()
            return 0

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Line(asyncio.Protocol):
    """HTTP/1.1 as little as is needed: the load must cost less than what it loads."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._data = b""

    @property
    def is_gone(self) -> bool:
        """Whether the other side closed it."""
        return self._transport is None or self._transport.is_closing()

    async def get(self, path: str, port: int) -> int:
        """The status, once the whole answer is there."""
        if self._transport is None:
            raise ConnectionResetError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: {BROWSER}\r\n"
            "Accept: */*\r\nAccept-Encoding: gzip\r\nAccept-Language: ja,en;q=0.5\r\n\r\n".encode()
        )
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, ended, body = self._data.partition(b"\r\n\r\n")
        if not ended or self._answer is None:
            return
        _, named, length = head.lower().partition(b"\r\ncontent-length:")
        wanted = int(length.partition(b"\r\n")[0]) if named else 0
        if len(body) >= wanted:
            self._data = b""
            answer, self._answer = self._answer, None
            if not answer.done():
                answer.set_result(int(head.split(b" ", 2)[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())
