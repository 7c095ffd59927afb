"""Which addresses may be asked, decided where the connection is made.

A name is resolved once; every address it has must lie in the allowed networks, and the
connection goes to one of those very addresses: a name that changes its mind between
check and use (DNS rebinding) gains nothing. Redirects pass through the same door.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import anyio.to_thread
import httpcore
import httpx

from webapp.connectors import CameraUnreachable, Phase

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
LookUp = Callable[[str, int], list[str]]
SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)

# Names that hang each hold a thread; they must not take those of the rest of the process.
RESOLVER_THREADS = 64
ADDRESSES_TRIED = 4

# What inet_aton would read as an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
_NUMERIC = re.compile(r"^(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?$", re.IGNORECASE)

_NAME = re.compile(r"^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?$", re.IGNORECASE)


def is_allowed(address: Address, networks: Networks) -> bool:
    """Whether packets to the address stay in the networks; IPv4 in IPv6 counts as IPv4."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        address = address.ipv4_mapped or address
    return any(address in network for network in networks)


def literal(host: str) -> Address | None:
    """Read an address written in its usual form; None for a name.

    Raises ``CameraUnreachable`` for the unusual forms, which only serve to deceive.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    if _NUMERIC.match(host) or not _NAME.match(host):
        raise CameraUnreachable(Phase.SETTINGS, "The address is not written in the usual form.")
    return None


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to allowed addresses only, by way of ``inner``; ``look_up`` resolves names."""

    def __init__(
        self,
        networks: Networks,
        inner: httpcore.AsyncNetworkBackend | None = None,
        look_up: LookUp | None = None,
    ) -> None:
        self._networks = networks
        self._inner = inner or httpcore.AnyIOBackend()
        self._look_up = look_up or _look_up
        self._resolvers = anyio.CapacityLimiter(RESOLVER_THREADS)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check every address, and connect to the first that answers."""
        addresses = await self._resolve(host, port)
        if not all(is_allowed(address, self._networks) for address in addresses):
            raise CameraUnreachable(
                Phase.ADDRESS,
                "The camera's address lies outside the networks in which cameras may be asked.",
            )
        tried = addresses[:ADDRESSES_TRIED]
        share = timeout / len(tried) if timeout else None
        for address in tried[:-1]:
            try:
                return await self._inner.connect_tcp(str(address), port, share, local_address)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(
            str(tried[-1]), port, share, local_address, socket_options
        )

    async def _resolve(self, host: str, port: int) -> list[Address]:
        address = literal(host)
        if address is not None:
            return [address]
        try:
            found = await anyio.to_thread.run_sync(
                self._look_up, host, port, abandon_on_cancel=True, limiter=self._resolvers
            )
        except (OSError, UnicodeError):
            raise CameraUnreachable(Phase.ADDRESS, "The camera's name is not known.") from None
        return [ip_address(address) for address in dict.fromkeys(found)]


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over ``GuardedBackend``; it knows no proxy and keeps no connection."""

    def __init__(self, backend: GuardedBackend, certificates: ssl.SSLContext) -> None:
        super().__init__(verify=certificates, trust_env=False)
        self._tracker = _Tracker(backend)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates, max_keepalive_connections=0, network_backend=self._tracker
        )

    async def hang_up(self) -> None:
        """Close every connection that was opened, whatever state it is in."""
        for stream in self._tracker.opened:
            await stream.aclose()


class _Tracker(httpcore.AsyncNetworkBackend):
    """Remembers connections: httpcore forgets one whose TLS handshake is cancelled."""

    def __init__(self, backend: GuardedBackend) -> None:
        self.opened: list[httpcore.AsyncNetworkStream] = []
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        self.opened.append(stream)
        return stream


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
