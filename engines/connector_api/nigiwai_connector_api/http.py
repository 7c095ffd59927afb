"""httpx over the guarded network."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from nigiwai_connector_api.deadline import Deadline
from nigiwai_connector_api.errors import CameraUnreachable, Phase, Step
from nigiwai_connector_api.network import Network, SocketOption

_STEPS = {
    "connection.start_tls.started": Step.TLS,
    "http11.send_request_headers.started": Step.HEADERS,
}
_HEADERS_CAME = "http11.receive_response_headers.complete"

# What may come before the headers: a camera that talks without end would keep every other
# one waiting, since httpcore passes over a "100 Continue" without letting anybody else run.
MAX_BEFORE_HEADERS = 262_144  # bytes
MAX_INFORMATIONAL = 20  # responses of 1xx
_INFORMATIONAL = re.compile(rb"(?:^|\n)HTTP/1\.\d +1\d\d")
_OVERLAP = 32  # bytes in which a status line may be cut between two reads


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over a ``Network``; it knows no proxy and keeps no connection.

    It tells the deadline which step is under way. One transport serves one capture:
    ``hang_up`` closes whatever it opened.
    """

    def __init__(self, network: Network, certificates: ssl.SSLContext, deadline: Deadline) -> None:
        super().__init__(verify=certificates, trust_env=False)
        self._deadline = deadline
        self._tracker = _Tracker(network, deadline)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates, max_keepalive_connections=0, network_backend=self._tracker
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; every step is told to the deadline."""
        request.extensions = {**request.extensions, "trace": self._trace}
        return await super().handle_async_request(request)

    async def hang_up(self) -> None:
        """Close every connection that was opened, whatever state it is in."""
        for stream in self._tracker.opened:
            await stream.aclose()

    async def _trace(self, event: str, _info: Any) -> None:
        if event == _HEADERS_CAME:
            self._tracker.has_headers = True
        step = _STEPS.get(event)
        if step is not None:
            self._deadline.enter(step)
            self._tracker.has_headers = False


class _Tracker(httpcore.AsyncNetworkBackend):
    """Remembers connections: httpcore forgets one whose TLS handshake is cancelled."""

    def __init__(self, network: Network, deadline: Deadline) -> None:
        self.opened: list[httpcore.AsyncNetworkStream] = []
        self.has_headers = False
        self._network = network
        self._deadline = deadline

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 -- the signature is httpcore's
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._network.connect(host, port, self._deadline, socket_options)
        self.opened.append(stream)
        return _Counted(stream, self)


class _Counted(httpcore.AsyncNetworkStream):
    """Gives up a camera that says too much before the headers of its answer."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, tracker: _Tracker) -> None:
        self._stream = stream
        self._tracker = tracker
        self._size = 0
        self._informational = 0
        self._tail = b"\n"

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the signature is httpcore's
    ) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        if not self._tracker.has_headers:
            self._count(data)
        return data

    def _count(self, data: bytes) -> None:
        self._size += len(data)
        text = self._tail + data
        ends = [match.end() for match in _INFORMATIONAL.finditer(text)]
        self._informational += len(ends)
        self._tail = text[max(ends[-1] if ends else 0, len(text) - _OVERLAP) :]
        if self._informational > MAX_INFORMATIONAL or self._size > MAX_BEFORE_HEADERS:
            message = "The camera says too much before it answers."
            raise CameraUnreachable(Phase.ANSWER, message, Step.HEADERS)

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _Counted(stream, self._tracker)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
