"""Our own connectors pass the conformance kit, and the kit catches bad ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from nigiwai_connector_api import (
    CameraUnreachable,
    Connector,
    ConnectorInfo,
    Field,
    Kind,
    Phase,
    Still,
    Surroundings,
    checks,
)
from nigiwai_connector_api.checks import AT, NotConformant, Subject
from nigiwai_connector_api.testing import SECRET, ConnectorConformance

from webapp.connectors import http_snapshot, onvif, rtsp

ENDLESS_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff"


class TestHttpSnapshot(ConnectorConformance):
    plugin = http_snapshot
    endless = ENDLESS_HTTP

    def source(self, host: str, port: int) -> Mapping[str, Any]:
        return {"url": f"http://{host}:{port}/still", "user": "me", "password": SECRET}


class TestRtsp(ConnectorConformance):
    plugin = rtsp
    scale = rtsp.PICTURES_OF_BYTES

    def source(self, host: str, port: int) -> Mapping[str, Any]:
        return {"url": f"rtsp://{host}:{port}/one", "user": "me", "password": SECRET}


class TestOnvif(ConnectorConformance):
    plugin = onvif
    endless = ENDLESS_HTTP

    def source(self, host: str, port: int) -> Mapping[str, Any]:
        return {"url": f"http://{host}:{port}", "user": "me", "password": SECRET}


WORDS = {"ja": "試験用", "en": "For tests"}
INFO = ConnectorInfo("bad", WORDS, WORDS, "1", (Field("url", Kind.TEXT, WORDS),))
Fetch = Callable[[Mapping[str, Any], float], Awaitable[Still]]


class Bad:
    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- the signature is the API's
    ) -> Still:
        return await self._fetch(source, timeout)


def subject(fetch: Fetch) -> Subject:
    def build(_: Surroundings) -> Connector:
        return Bad(fetch)

    return Subject(build, lambda host, port: {"host": host, "port": port}, INFO, 0.2)


async def slow(source: Mapping[str, Any], seconds: float) -> Still:
    await asyncio.sleep(seconds + 1.3)
    raise CameraUnreachable(Phase.TIMEOUT, "Too late.")


async def crashes(source: Mapping[str, Any], seconds: float) -> Still:
    raise ValueError("oops")


async def tells(source: Mapping[str, Any], seconds: float) -> Still:
    raise CameraUnreachable(Phase.TIMEOUT, f"The password {SECRET} is wrong.")


async def invents(source: Mapping[str, Any], seconds: float) -> Still:
    return Still(b"x", AT)


async def confuses(source: Mapping[str, Any], seconds: float) -> Still:
    raise CameraUnreachable(Phase.FILE, "Nothing.")


async def goes_past(source: Mapping[str, Any], seconds: float) -> Still:
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", source["port"])
            try:
                await reader.read()
            finally:
                writer.close()
    except (TimeoutError, OSError):
        pass
    raise CameraUnreachable(Phase.ADDRESS, "Nothing.")


LEFT: list[asyncio.StreamWriter] = []


async def leaves_open(source: Mapping[str, Any], seconds: float) -> Still:
    reader, writer = await asyncio.open_connection("127.0.0.1", source["port"])
    LEFT.append(writer)
    await reader.read()
    raise CameraUnreachable(Phase.TIMEOUT, "Nothing.")


@pytest.mark.parametrize(
    ("check", "bad", "why"),
    [
        (checks.check_phases, slow, "after its deadline"),
        (checks.check_phases, crashes, "raised ValueError"),
        (checks.check_phases, tells, "a credential"),
        (checks.check_phases, invents, "a still where there is none"),
        (checks.check_phases, confuses, "the phase is file"),
        (checks.check_guard, confuses, "foreign address is file"),
        (checks.check_goes_through_the_guard, goes_past, "past the network"),
        (checks.check_cancelled, leaves_open, "leaves its connection open"),
        (checks.check_nonsense, crashes, "raised ValueError"),
    ],
)
async def test_the_kit_catches(check: Any, bad: Fetch, why: str) -> None:
    with pytest.raises(NotConformant, match=why):
        await check(subject(bad))
    for writer in LEFT:
        writer.close()
    LEFT.clear()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Field("Bad Name", Kind.TEXT, WORDS),
        lambda: Field("x", Kind.TEXT, {"en": "only"}),
        lambda: Field("x", Kind.ADDRESS, WORDS),
        lambda: ConnectorInfo("x", {}, WORDS, "1", ()),
        lambda: ConnectorInfo("X!", WORDS, WORDS, "1", ()),
        lambda: ConnectorInfo("x", WORDS, WORDS, "1", (INFO.fields[0], INFO.fields[0])),
        lambda: Still(b"", datetime(2026, 1, 1)),  # noqa: DTZ001
    ],
)
def test_values_check_themselves(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


def test_a_password_that_is_no_secret_is_caught() -> None:
    open_one = Field("password", Kind.TEXT, WORDS)
    with pytest.raises(NotConformant, match="kind password"):
        checks.check_info(ConnectorInfo("x", WORDS, WORDS, "1", (open_one,)))
    assert http_snapshot.connector_info().secrets == {"password"}
