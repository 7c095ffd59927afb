"""A camera on this machine that misbehaves at the turn of a switch, over HTTP, HTTPS and RTSP.

In a test: ``async with hostile_camera(Switch.DRIP) as camera``, then ``camera.http``,
``camera.https``, ``camera.rtsp``; ``camera.switch`` may be turned while it runs. For tests
that are not asynchronous (a browser's): ``with hostile_camera_in_thread() as camera``.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import tempfile
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

WIDTH, HEIGHT = 320, 240
ENOUGH = 60_000_000  # bytes after which even the endless answers end


class Switch(StrEnum):
    """What it does wrong; ``GOOD`` is a camera as it should be."""

    GOOD = "good"
    DRIP = "drip"
    ENDLESS = "endless"
    HTML = "html"
    WRONG_LENGTH = "wrong_length"
    GZIP_BOMB = "gzip_bomb"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_FILE = "redirect_file"
    SLOW_TLS = "slow_tls"
    EXPIRED = "expired"
    CHANGING_SIZE = "changing_size"
    HALF_JPEG = "half_jpeg"
    MJPEG = "mjpeg"
    NO_KEY_FRAME = "no_key_frame"
    SIGN_IN_LOOP = "sign_in_loop"
    FREEZE = "freeze"
    BLACK = "black"
    LATE_CLOCK = "late_clock"
    SILENT = "silent"
    HANG_UP = "hang_up"


@dataclass
class HostileCamera:
    """Its ports, the switch, and how many requests and bytes it has seen."""

    switch: Switch = Switch.GOOD
    ports: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    sent: int = 0
    open: int = 0
    turns: Iterator[int] = field(default_factory=itertools.count)

    @property
    def http(self) -> str:
        """Its still over HTTP."""
        return f"http://127.0.0.1:{self.ports['http']}/still.jpg"

    @property
    def https(self) -> str:
        """Its still over HTTPS; the certificate is its own, and good unless it is expired."""
        name = "slow" if self.switch is Switch.SLOW_TLS else "https"
        name = "expired" if self.switch is Switch.EXPIRED else name
        return f"https://127.0.0.1:{self.ports[name]}/still.jpg"

    @property
    def rtsp(self) -> str:
        """Its stream over RTSP."""
        return f"rtsp://127.0.0.1:{self.ports['rtsp']}/stream"


def jpeg(shade: int = 0, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A picture with a ramp in it; another shade gives other bytes."""
    ramp = np.linspace(30, 200, width).astype(np.uint8)
    pixels = np.repeat(np.tile(ramp, (height, 1))[..., None], 3, axis=2)
    pixels[height // 3 :, :, 2] = 60 + shade % 100
    return bytes(cv2.imencode(".jpg", pixels)[1])


def black() -> bytes:
    """What a covered lens gives."""
    return bytes(cv2.imencode(".jpg", np.zeros((HEIGHT, WIDTH, 3), np.uint8))[1])


def _reply(body: bytes, status: str = "200 OK", kind: str = "image/jpeg", **more: str) -> bytes:
    now = format_datetime(datetime.now(UTC), usegmt=True)
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Date": now}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _bomb() -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    return deflate.compress(bytes(50_000_000)) + deflate.flush()


def _late() -> bytes:
    hour_ago = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    return _reply(jpeg(), Date=hour_ago, Last_Modified=hour_ago)


ANSWERS: dict[Switch, Callable[[int], bytes]] = {
    Switch.GOOD: lambda turn: _reply(jpeg(turn)),
    Switch.HTML: lambda _: _reply(b"<!DOCTYPE html><title>Login</title>", kind="text/html"),
    Switch.WRONG_LENGTH: lambda _: _reply(jpeg(), Content_Length="900000"),
    Switch.GZIP_BOMB: lambda _: _reply(_bomb(), Content_Encoding="gzip"),
    Switch.REDIRECT_LOOP: lambda turn: _reply(b"", "302 Found", Location=f"/{turn}.jpg"),
    Switch.REDIRECT_FILE: lambda _: _reply(b"", "302 Found", Location="file:///etc/passwd"),
    Switch.CHANGING_SIZE: lambda turn: _reply(jpeg(0, WIDTH + 16 * (turn % 5), HEIGHT)),
    Switch.HALF_JPEG: lambda _: _reply(jpeg()[: len(jpeg()) // 2]),
    Switch.MJPEG: lambda turn: _reply(
        b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(turn), kind="image/jpeg"
    ),
    Switch.SIGN_IN_LOOP: lambda turn: _reply(
        b"", "401 Unauthorized", WWW_Authenticate=f'Digest realm="cam", nonce="{turn}", qop="auth"'
    ),
    Switch.FREEZE: lambda _: _reply(jpeg()),
    Switch.BLACK: lambda _: _reply(black()),
    Switch.LATE_CLOCK: lambda _: _late(),
}


@asynccontextmanager
async def hostile_camera(switch: Switch = Switch.GOOD) -> AsyncIterator[HostileCamera]:
    """Serve while the block runs; what is still open is ended."""
    camera = HostileCamera(switch)
    tasks: set[asyncio.Task[None]] = set()
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        good, expired = (_certificate(Path(folder), name) for name in ("good", "expired"))
        doors = {"http": None, "https": good, "expired": expired, "slow": None, "rtsp": None}
        for name, context in doors.items():
            handle = _handler(camera, tasks, name)
            server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
            camera.ports[name] = server.sockets[0].getsockname()[1]
            servers.append(server)
    try:
        yield camera
    finally:
        for server in servers:
            server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)


@contextmanager
def hostile_camera_in_thread(switch: Switch = Switch.GOOD) -> Iterator[HostileCamera]:
    """The same beside a test that has no event loop of its own."""
    ready, ended = threading.Event(), threading.Event()
    found: list[HostileCamera] = []

    async def serve() -> None:
        async with hostile_camera(switch) as camera:
            found.append(camera)
            ready.set()
            while not ended.is_set():  # noqa: ASYNC110 -- set by another thread
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="hostile camera")
    thread.start()
    try:
        assert ready.wait(10)
        yield found[0]
    finally:
        ended.set()
        thread.join(10)


def _handler(camera: HostileCamera, tasks: set[asyncio.Task[None]], door: str) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        camera.open += 1
        try:
            if door == "slow":
                await reader.read()
            elif door == "rtsp":
                await _rtsp(camera, reader, writer)
            else:
                await _http(camera, reader, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            camera.open -= 1
            tasks.discard(task)
            writer.close()

    return handle


async def _http(
    camera: HostileCamera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        camera.requests += 1
        switch, turn = camera.switch, next(camera.turns)
        if switch is Switch.SILENT:
            await reader.read()
        elif switch is Switch.DRIP:
            await _drip(writer, _reply(jpeg()))
        elif switch is Switch.ENDLESS:
            writer.write(_reply(b"", Content_Length="") + jpeg()[:200])
            await _endless(camera, writer)
        elif switch is not Switch.HANG_UP:
            answer = ANSWERS.get(switch, ANSWERS[Switch.GOOD])(turn)
            writer.write(answer)
            camera.sent += len(answer)
        return


async def _drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    for number in range(len(data)):
        writer.write(data[number : number + 1])
        await writer.drain()
        await asyncio.sleep(0.02)


async def _endless(camera: HostileCamera, writer: asyncio.StreamWriter) -> None:
    while camera.sent < ENOUGH:
        writer.write(bytes(65536))
        camera.sent += 65536
        await writer.drain()


SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=stream\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "c=IN IP4 8.8.8.8\r\na=rtpmap:96 H264/90000\r\na=control:rtsp://8.8.8.8/track\r\n"
)


async def _rtsp(
    camera: HostileCamera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        camera.requests += 1
        method = head[0].split(" ")[0]
        number = next(line for line in head if line.startswith("CSeq"))
        switch = camera.switch
        if switch is Switch.SILENT:
            await reader.read()
            return
        if switch is Switch.HANG_UP:
            return
        answer = _rtsp_answer(switch, method)
        if switch is Switch.DRIP:
            await _drip(writer, answer)
        writer.write(answer.replace(b"\r\n", f"\r\n{number}\r\n".encode(), 1))
        await writer.drain()
        if switch is Switch.ENDLESS:
            await _endless(camera, writer)
        if method == "PLAY":
            await _play(camera, writer)


def _rtsp_answer(switch: Switch, method: str) -> bytes:
    lines = ["RTSP/1.0 200 OK", "Session: 7;timeout=60"]
    body = ""
    if switch is Switch.SIGN_IN_LOOP:
        lines = ["RTSP/1.0 401 Unauthorized", 'WWW-Authenticate: Digest realm="c", nonce="n"']
    elif switch is Switch.REDIRECT_LOOP:
        lines = ["RTSP/1.0 302 Moved", "Location: rtsp://8.8.8.8/stream"]
    elif switch is Switch.REDIRECT_FILE:
        lines = ["RTSP/1.0 301 Moved", "Location: file:///etc/passwd"]
    elif switch is Switch.HTML:
        lines = ["HTTP/1.1 400 Bad Request", "Content-Type: text/html"]
    elif method == "DESCRIBE":
        body = SDP
        if switch is Switch.MJPEG:
            body = SDP.replace("H264/90000", "X-UNKNOWN/90000")
        length = 10**8 if switch is Switch.WRONG_LENGTH else len(body)
        lines += ["Content-Type: application/sdp", f"Content-Length: {length}"]
    elif method == "SETUP":
        lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1;source=8.8.8.8")
    return "\r\n".join([*lines, "", body]).encode()


async def _play(camera: HostileCamera, writer: asyncio.StreamWriter) -> None:
    """Predicted pictures alone, or one without end: never a key frame."""
    while camera.sent < ENOUGH:
        turn = next(camera.turns)
        payload = b"\x41" + bytes(200)  # a slice that is no IDR
        if camera.switch is Switch.GZIP_BOMB:
            payload = b"\x7c\x05" + bytes(60_000)  # the middle of a unit that never ends
        packet = (
            bytes([0x80, 0xE0]) + (turn & 0xFFFF).to_bytes(2, "big")
            + (turn * 9000 & 0xFFFFFFFF).to_bytes(4, "big") + bytes(4) + payload
        )  # fmt: skip
        writer.write(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
        camera.sent += len(packet)
        await writer.drain()
        if camera.switch is not Switch.GZIP_BOMB:
            await asyncio.sleep(0.02)


def _certificate(folder: Path, name: str) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    ends = datetime.now(UTC) + timedelta(days=-1 if name == "expired" else 1)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=30))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
