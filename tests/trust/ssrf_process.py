"""Run inside a network namespace of its own: every hostile address, and every packet counted.

The only interface leads by default routes to nobody; a raw socket sees each packet on it and
on loopback. A small camera lives at an allowed address and names hostile ones: in redirects,
in ONVIF answers, in descriptions of streams. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from nigiwai_connector_api.network import is_allowed

from tests.connectors.test_hostile_urls import DISGUISED, LITERAL, NAMES, NOT_HTTP, USERINFO
from tests.onvif_camera import ENVELOPE
from webapp.connectors import (
    CameraUnreachable,
    Connector,
    Limits,
    Network,
    Surroundings,
)
from webapp.connectors.http_snapshot import HttpSnapshotConnector
from webapp.connectors.onvif import OnvifConnector
from webapp.connectors.rtsp import RtspConnector
from webapp.settings import Settings

HOME = "10.77.0.1"
SETTINGS = Settings(secret_key="s" * 40)  # type: ignore[arg-type]
ALLOWED = SETTINGS.camera_networks
AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
WITHIN = 0.5

URLS = [*LITERAL, *DISGUISED, *USERINFO, *NAMES]
NOT_RTSP = [
    "rtspu://10.77.0.1/", "rtmp://10.77.0.1/", "udp://10.77.0.1:5000", "tcp://10.77.0.1:5000",
    "rtp://10.77.0.1:5004", "srt://10.77.0.1:9000", "concat:/etc/passwd", "exec:id",
    "subfile,,start,0,end,9,,:/etc/passwd", "pipe:0", "crypto:/etc/passwd", "data:text/plain,x",
    "rtsp://8.8.8.8/?tcp", "rtsp://127.0.0.1:554/?udp", "rtsp://169.254.169.254/?multicast",
    "tee:rtsp://8.8.8.8/", "async:http://8.8.8.8/", "hls+http://8.8.8.8/x.m3u8", "sdp:file.sdp",
]  # fmt: skip

SET_UP = """
ip link set lo up
ip link add out0 type veth peer name out1
echo 0 > /proc/sys/net/ipv6/conf/out0/accept_dad || true
ip addr add 198.18.0.1/24 dev out0
ip addr add 10.77.0.1/32 dev lo
ip -6 addr add 2001:db8::1/64 dev out0 nodad
ip link set out0 up
ip link set out1 up
ip neigh add 198.18.0.2 lladdr 02:00:00:00:00:02 dev out0 nud permanent
ip -6 neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev out0 nud permanent
ip route add default via 198.18.0.2
ip -6 route add default via 2001:db8::2
"""


class Counter(threading.Thread):
    """Sees every packet of the namespace; keeps where those to foreign addresses went."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="counter")
        self.foreign: collections.Counter[str] = collections.Counter()
        self.all = 0
        self._raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))

    def run(self) -> None:
        """Read until the process ends."""
        while True:
            packet = self._raw.recv(65536)
            goal = _goal(packet)
            if goal is None:
                continue
            self.all += 1
            if not is_allowed(goal, ALLOWED):
                self.foreign[str(goal)] += 1


def _goal(packet: bytes) -> IPv4Address | IPv6Address | None:
    """Where a packet goes; the kernel's own talk with its neighbours is left out."""
    kind = packet[12:14]
    if kind == b"\x08\x00":
        return IPv4Address(packet[30:34])
    if kind == b"\x86\xdd":
        goal = IPv6Address(packet[38:54])
        return None if goal.is_multicast else goal
    return None


