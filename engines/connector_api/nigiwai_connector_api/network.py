"""Which addresses may be asked, decided where the connection is made.

A name is resolved once; every address it has must lie in the allowed networks, and the
connection goes to one of those very addresses: a name that changes its mind between
check and use (DNS rebinding) gains nothing. Redirects, and addresses that a camera's
answer names, pass through the same door.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)

import anyio.to_thread
import httpcore

from nigiwai_connector_api.deadline import Deadline
from nigiwai_connector_api.errors import CameraUnreachable, Phase, Step

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
LookUp = Callable[[str, int], list[str]]
SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)

# Names that hang each hold a thread; they must not take those of the rest of the process.
RESOLVER_THREADS = 64
ADDRESSES_TRIED = 4

# Where clouds answer with the keys of the machine that asks, and addresses of one link: no
# camera lives there, though a wide network that is allowed may hold them (fc00::/7 does).
DENIED: Networks = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # Amazon
        "fd20:ce::254/128",  # Google
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
    )
)

# Every address of one machine, but those that mean this very machine or nobody.
UNICAST: Networks = (
    *summarize_address_range(IPv4Address("1.0.0.0"), IPv4Address("126.255.255.255")),
    *summarize_address_range(IPv4Address("128.0.0.0"), IPv4Address("223.255.255.255")),
    IPv6Network("2000::/3"),
    IPv6Network("fc00::/7"),
)

# What inet_aton would read as an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
_NUMERIC = re.compile(r"^(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?$", re.IGNORECASE)

_NAME = re.compile(r"^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?$", re.IGNORECASE)


def is_allowed(address: Address, networks: Networks) -> bool:
    """Whether packets to the address stay in the networks; IPv4 in IPv6 counts as IPv4.

    What is in ``DENIED`` is allowed only by a network that lies wholly inside the denied
    one: somebody meant it.
    """
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        address = address.ipv4_mapped or address
    holding = [network for network in networks if address in network]
    denied = [network for network in DENIED if address in network]
    return any(all(_lies_in(network, one) for one in denied) for network in holding)


def _lies_in(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    """Tell whether the one network, of the same version, is a part of the other or all of it."""
    return inner.prefixlen >= outer.prefixlen and inner.network_address in outer


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


class Network:
    """The only door to cameras: connects to allowed addresses, by way of ``inner``.

    ``look_up`` resolves a name to addresses; it is called in a thread.
    """

    def __init__(
        self,
        allowed: Networks,
        inner: httpcore.AsyncNetworkBackend | None = None,
        look_up: LookUp | None = None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._inner = inner or httpcore.AnyIOBackend()
        self._look_up = look_up or _look_up
        self._resolvers = anyio.CapacityLimiter(RESOLVER_THREADS)

    async def connect(
        self,
        host: str,
        port: int,
        deadline: Deadline,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check every address, and connect to the first that answers.

        Raises ``CameraUnreachable`` for names and addresses; what goes wrong while
        connecting is httpcore's ``ConnectError`` or ``ConnectTimeout``.
        """
        deadline.enter(Step.RESOLVE)
        addresses = await self.addresses(host, port)
        deadline.enter(Step.CONNECT)
        tried = addresses[:ADDRESSES_TRIED]
        share = deadline.left() / len(tried) / 2
        for address in tried[:-1]:
            try:
                return await self._inner.connect_tcp(str(address), port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(
            str(tried[-1]), port, deadline.left(), None, socket_options
        )

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Every address of a host, all of them allowed; for what connects by other means.

        Raises ``CameraUnreachable`` for names and addresses. Whoever connects must connect to
        one of these very addresses: the name may mean another one a moment later.
        """
        addresses = await self._resolve(host, port)
        if not addresses or not all(is_allowed(one, self._allowed) for one in addresses):
            raise CameraUnreachable(
                Phase.ADDRESS,
                "The camera's address lies outside the networks in which cameras may be asked.",
                Step.RESOLVE,
            )
        return addresses

    async def _resolve(self, host: str, port: int) -> list[Address]:
        address = literal(host)
        if address is not None:
            return [address]
        try:
            found = await anyio.to_thread.run_sync(
                self._look_up, host, port, abandon_on_cancel=True, limiter=self._resolvers
            )
        except (OSError, UnicodeError):
            message = "The camera's name is not known."
            raise CameraUnreachable(Phase.ADDRESS, message, Step.RESOLVE) from None
        return [ip_address(address) for address in dict.fromkeys(found)]


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
