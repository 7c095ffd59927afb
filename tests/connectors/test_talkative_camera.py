"""Cameras that talk without end in tiny pieces: given up early, so that others get their turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from tests.connectors.fake_camera import Answer, Request, camera
from webapp.connectors import CameraUnreachable, Network, Phase, Surroundings
from webapp.connectors.http_snapshot import HttpSnapshotConnector
from webapp.connectors.rtp import NalUnits
from webapp.connectors.rtsp import RtspConnector

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
WITHIN = 20.0
EARLY = 5.0
AROUND = Surroundings(Network([ip_network("127.0.0.0/8")]))
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\n\xff\xd8\xff\xe0\r\n"
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LONG = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 15_000 + b"\r\n\r\n"


def endless(head: bytes, piece: bytes) -> Answer:
    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return answer


async def given_up(fetch: Callable[[], object]) -> CameraUnreachable:
    started = time.monotonic()
    with pytest.raises(CameraUnreachable) as caught:
        await fetch()  # type: ignore[misc]
    assert time.monotonic() - started < EARLY
    assert caught.value.phase is Phase.ANSWER
    return caught.value


@pytest.mark.parametrize(
    ("head", "piece", "words"),
    [
        (CHUNKED, b"2\r\nab\r\n" * 5000, "too many pieces"),
        (b"", CONTINUE * 2000, "too much before"),
        (b"", CONTINUE, "too much before"),
        (b"", LONG, "too much before"),
    ],
)
async def test_http(head: bytes, piece: bytes, words: str) -> None:
    async with camera(endless(head, piece)) as fake:
        source = {"url": fake.url()}
        connector = HttpSnapshotConnector(AROUND)
        error = await given_up(lambda: connector.fetch(source, AT, WITHIN))
    assert words in str(error)


async def test_a_few_words_before_the_answer_are_passed_over() -> None:
    picture = b"\xff\xd8\xff\xe0" + bytes(9000)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(picture)}\r\n\r\n".encode()

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(CONTINUE * 20 + head + picture)

    async with camera(answer) as fake:
        still = await HttpSnapshotConnector(AROUND).fetch({"url": fake.url()}, AT, WITHIN)
    assert still.data == picture


SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
STAP = bytes([0x80, 96]) + bytes(10) + b"\x18" + bytes(60_000)


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        (b"$\x00\x00\x00" * 5000, "beside its video"),
        (b"$\x00\x00\x0b" + bytes(11), "beside its video"),
        (b"$\x05\x00\x10" + bytes(16), "beside its video"),
        (b"OPTIONS * RTSP/1.0\r\n\r\n" * 100, "beside its video"),
        (b"\r\n" * 30_000, "too much without"),
        (b"$\x00" + len(STAP).to_bytes(2, "big") + STAP, "without a size"),
    ],
)
async def test_rtsp(piece: bytes, words: str) -> None:
    answers = (
        f"Content-Length: {len(SDP)}\r\n\r\n".encode() + SDP,
        b"Transport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n",
        b"\r\n",
    )
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            for answer in answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"RTSP/1.0 200 OK\r\n" + answer)
            while True:
                writer.write(piece)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        source = {"url": f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/"}
        connector = RtspConnector(AROUND)
        error = await given_up(lambda: connector.fetch(source, AT, WITHIN))
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
    assert words in str(error)


def test_units_of_one_packet_are_walked_once() -> None:
    units = NalUnits(96, 10_000_000, is_hevc=False)
    packet = bytes([0x80, 96]) + bytes(10) + b"\x18" + b"\x00\x01a" * 20_000
    started = time.monotonic()
    for _ in range(5):
        assert units.add(packet) is None
    assert time.monotonic() - started < 1
