"""Webhook and MQTT: signed, kept within the allowed networks, with a last will."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import missing
from webapp.connectors import mqtt, webhook
from webapp.connectors.mqtt import Broker, Brokers, read_broker
from webapp.connectors.network import Network
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.settings import Settings

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HERE = Network([ip_network("127.0.0.0/8")])


class Receiver(HTTPServer):
    """Takes webhooks, and answers with ``status``."""

    status = 200

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        server: Any = self.server
        server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(server.status)
        if 300 <= server.status < 400:
            self.send_header("location", server.url)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


async def test_a_webhook_is_signed_so_that_its_receiver_can_check(receiver: Receiver) -> None:
    secret = webhook.make_secret()
    await webhook.post(HERE, receiver.url, secret, "event1", {"name": "正面入口"}, NOON)
    [(headers, body)] = receiver.got
    assert json.loads(body) == {"name": "正面入口"}
    stamp = int(headers["webhook-timestamp"])
    assert headers["webhook-id"] == "event1"
    assert headers["webhook-signature"] == webhook.sign(secret, "event1", stamp, body)
    assert webhook.sign(secret, "event1", stamp, body + b" ") != headers["webhook-signature"]


def test_signatures_are_those_of_the_convention() -> None:
    """The example of the Standard Webhooks specification."""
    made = webhook.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, TemporaryFailure),
        (429, TemporaryFailure),
        (404, PermanentFailure),
        (302, PermanentFailure),
    ],
)
async def test_what_a_receiver_answers_decides_about_trying_again(
    receiver: Receiver, status: int, error: type[Exception]
) -> None:
    receiver.status = status
    with pytest.raises(error, match=str(status)):
        await webhook.post(HERE, receiver.url, webhook.make_secret(), "1", {}, NOON)
    assert len(receiver.got) == 1, "a redirect is not followed"


async def test_the_usual_networks_lead_nowhere_inside(receiver: Receiver) -> None:
    usual = Network(Settings().notify_networks)
    for url in (
        receiver.url,
        f"http://localhost:{receiver.server_port}/",
        f"http://2130706433:{receiver.server_port}/",
        f"http://[::ffff:127.0.0.1]:{receiver.server_port}/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/",
    ):
        with pytest.raises(TemporaryFailure, match="reached"):
            await webhook.post(usual, url, webhook.make_secret(), "1", {}, NOON)
    with pytest.raises(TemporaryFailure, match="address"):
        await Brokers().publish(usual, read_broker("mqtt://127.0.0.1", "a"), {})
    assert receiver.got == []


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    """A Mosquitto of the test's own: its port."""
    binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if binary is None:
        missing("Mosquitto")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    process = subprocess.Popen(
        [str(binary), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait()


class Listener:
    """Hears everything that the broker passes on."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, str, bool]] = []
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda _c, _d, m: self.heard.append(
            (m.topic, m.payload.decode(), m.retain)
        )
        client.on_connect = lambda c, *_: c.subscribe("#", qos=1)
        client.connect("127.0.0.1", port)
        client.loop_start()
        self.client = client

    async def hears(self, topic: str, payload: str) -> bool:
        for _ in range(1500):
            if any((one[0], one[1]) == (topic, payload) for one in self.heard):
                return True
            await asyncio.sleep(0.02)
        return False

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


async def test_the_broker_keeps_the_state_and_speaks_the_last_will(broker: int) -> None:
    where = read_broker(f"mqtt://127.0.0.1:{broker}", "shop/entrance")
    listener, brokers = Listener(broker), Brokers()
    try:
        await brokers.publish(HERE, where, {"stage": 2})
        assert await listener.hears("shop/entrance", '{"stage":2}')
        assert await listener.hears("shop/entrance/availability", "online")
        await brokers.publish(HERE, where, {"stage": 3})
        assert len(brokers._open) == 1
        late = Listener(broker)
        assert await late.hears("shop/entrance", '{"stage":3}')
        late.close()
        # The process dies: its connection breaks without a goodbye.
        connection = next(iter(brokers._open.values()))
        sock: Any = connection._client.socket()
        sock.shutdown(socket.SHUT_RDWR)
        assert await listener.hears("shop/entrance/availability", "offline")
        await brokers.publish(HERE, where, {"stage": 1})
        assert await listener.hears("shop/entrance", '{"stage":1}')
    finally:
        brokers.close()
        listener.close()


async def test_a_test_is_not_kept_by_the_broker(broker: int) -> None:
    where = read_broker(f"mqtt://127.0.0.1:{broker}", "shop/entrance")
    await mqtt.try_out(HERE, where, {"type": "alert.test"})
    late = Listener(broker)
    try:
        assert await late.hears("shop/entrance/availability", "offline")
        assert all(topic != "shop/entrance" for topic, _, _ in late.heard)
    finally:
        late.close()


async def test_a_broker_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(TemporaryFailure, match="connect"):
        await Brokers().publish(HERE, Broker("127.0.0.1", 1, False, "a"), {})


@pytest.mark.parametrize(
    ("url", "topic"),
    [
        ("http://a", "t"),
        ("mqtt://", "t"),
        ("mqtt://a:99999", "t"),
        ("mqtt://u:p@a", "t"),
        ("mqtt://a/x", "t"),
        ("mqtt://a b", "t"),
        ("mqtt://a", ""),
        ("mqtt://a", "t/#"),
        ("mqtt://a", "+/t"),
        ("mqtt://a", "$SYS/t"),
        ("mqtt://a", "t\n"),
    ],
)
def test_addresses_of_brokers_that_make_no_sense(url: str, topic: str) -> None:
    with pytest.raises(ValueError, match=r"no |[Pp]ort|range"):
        read_broker(url, topic)
