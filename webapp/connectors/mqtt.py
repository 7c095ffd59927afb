"""Telling an MQTT broker: the state under one topic, kept there, with a last will.

The connection stays open. When this process dies, the broker says so by the last will:
``<topic>/availability`` becomes ``offline``. The network is the guarded one: the name is
resolved and judged here, and the client connects to that very address.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import paho.mqtt.client as paho
from nigiwai_connector_api import CameraUnreachable
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from webapp.connectors.network import Address, Network
from webapp.errors import PermanentFailure, TemporaryFailure

TIMEOUT = 10.0
KEEP_ALIVE = 30  # seconds; the broker notices a death within one and a half of it
MOST_OPEN = 32  # connections that one process keeps
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_FAREWELL = 2.0  # seconds
AVAILABILITY = "availability"
ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to tell, and under which topic. It has no password in its repr."""

    host: str
    port: int
    is_encrypted: bool
    topic: str
    user: str = ""
    password: str = field(default="", repr=False)


def read_broker(url: str, topic: str, user: str = "", password: str = "") -> Broker:
    """Understand mqtt://host[:port] and mqtts://…; ValueError when it makes no sense."""
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("no address")
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in _PORTS or not parts.hostname or more or not 1 <= port <= 65535:
        raise ValueError("no address of a broker")
    if not is_topic(topic):
        raise ValueError("no topic")
    return Broker(parts.hostname, port, parts.scheme == "mqtts", topic, user, password)


def is_topic(topic: str) -> bool:
    """Whether something can be published under this topic, and below it."""
    signs = not set(topic) & set("+#\0") and topic.isprintable()
    levels = bool(topic) and not topic.startswith(("/", "$")) and not topic.endswith("/")
    return signs and levels and len(topic.encode()) <= 200


class Brokers:
    """The connections of this process, each kept until there are too many."""

    def __init__(self) -> None:
        self._open: OrderedDict[Broker, _Connection] = OrderedDict()
        self._lock = threading.Lock()

    async def publish(self, network: Network, broker: Broker, message: Mapping[str, Any]) -> None:
        """Publish, and keep the connection. Raises ``TemporaryFailure``, ``PermanentFailure``."""
        address = await _address(network, broker)
        await anyio.to_thread.run_sync(self._publish, address, broker, message)

    def close(self) -> None:
        """Say goodbye everywhere."""
        with self._lock:
            connections = list(self._open.values())
            self._open.clear()
        for connection in connections:
            connection.close()

    def _publish(self, address: Address, broker: Broker, message: Mapping[str, Any]) -> None:
        with self._lock:
            connection = self._open.pop(broker, None)
        if connection is not None and not connection.is_alive:
            connection.close()
            connection = None
        connection = connection or _Connection(address, broker)
        try:
            connection.publish(message)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            previous = self._open.pop(broker, None)
            self._open[broker] = connection
            spare = [] if previous is None else [previous]
            while len(self._open) > MOST_OPEN:
                spare.append(self._open.popitem(last=False)[1])
        for other in spare:
            other.close()


async def try_out(network: Network, broker: Broker, message: Mapping[str, Any]) -> None:
    """Publish once, not to be kept there, and say goodbye."""
    address = await _address(network, broker)

    def once() -> None:
        connection = _Connection(address, broker)
        try:
            connection.publish(message, retain=False)
        finally:
            connection.close()

    await anyio.to_thread.run_sync(once)


async def _address(network: Network, broker: Broker) -> Address:
    try:
        with anyio.fail_after(TIMEOUT):
            return (await network.addresses(broker.host, broker.port))[0]
    except CameraUnreachable as error:
        raise TemporaryFailure(
            f"The MQTT broker cannot be reached ({error.phase.value})."
        ) from None
    except TimeoutError:
        raise TemporaryFailure("The MQTT broker cannot be reached (timeout).") from None


class _Client(paho.Client):
    """paho's client, connected to an address that was judged already."""

    address: str

    def _create_socket_connection(self) -> socket.socket:
        return socket.create_connection((self.address, self.port), timeout=TIMEOUT / 2)


class _Connection:
    """One connection, made at once; its thread keeps it alive."""

    def __init__(self, address: Address, broker: Broker) -> None:
        self._broker = broker
        self._answered = threading.Event()
        self._refused = ""
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"nigiwai-{secrets.token_hex(6)}",
            reconnect_on_failure=False,
        )
        client.address = str(address)
        client.on_connect = self._on_connect
        if broker.user:
            client.username_pw_set(broker.user, broker.password)
        if broker.is_encrypted:
            client.tls_set_context(ssl.create_default_context())
        client.will_set(self._availability, OFFLINE, qos=1, retain=True)
        self._client = client
        try:
            client.connect(broker.host, broker.port, keepalive=KEEP_ALIVE)
        except (OSError, ValueError) as error:
            raise TemporaryFailure("The MQTT broker cannot be reached (connect).") from error
        client.loop_start()
        self._wait_for_the_answer()

    @property
    def is_alive(self) -> bool:
        """Whether the broker still hears us, as far as we know."""
        return self._client.is_connected()

    def publish(self, message: Mapping[str, Any], *, retain: bool = True) -> None:
        """Publish the state and wait until the broker has it."""
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        for topic, payload, kept in (
            (self._availability, ONLINE, True),
            (self._broker.topic, body, retain),
        ):
            sent = self._client.publish(topic, payload, qos=1, retain=kept)
            try:
                sent.wait_for_publish(TIMEOUT / 2)
            except (RuntimeError, ValueError) as error:
                raise TemporaryFailure("The MQTT broker takes nothing.") from error
            if not sent.is_published():
                raise TemporaryFailure("The MQTT broker takes nothing.")

    def close(self) -> None:
        """Say goodbye: the last will is for those who die without one."""
        if self._client.is_connected():
            farewell = self._client.publish(self._availability, OFFLINE, qos=1, retain=True)
            with contextlib.suppress(RuntimeError, ValueError):
                farewell.wait_for_publish(_FAREWELL)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def _availability(self) -> str:
        return f"{self._broker.topic}/{AVAILABILITY}"

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _more: object
    ) -> None:
        self._refused = str(reason) if reason.is_failure else ""
        self._answered.set()

    def _wait_for_the_answer(self) -> None:
        answered = self._answered.wait(TIMEOUT / 2)
        if answered and not self._refused:
            return
        self._client.disconnect()
        self._client.loop_stop()
        if self._refused:
            words = f"The MQTT broker refuses us ({self._refused})."
            is_ours = any(word in self._refused.lower() for word in ("authoriz", "user name"))
            raise PermanentFailure(words) if is_ours else TemporaryFailure(words)
        raise TemporaryFailure("The MQTT broker cannot be reached (timeout).")
