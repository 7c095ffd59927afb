"""The simulator of the camera cloud on a free port of this machine, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn

from webapp.cloud_secret import cloud_callback, cloud_client_secret
from webapp.cloud_simulator.app import build_simulator
from webapp.cloud_simulator.protocol import Application
from webapp.cloud_simulator.world import PASSWORD, Cloud
from webapp.demo.seed import CLIP, FOLDER, LOOPBACK
from webapp.settings import Settings

OWNER = "owner-toshokan"


class Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Simulated:
    """A simulator that runs: its cloud, where it is, what it was asked for, its clock's error."""

    cloud: Cloud
    url: str
    asked: list[str]
    skew: timedelta = timedelta(0)

    def withdraw(self, owner: str = OWNER) -> None:
        for grant in self.cloud.living_consents(owner):
            self.cloud.end(grant)

    def expire(self) -> None:
        """Let every access token be over, as if minutes had gone by."""
        self.cloud.world.access.clear()

    async def consent(self, way: str, owner: str = OWNER, answer: str = "allow") -> str:
        """What the owner does in the browser; returns where it is sent back to."""
        async with httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}) as browser:
            page = await browser.get(way)
            assert page.status_code == 200, page.text
            form = {"owner": owner, "password": PASSWORD, "answer": answer}
            response = await browser.post(way, data=form)
        assert response.status_code == 302, response.text
        return response.headers["location"]


def parameters(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cloud_settings(settings: Settings, url: str) -> Settings:
    """Settings that know the simulator."""
    return settings.model_copy(update={"camera_cloud_url": url, "camera_cloud_networks": LOOPBACK})


@asynccontextmanager
async def simulated(settings: Settings, **rules: Any) -> AsyncIterator[Simulated]:
    """Serve a simulator for the app of these settings, whose cloud URL names the port."""
    asked: list[str] = []
    state = Simulated(Cloud(**rules), settings.camera_cloud_url, asked)
    state.cloud.clock = lambda: datetime.now(UTC) + state.skew
    application = Application(
        settings.camera_cloud_client_id,
        cloud_client_secret(settings),
        (cloud_callback(settings),),
    )
    inner = build_simulator(state.cloud, application, FOLDER / CLIP, state.url)

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])

        async def dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(state.cloud.clock(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await inner(scope, receive, dated)

    port = urlsplit(state.url).port
    config = uvicorn.Config(
        counted, port=port, log_level="warning", lifespan="off", date_header=False
    )
    config.timeout_graceful_shutdown = 1
    server = Quiet(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield state
    finally:
        server.should_exit = True
        server.force_exit = True
        await serving
