"""httpx over the guarded network."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from nigiwai_connector_api.deadline import Deadline
from nigiwai_connector_api.errors import Step
from nigiwai_connector_api.network import Network, SocketOption

_STEPS = {
    "connection.start_tls.started": Step.TLS,
    "http11.send_request_headers.started": Step.HEADERS,
}


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
        step = _STEPS.get(event)
        if step is not None:
            self._deadline.enter(step)


class _Tracker(httpcore.AsyncNetworkBackend):
    """Remembers connections: httpcore forgets one whose TLS handshake is cancelled."""

    def __init__(self, network: Network, deadline: Deadline) -> None:
        self.opened: list[httpcore.AsyncNetworkStream] = []
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
        return stream
