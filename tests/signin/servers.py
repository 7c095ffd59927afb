"""Real servers on loopback, and a browser's cookies: for signing in across two origins."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from tests.conftest import missing
from webapp.settings import ROOT

NODE = shutil.which("node")
FOREIGN = Path(__file__).with_name("foreign_provider.mjs")


class Quiet(uvicorn.Server):
    """A server that leaves the signals of the test run alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def serving(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """The app under uvicorn, as it is served."""
    server = Quiet(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


class Localhost(httpx.AsyncHTTPTransport):
    """Browsers trust localhost as if it were HTTPS, and send it secure cookies; httpx does not."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        response.headers = httpx.Headers(
            [
                (name, value.replace("; Secure", "") if name == "set-cookie" else value)
                for name, value in response.headers.multi_items()
            ]
        )
        return response


def browser(**options: Any) -> httpx.AsyncClient:
    """A browser: it follows redirects from one origin to the other, and keeps cookies."""
    return httpx.AsyncClient(
        transport=Localhost(),
        follow_redirects=True,
        headers={"Accept-Language": "ja"},
        timeout=60,
        **options,
    )


@dataclass
class Foreign:
    """npm's oidc-provider: somebody else's work, from first line to last."""

    issuer: str

    async def knows(self, sub: str, **claims: Any) -> None:
        """This person exists with these claims, and is the next to sign in."""
        await self._tell("person", sub=sub, claims=claims)

    async def forgets(self, sub: str) -> None:
        """This person is gone."""
        await self._tell("forget", sub=sub)

    async def behaves(self, **how: Any) -> None:
        """Whether it is ``down``, ``slow`` (ms) or denies (``deny``)."""
        await self._tell("behave", **how)

    async def report(self) -> dict[str, Any]:
        """Its errors, and how often each of its addresses was called."""
        report: dict[str, Any] = await self._tell("report")
        return report

    async def _tell(self, what: str, **body: Any) -> Any:
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.post(f"{self.issuer}/test/{what}", json=body)
            return answer.raise_for_status().json()


@asynccontextmanager
async def foreign_provider(client: dict[str, Any], **options: Any) -> AsyncIterator[Foreign]:
    """The foreign provider, serving this one client."""
    if NODE is None:
        missing("Node.js")
    if not (ROOT / "node_modules" / "oidc-provider").is_dir():
        missing("npm's oidc-provider")
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        str(FOREIGN),
        json.dumps({"client": client, **options}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        yield Foreign(json.loads(line)["issuer"])
    finally:
        process.kill()
        await process.wait()
