"""One conversation with a camera in RTSP 1.0 (RFC 2326), pictures inside the same connection."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpcore

from webapp.connectors import CameraUnreachable, Phase
from webapp.connectors.addresses import Target
from webapp.connectors.rtp import RTP_HEAD
from webapp.connectors.rtsp_sign_in import SignIn, read_challenge

MAX_HEAD = 16_384
MAX_BODY = 65_536
MAX_STRAY = 100  # packets or requests of the camera's before an answer
MAX_IDLE = 2_000  # frames and words that are no part of the video, while it plays
CHUNK = 65_536
FAREWELL = 0.2  # seconds for the last word
AGENT = "Nigiwai"


@dataclass(frozen=True, slots=True)
class Message:
    """An answer: status, headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    challenges: tuple[str, ...]
    body: bytes


class RtspSession:
    """Asks over one stream; ``max_bytes`` is all that may come in before it is given up.

    ``base`` is what addresses in the description are relative to, ``sign_in`` the kind of
    sign-in that the camera asked for.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream, target: Target, max_bytes: int) -> None:
        self._stream = stream
        self._target = target
        self._room = max_bytes
        self._buffer = bytearray()
        self._number = 0
        self._channel = 0
        self._session = ""
        self._sign_in: SignIn | None = None
        self._uri = str(target.url)
        self.base = self._uri

    @property
    def sign_in(self) -> str:
        """``none``, ``basic`` or ``digest``."""
        return self._sign_in.kind if self._sign_in else "none"

    async def describe(self) -> str:
        """Ask what the stream is made of, in SDP."""
        answer = await self._ask("DESCRIBE", self._uri, {"Accept": "application/sdp"})
        base = answer.headers.get("content-base") or answer.headers.get("content-location") or ""
        if base.lower().startswith("rtsp://") and base.isprintable():
            self.base = base
        return answer.body.decode("utf-8", "replace")

    async def play(self, control: str) -> None:
        """Have the video sent inside this connection."""
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        answer = await self._ask("SETUP", control, transport)
        chosen = answer.headers.get("transport", "").lower()
        match = re.search(r"interleaved=(\d{1,3})", chosen)
        if "tcp" not in chosen or match is None:
            raise _answer("The camera does not send its stream over TCP.")
        self._channel = int(match[1])
        self._session = answer.headers.get("session", "").split(";")[0].strip()
        await self._ask("PLAY", self.base, {"Range": "npt=0.000-"})

    async def packets(self) -> AsyncIterator[bytes]:
        """The RTP packets of the video, as they come; ends when the camera hangs up."""
        idle = 0
        while idle <= MAX_IDLE:
            start = await self._peek()
            if start is None:
                return
            if start == ord("$"):
                channel, packet = await self._frame()
                if channel == self._channel and len(packet) >= RTP_HEAD:
                    yield packet
                    continue
            else:  # a word of the camera's in between: keep-alive, announcement
                await self._message()
            idle += 1
        raise _answer("The camera sends much beside its video.")

    async def tear_down(self) -> None:
        """Say good-bye, so that the camera frees its session; nothing is waited for."""
        with contextlib.suppress(httpcore.NetworkError, httpcore.TimeoutException, OSError):
            await self._send("TEARDOWN", self.base, {}, FAREWELL)

    async def _ask(self, method: str, uri: str, headers: Mapping[str, str]) -> Message:
        await self._send(method, uri, headers)
        answer = await self._answer()
        if answer.status == 401 and self._sign_in is None:
            if not self._target.user:
                message = "The camera asks for a user name and a password."
                raise CameraUnreachable(Phase.SIGN_IN, message)
            self._sign_in = read_challenge(
                answer.challenges, self._target.user, self._target.password
            )
            await self._send(method, uri, headers)
            answer = await self._answer()
        _check(answer.status)
        return answer

    async def _send(
        self, method: str, uri: str, headers: Mapping[str, str], seconds: float | None = None
    ) -> None:
        self._number += 1
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self._number}", f"User-Agent: {AGENT}"]
        if self._session:
            lines.append(f"Session: {self._session}")
        if self._sign_in:
            lines.append(f"Authorization: {self._sign_in.header(method, uri)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        text = "\r\n".join([*lines, "", ""])
        await self._stream.write(text.encode("utf-8"), seconds)

    async def _answer(self) -> Message:
        """The answer to what was asked last; what comes in between is passed over."""
        for _ in range(MAX_STRAY):
            start = await self._peek()
            if start is None:
                raise _answer("The camera broke off in the middle of its answer.")
            if start == ord("$"):
                await self._frame()
                continue
            message = await self._message()
            if message.status:
                return message
        raise _answer("The camera does not answer in RTSP.")

    async def _message(self) -> Message:
        """Read one answer (or a request of the camera's, whose status is 0)."""
        head = await self._until(b"\r\n\r\n")
        first, *lines = head.decode("utf-8", "replace").split("\r\n")
        match = re.match(r"RTSP/1\.\d (\d{3})\b", first)
        if match is None and not first.endswith("RTSP/1.0"):
            raise _answer("The camera does not answer in RTSP.")
        pairs = [line.partition(":")[::2] for line in lines]
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        challenges = tuple(
            value.strip() for name, value in pairs if name.strip().lower() == "www-authenticate"
        )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 9 or int(length) > MAX_BODY:
            raise _answer("The camera's description of its stream is too long.")
        body = await self._exactly(int(length))
        return Message(int(match[1]) if match else 0, headers, challenges, body)

    async def _frame(self) -> tuple[int, bytes]:
        head = await self._exactly(4)
        return head[1], await self._exactly(int.from_bytes(head[2:], "big"))

    async def _peek(self) -> int | None:
        """The next byte, blank lines passed over; None at the end."""
        while True:
            if self._buffer and self._buffer[0] in b"\r\n":
                self._buffer = self._buffer.lstrip(b"\r\n")
            if self._buffer:
                return self._buffer[0]
            if not await self._fill():
                return None

    async def _until(self, end: bytes) -> bytes:
        while (place := self._buffer.find(end)) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise _answer("The camera does not answer in RTSP.")
            if not await self._fill():
                raise _answer("The camera broke off in the middle of its answer.")
        taken = bytes(self._buffer[:place])
        del self._buffer[: place + len(end)]
        return taken

    async def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not await self._fill():
                raise _answer("The camera broke off in the middle of its answer.")
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _fill(self) -> bool:
        data = await self._stream.read(CHUNK)
        self._room -= len(data)
        if self._room < 0:
            raise _answer("The camera sent too much without a whole picture among it.")
        self._buffer += data
        return bool(data)


def _check(status: int) -> None:
    if status == 200:
        return
    if status in {401, 403}:
        raise CameraUnreachable(Phase.SIGN_IN, "The camera refuses this user name and password.")
    if status == 404:
        raise _answer("The camera has nothing at this address.")
    if 300 <= status < 400:
        raise _answer("The camera sends on to another address; enter that one.")
    if status == 461:
        raise _answer("The camera does not send its stream over TCP.")
    raise _answer(f"The camera answered with the error {status}.")


def _answer(message: str) -> CameraUnreachable:
    return CameraUnreachable(Phase.ANSWER, message)
