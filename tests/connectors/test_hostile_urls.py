"""Addresses that try to get out of the allowed networks (TRUST 27): no packet leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore
import pytest

from webapp.connectors import CameraUnreachable, Phase, surroundings_of
from webapp.connectors.http_snapshot import HttpSnapshotConnector
from webapp.connectors.network import Network, is_allowed
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)

NOT_HTTP = [
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "FILE:///etc/passwd",
    "/etc/passwd",
    "//10.0.0.1/x",
    "gopher://10.0.0.1:70/_GET",
    "ftp://10.0.0.1/x.jpg",
    "dict://10.0.0.1:11211/stats",
    "ldap://10.0.0.1/",
    "tftp://10.0.0.1/x",
    "sftp://10.0.0.1/x",
    "smb://10.0.0.1/share",
    "jar:http://10.0.0.1!/x",
    "exec:id",
    "concat:http://10.0.0.1/a|http://10.0.0.1/b",
    "data:image/jpeg;base64,/9j/4AAQ",
    "javascript:alert(1)",
    "rtsp://10.0.0.1/",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "ws://10.0.0.1/",
    "http:",
    "http://",
    "http:///x.jpg",
    "http:10.0.0.1",
    "http://:80/",
    "http://user:pw@/",
    "",
    "10.0.0.1",
    "10.0.0.1/x.jpg",
]
LITERAL = [
    "http://127.0.0.1/",
    "http://127.0.0.1:6379/",
    "http://127.255.255.254/",
    "http://0.0.0.0/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://8.8.8.8/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[2001:4860:4860::8888]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fd00:ec2::23]/v2/credentials/",
    "http://[fd20:ce::254]/computeMetadata/v1/",
    "http://168.63.129.16/machine?comp=goalstate",
    "http://[::ffff:168.63.129.16]/",
    "http://[::ffff:100.100.100.200]/",
]
DISGUISED = [
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7F.0x0.0x0.0x1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://127.0.0.1./",
    "http://3232235521/",
    "http://192.168.257/",
    "http://010.0.0.1/",
    "http://10.0.0.1%00.example.com/",
    "http://10.0.0.1\x00/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://10.0.0.1\\@127.0.0.1/",
    "http://10.0.0.1\r\nHost: x/",
    "http://10.0.0.1\t/",
    "http://10.0.0.1 @127.0.0.1/",
    " http://127.0.0.1/",
    "http://10.0.0.1:99999/",
    "http://10.0.0.1:0/",
    "http://10.0.0.1:-1/",
    "http://10.0.0.1:abc/",
    "http://[127.0.0.1]/",
    "http://[::1/",
    "http://" + "a" * 3000,
]
USERINFO = [
    "http://10.0.0.1@127.0.0.1/",
    "http://10.0.0.1:80@169.254.169.254/",
    "http://10.0.0.1%40127.0.0.1@127.0.0.1/",
    "http://user:10.0.0.1@[::1]/",
    "http://a@b@127.0.0.1/",
    "http://10.0.0.1#@127.0.0.1:0/",
    "http://127.0.0.1#@10.0.0.1/",
    "http://127.0.0.1?@10.0.0.1/",
    "http://127.0.0.1/@10.0.0.1/",
    "http://127.0.0.1;10.0.0.1/",
]
NAMES = [
    "http://localhost/",
    "http://LOCALHOST./",
    "http://localhost.localdomain/",
    "http://ip6-localhost/",
    "http://metadata.google.internal/",
    "http://127.0.0.1.nip.io/",
    "http://10.0.0.1.nip.io/",
    "http://spoofed.example/",
    "http://10.0.0.1.example.com/",
]


class Recorder(httpcore.AsyncNetworkBackend):
    """Connects nowhere and remembers where it should have."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        raise httpcore.ConnectError


async def ask(settings: Settings, url: object) -> tuple[Phase, list[str], list[str]]:
    """The phase in which it failed, the addresses connected to, the names looked up."""
    names: list[str] = []

    def look_up(host: str, port: int) -> list[str]:
        names.append(host)
        if "localhost" in host.lower():
            return ["127.0.0.1", "::1"]
        return ["169.254.169.254"]

    recorder = Recorder()
    backend = Network(settings.camera_networks, recorder, look_up)
    with pytest.raises(CameraUnreachable) as caught:
        await HttpSnapshotConnector(surroundings_of(settings, backend)).fetch({"url": url}, AT, 2)
    return caught.value.phase, recorder.asked, names


