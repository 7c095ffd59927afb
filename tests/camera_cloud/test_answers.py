"""Answers of a camera cloud that make no sense: said in words, nothing written (C1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from tests.cloud_server import parameters
from tests.people import Person
from webapp.camera_cloud.cloud import CameraCloud
from webapp.connectors.cloud_client import CloudRefused, CloudUnreachable
from webapp.models import AuditEntry, CloudConsent
from webapp.services import Services

NO_SENSE = {
    "empty": b"",
    "no JSON": b"<html>",
    "cut": b'{"owner": {"id": "o"',
    "a list": b"[]",
    "a number": b"17",
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "numbers for names": b'{"owner": {"id": 7}, "cameras": [], "access_token": 7}',
    "nobody's": b'{"owner": {}, "cameras": [{"id": "a"}]}',
    "no list": b'{"owner": {"id": "o"}, "cameras": {"id": "a"}}',
    "a token of two words": b'{"access_token": "a b", "refresh_token": "r"}',
    "another kind of token": b'{"access_token": "a", "refresh_token": "r", "token_type": "mac"}',
}
NO_REFRESH = b'{"access_token": "a", "token_type": "Bearer", "expires_in": 300}'


@asynccontextmanager
async def saying(services: Services, body: bytes) -> AsyncIterator[None]:
    """A cloud that answers every question with these bytes."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if asked.startswith(b"POST"):
            await reader.read(65_536)
        writer.write(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    port = urlsplit(services.settings.camera_cloud_url).port
    async with await asyncio.start_server(answer, "localhost", port):
        yield


async def redeem(cloud: CameraCloud) -> object:
    return await cloud.client.redeem("code", "v" * 43, cloud.callback, datetime.now(UTC), 30)


@pytest.mark.parametrize("body", NO_SENSE.values(), ids=list(NO_SENSE))
async def test_an_answer_without_sense_is_no_answer(
    services: Services, cloud: CameraCloud, body: bytes
) -> None:
    async with saying(services, body):
        with pytest.raises(CloudUnreachable):
            await redeem(cloud)
        with pytest.raises(CloudUnreachable):
            await cloud.client.cameras("token", 30)


async def test_what_is_wrong_with_one_camera_takes_no_other_along(
    services: Services, cloud: CameraCloud
) -> None:
    listed = b'[7, {"name": "x"}, {"id": "a\\u0000"}, {"id": "ok", "name": 3, "option": "yes"}]'
    async with saying(services, b'{"owner": {"id": "o"}, "cameras": ' + listed + b"}"):
        [camera] = (await cloud.client.cameras("token", 30)).cameras
    assert (camera.id, camera.name, camera.has_option) == ("ok", "ok", False)
    assert camera.recording == "unknown"


async def test_a_consent_that_cannot_be_renewed_is_none(
    services: Services, cloud: CameraCloud
) -> None:
    async with saying(services, NO_REFRESH):
        with pytest.raises(CloudRefused, match="no_refresh_token"):
            await redeem(cloud)


@pytest.mark.parametrize(("body", "status"), [(NO_REFRESH, 400), (b"<html>", 503)])
async def test_whoever_comes_back_is_told_and_nothing_is_written(
    alice: Person, services: Services, body: bytes, status: int
) -> None:
    way = await alice.get("/camera-cloud/authorise?next=/cameras/new/cloud")
    state = parameters(way.headers["location"])["state"]
    async with saying(services, body):
        page = await alice.get(f"/camera-cloud/callback?code=c&state={state}")
    assert page.status_code == status
    assert "もう一度お試しください" in page.text
    assert not await CloudConsent.exists()
    assert not await AuditEntry.exists()