class Camera:
    """At an allowed address: redirects, ONVIF answers and streams that name hostile ones."""

    def __init__(self) -> None:
        self.http = self.rtsp = 0
        self.addresses: list[str] = []

    async def start(self) -> None:
        """Listen."""
        http = await asyncio.start_server(self._http, HOME, 0)
        rtsp = await asyncio.start_server(self._rtsp, HOME, 0)
        self.http, self.rtsp = (s.sockets[0].getsockname()[1] for s in (http, rtsp))
        self._servers = (http, rtsp)

    def name(self, address: str) -> int:
        """Give the address a number that can stand in a path."""
        self.addresses.append(address)
        return len(self.addresses) - 1

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            await _close(writer)
            return
        _, kind, number, *_ = (head.split(" ")[1] + "///").split("/")
        address = self.addresses[int(number)]
        if kind == "redirect":
            text = f"HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n"
        else:
            body = ENVELOPE.format(_soap(kind, self.http, number, _escaped(address)))
            text = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
        writer.write(text.encode("utf-8", "surrogateescape"))
        await _close(writer)

    async def _rtsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                _, kind, number, *_ = (self._path(head) + "///").split("/")
                address = self.addresses[int(number)] if number.isdecimal() else ""
                writer.write(_stream(head, kind, address).encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            await _close(writer)

    def _path(self, head: str) -> str:
        asked = head.split(" ")[1]
        here = f"rtsp://{HOME}:{self.rtsp}"
        return asked.removeprefix(here) if asked.startswith(here) else "/control/x"


def _soap(kind: str, port: int, number: str, address: str) -> str:
    own = f"http://{HOME}:{port}/{kind}/{number}/media"
    media = address if kind == "media" else own
    snapshot = address if kind == "snapshot" else ""
    stream = address if kind == "stream" else ""
    uris = {"snapshot": snapshot, "stream": stream}
    # The body need not be read: one answer that holds everything serves every question.
    return (
        f"<d:R><d:Capabilities><t:Media><t:XAddr>{media}</t:XAddr></t:Media></d:Capabilities>"
        '<m:Profiles token="one"/><m:MediaUri><t:Uri>' + (uris.get(kind) or own) + "</t:Uri>"
        "</m:MediaUri></d:R>"
    )


def _stream(head: str, kind: str, address: str) -> str:
    number = next(line for line in head.split("\r\n") if line.startswith("CSeq"))
    method = head.split(" ")[0]
    lines, body = ["RTSP/1.0 200 OK", number, "Session: 1"], ""
    if kind == "moved":
        lines = ["RTSP/1.0 302 Found", number, f"Location: {address}"]
    elif method == "DESCRIBE":
        body = (
            "v=0\r\nm=video 0 RTP/AVP 26\r\nc=IN IP4 8.8.8.8\r\na=source-filter: incl IN IP4 * "
            f"8.8.8.8\r\na=control:{address}\r\n"
        )
        lines += [f"Content-Base: {address}", f"Content-Length: {len(body.encode())}"]
    elif method == "SETUP":
        lines.append(
            "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;source=8.8.8.8;destination=8.8.4.4"
        )
    return "\r\n".join([*lines, "", body])


async def _close(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.drain()
    writer.close()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\x00", "")


class Resolver:
    """Names lead to foreign addresses, or change their minds; each look-up is counted."""

    def __init__(self) -> None:
        self.asked: collections.Counter[str] = collections.Counter()
        self._turns = itertools.cycle([HOME, "127.0.0.1", "169.254.169.254"])

    def look_up(self, host: str, port: int) -> list[str]:
        """As a server of the attacker's answers."""
        self.asked[host] += 1
        if "rebind" in host:
            return [next(self._turns)]
        if "both" in host:
            return [HOME, "8.8.8.8"]
        return ["127.0.0.1", "::1"] if "local" in host.lower() else ["169.254.169.254"]


def corpus(camera: Camera) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every attack: a name for its kind, the connector, the source."""
    who = {"user": "viewer", "password": "hush-hush-7"}
    for url in [*NOT_HTTP, *URLS]:
        yield "http", "http", {"url": url, **who}
        yield "onvif", "onvif", {"url": url, **who}
    for url in [*NOT_RTSP, *_as_rtsp(URLS)]:
        yield "rtsp", "rtsp", {"url": url, **who}
    home = f"http://{HOME}:{camera.http}"
    stream = f"rtsp://{HOME}:{camera.rtsp}"
    sendable = [url for url in [*NOT_HTTP, *URLS] if url.isprintable() and len(url) < 2000]
    for url in sendable:
        number = camera.name(url)
        yield "redirect", "http", {"url": f"{home}/redirect/{number}", **who}
        for which in ("media", "snapshot"):
            yield f"onvif {which}", "onvif", {"url": f"{home}/{which}/{number}/device", **who}
    for url in [*NOT_RTSP, *_as_rtsp(sendable)]:
        number = camera.name(url)
        yield "onvif stream", "onvif", {"url": f"{home}/stream/{number}/device", **who}
        yield "rtsp redirect", "rtsp", {"url": f"{stream}/moved/{number}", **who}
        yield "rtsp control", "rtsp", {"url": f"{stream}/control/{number}", **who}
    for name in ("rebind.example", "both.example"):
        for _ in range(6):
            yield "rebinding", "http", {"url": f"http://{name}:{camera.http}/redirect/0"}
            yield "rebinding", "rtsp", {"url": f"rtsp://{name}:{camera.rtsp}/moved/0"}
            yield "rebinding", "onvif", {"url": f"http://{name}:{camera.http}/media/0/device"}


def _as_rtsp(urls: Iterable[str]) -> list[str]:
    return [url.replace("http:", "rtsp:", 1) for url in urls if "http:" in url]


async def main() -> dict[str, Any]:
    """Prove that the counter counts, then run the corpus and tell what was seen."""
    counter = Counter()
    counter.start()
    proof = await _proof(counter)
    camera, resolver = Camera(), Resolver()
    await camera.start()
    network = Network(ALLOWED, look_up=resolver.look_up)
    around = Surroundings(network, Limits())
    connectors: dict[str, Connector] = {
        "http": HttpSnapshotConnector(around),
        "rtsp": RtspConnector(around),
        "onvif": OnvifConnector(around),
    }
    counter.foreign.clear()
    before = counter.all
    attacks = list(corpus(camera))
    gate = asyncio.Semaphore(16)
    told = await asyncio.gather(*(_attack(gate, connectors, attack) for attack in attacks))
    await asyncio.sleep(0.3)
    kinds = collections.Counter(kind for kind, _, _ in attacks)
    return {
        "proof": proof,
        "attacks": len(attacks),
        "kinds": kinds,
        "foreign": counter.foreign,
        "packets": counter.all - before,
        "looked_up": resolver.asked,
        "phases": collections.Counter(phase for phase, _ in told),
        "unexpected": [text for _, text in told if text],
    }


async def _attack(
    gate: asyncio.Semaphore, connectors: dict[str, Connector], attack: tuple[str, str, Any]
) -> tuple[str, str]:
    kind, name, source = attack
    async with gate:
        try:
            await connectors[name].fetch(source, AT, WITHIN)
        except CameraUnreachable as error:
            leaks = "hush" in str(error)
            return error.phase.value, f"{kind}: {error}" if leaks else ""
        except Exception as error:  # noqa: BLE001 -- it is reported
            return "crash", f"{kind} {source['url'][:80]!r}: {type(error).__name__} {error}"
        return "still", f"{kind}: a still of {source['url'][:80]!r}"


async def _proof(counter: Counter) -> dict[str, int]:
    """Foreign packets sent on purpose: the counter must see each kind."""
    for family, address in (
        (socket.AF_INET, ("8.8.8.8", 53)),
        (socket.AF_INET, ("169.254.169.254", 53)),
        (socket.AF_INET, ("127.0.0.1", 9)),
        (socket.AF_INET6, ("2001:4860:4860::8888", 53)),
        (socket.AF_INET6, ("::1", 9)),
    ):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.sendto(b"x", address)
    await asyncio.sleep(0.3)
    return dict(counter.foreign)


if __name__ == "__main__":
    assert is_allowed(ip_address(HOME), ALLOWED)
    done = subprocess.run(["sh", "-c", SET_UP], capture_output=True, text=True, check=False)
    sys.stderr.write(done.stderr)
    sys.stdout.write(json.dumps(asyncio.run(main())))