def test_the_corpus_is_large() -> None:
    assert len({*NOT_HTTP, *LITERAL, *DISGUISED, *USERINFO, *NAMES}) >= 90


@pytest.mark.parametrize("url", [*NOT_HTTP, *LITERAL, *DISGUISED, *USERINFO])
async def test_neither_a_packet_nor_a_name(settings: Settings, url: str) -> None:
    phase, asked, names = await ask(settings, url)
    inside = [ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
    assert all(any(ip_address(host) in network for network in inside) for host in asked)
    if "#@127" not in url:  # this one does ask 10.0.0.1, which is allowed
        assert asked == []
        assert phase in {Phase.SETTINGS, Phase.ADDRESS}
    assert names == []


@pytest.mark.parametrize("url", NAMES)
async def test_a_name_that_leads_elsewhere(settings: Settings, url: str) -> None:
    phase, asked, names = await ask(settings, url)
    assert asked == []
    assert len(names) == 1
    assert phase is Phase.ADDRESS


@pytest.mark.parametrize("url", [None, 5, [], {"a": 1}, b"http://10.0.0.1/"])
async def test_what_is_no_text(settings: Settings, url: object) -> None:
    assert (await ask(settings, url))[0] is Phase.SETTINGS


async def test_cameras_in_private_networks_are_asked(settings: Settings) -> None:
    for url, host in (
        ("http://10.1.2.3/x", "10.1.2.3"),
        ("https://192.168.1.20:8443/", "192.168.1.20"),
        ("http://172.31.0.1/", "172.31.0.1"),
        ("http://[fd00::5]/", "fd00::5"),
        ("http://[::ffff:10.0.0.1]/", "::ffff:a00:1"),
    ):
        phase, asked, _ = await ask(settings, url)
        assert phase is Phase.CONNECT
        assert [ip_address(address) for address in asked] == [ip_address(host)]


async def test_the_guard_looks_at_what_is_inside_an_ipv6_address() -> None:
    everywhere = [ip_network("::/0")]
    assert not is_allowed(ip_address("::ffff:127.0.0.1"), everywhere)
    assert is_allowed(ip_address("2001:db8::1"), everywhere)
    assert not is_allowed(ip_address("fe80::1%eth0"), everywhere)


DENIED = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
]


@pytest.mark.parametrize("address", DENIED)
async def test_where_clouds_keep_their_keys_is_denied_in_wide_networks(address: str) -> None:
    wide = ("0.0.0.0/0", "169.254.0.0/15", "100.64.0.0/10", "::/0", "fc00::/7", "fe00::/7")
    assert not is_allowed(ip_address(address), [ip_network(network) for network in wide])
    assert not is_allowed(ip_address(address), [])


@pytest.mark.parametrize("address", DENIED)
async def test_a_denied_address_may_be_named(address: str) -> None:
    named = address.removeprefix("::ffff:")
    assert is_allowed(ip_address(address), [ip_network("10.0.0.0/8"), ip_network(named)])


@pytest.mark.parametrize(
    ("address", "network", "allowed"),
    [
        ("169.254.7.1", "169.254.7.0/24", True),
        ("169.254.169.254", "169.254.7.0/24", False),
        ("169.254.7.1", "169.254.0.0/16", True),
        ("fd00:ec2::5", "fd00:ec2::/64", True),
        ("fd00:ec3::5", "fc00::/7", True),
        ("fd20:ce::253", "fc00::/7", True),
        ("100.100.100.201", "100.64.0.0/10", True),
        ("127.0.0.1", "0.0.0.0/0", True),
        ("::1", "::/0", True),
    ],
)
async def test_only_a_network_inside_the_denied_one_opens_it(
    address: str, network: str, allowed: bool
) -> None:
    assert is_allowed(ip_address(address), [ip_network(network)]) is allowed


async def test_without_networks_nothing_is_asked(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"camera_networks": ()})
    assert (await ask(nowhere, "http://10.0.0.1/"))[:2] == (Phase.ADDRESS, [])
