"""A camera on this machine that answers byte for byte as a test wants it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]


@dataclass
class FakeCamera:
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str = "/still.jpg", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def camera(answer: Answer) -> AsyncIterator[FakeCamera]:
    """Serve ``answer`` on loopback while the block runs; it ends what is still open."""
    fake = FakeCamera()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            sent = dict(line.split(": ", 1) for line in head[1:] if line)
            headers["authorization"] = sent.get("Authorization", "")
            request = Request(head[0].split(" ")[1], headers)
            fake.requests.append(request)
            await answer(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()


def reply(
    body: bytes = b"",
    status: str = "200 OK",
    kind: str = "image/jpeg",
    length: int | None = -1,
    **headers: str,
) -> bytes:
    """An HTTP answer; ``length`` None leaves Content-Length out, -1 tells the truth."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Type: {kind}"]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length == -1 else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(data: bytes) -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def digest_is_right(request: Request, user: str, password: str) -> bool:
    """Check an RFC 7616 answer (MD5, qop=auth) as a camera would."""
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', request.headers["authorization"]))
    if given.get("username") != user:
        return False

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    secret = md5(f"{user}:{given['realm']}:{password}")
    what = md5(f"GET:{given['uri']}")
    middle = ":".join(given[name] for name in ("nonce", "nc", "cnonce", "qop"))
    return given["response"] == md5(f"{secret}:{middle}:{what}") and given["uri"] == request.path
