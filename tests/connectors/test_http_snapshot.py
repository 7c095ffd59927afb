"""HTTP snapshots against a real server on loopback: every way in which cameras misbehave."""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
import socket
import time
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpcore
import pytest

from tests.connectors.fake_camera import Request, always, camera, digest_is_right, reply
from webapp.connectors import CameraUnreachable, Phase, surroundings_of
from webapp.connectors.addresses import read_target
from webapp.connectors.http_snapshot import HttpSnapshotConnector
from webapp.connectors.network import Network
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20 + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
SECRET = "hush-hush-9"


@pytest.fixture
def loopback(settings: Settings) -> Settings:
    return settings.model_copy(update={"camera_networks": (ip_network("127.0.0.0/8"),)})


async def fetch(settings: Settings, url: str, within: float = 30.0, **source: Any) -> bytes:
    still = await HttpSnapshotConnector(surroundings_of(settings)).fetch(
        {"url": url, **source}, AT, within
    )
    assert still.captured_at == AT
    return still.data


async def refused(settings: Settings, url: str, within: float = 30.0, **source: Any) -> Phase:
    with pytest.raises(CameraUnreachable) as caught:
        await fetch(settings, url, within, **source)
    message = str(caught.value)
    assert message.endswith(".")
    assert SECRET not in message
    return caught.value.phase


@pytest.mark.parametrize("body", [JPEG, PNG])
async def test_a_picture_comes_as_the_camera_gave_it(loopback: Settings, body: bytes) -> None:
    async with camera(always(reply(body))) as fake:
        assert await fetch(loopback, fake.url("/a/b.jpg?size=1")) == body
    assert fake.requests[0].path == "/a/b.jpg?size=1"
    assert fake.requests[0].headers["host"] == f"127.0.0.1:{fake.port}"
    assert fake.requests[0].headers["authorization"] == ""


async def test_a_changed_size_is_simply_the_next_picture(loopback: Settings) -> None:
    bodies = iter([JPEG, JPEG * 2])

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(next(bodies)))

    async with camera(answer) as fake:
        assert await fetch(loopback, fake.url()) == JPEG
        assert await fetch(loopback, fake.url()) == JPEG * 2


@pytest.mark.parametrize(
    "data",
    [
        reply(b"<!DOCTYPE html><title>Login</title>", kind="text/html"),
        reply(b"\xef\xbb\xbf \n<html>", kind="image/jpeg"),
        reply(b""),
        reply(b"GIF89a...."),
        reply(JPEG, length=len(JPEG) + 50),
        reply(JPEG, kind="multipart/x-mixed-replace; boundary=x"),
        reply(JPEG, Content_Encoding="gzip"),
        reply(b"gone", "404 Not Found"),
        reply(b"busy", "503 Service Unavailable"),
        reply(b"", "204 No Content"),
        reply(JPEG, length=10**12),
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + JPEG,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        reply(b"", "302 Found", Location="http://"),
        reply(b"", "302 Found", Location="/still.jpg"),
        reply(b"", "302 Found", Location="http://xn--a/"),
        reply(b"", "302 Found", Location="http://[::1/"),
    ],
)
async def test_an_answer_that_is_no_picture(loopback: Settings, data: bytes) -> None:
    async with camera(always(data)) as fake:
        assert await refused(loopback, fake.url()) is not Phase.TIMEOUT
    assert len(fake.requests) <= 4


@pytest.mark.parametrize(
    "challenge",
    [
        b"Digest",
        b"Digest realm",
        b'Digest realm="c", nonce="n", stale',
        b'Digest realm="caf\xc3\xa9 \xe6\x9d\xb1", nonce="n"',
    ],
)
async def test_a_challenge_that_makes_no_sense(loopback: Settings, challenge: bytes) -> None:
    head = b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n"
    answer = always(head + b"WWW-Authenticate: " + challenge + b"\r\n\r\n")
    async with camera(answer) as fake:
        who = {"user": "viewer", "password": SECRET}
        assert await refused(loopback, fake.url(), **who) is Phase.SIGN_IN


@pytest.mark.parametrize("address", ["http://xn--a/", "http://[::1/", "http://a\udcff/"])
def test_addresses_that_cannot_be_decoded(address: str) -> None:
    target = read_target({"url": "http://10.0.0.1/"})
    for step in (target.moved, lambda one: target.elsewhere(one, ("http",))):
        with pytest.raises(CameraUnreachable):
            step(address)
    with pytest.raises(CameraUnreachable) as caught:
        read_target({"url": address})
    assert caught.value.phase is Phase.SETTINGS


async def test_the_page_of_a_camera_is_named_as_such(loopback: Settings) -> None:
    async with camera(always(reply(b"<html>", kind="text/html"))) as fake:
        with pytest.raises(CameraUnreachable, match="a page, not a picture") as caught:
            await fetch(loopback, fake.url())
    assert caught.value.phase is Phase.ANSWER


async def test_an_endless_body_is_cut_off(loopback: Settings) -> None:
    small = loopback.model_copy(update={"max_upload_bytes": 200_000})
    sent = 0

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(reply(JPEG, length=None))
        while sent < 50_000_000:
            writer.write(bytes(65536))
            sent += 65536
            await writer.drain()

    async with camera(answer) as fake:
        assert await refused(small, fake.url()) is Phase.ANSWER
    assert sent < 20_000_000


@pytest.mark.parametrize("dripping", [False, True])
async def test_one_deadline_for_all_phases(loopback: Settings, dripping: bool) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if dripping:
            writer.write(reply(JPEG, length=5000)[: -len(JPEG)])
        for number in range(1000):
            await asyncio.sleep(0.05)
            if dripping:
                writer.write(JPEG[number : number + 1])
                await writer.drain()

    started = time.monotonic()
    async with camera(answer) as fake:
        assert await refused(loopback, fake.url(), within=0.4) is Phase.TIMEOUT
    assert time.monotonic() - started < 2


async def test_a_silent_handshake_leaves_no_socket_open(loopback: Settings) -> None:
    closed = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        closed.set()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert await refused(loopback, url, within=0.4) is Phase.TIMEOUT
        async with asyncio.timeout(30):
            await closed.wait()
    gc.collect()


async def test_nothing_answers(loopback: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert await refused(loopback, f"http://127.0.0.1:{port}/") is Phase.CONNECT


async def test_https_where_only_http_is_spoken(loopback: Settings) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"", "400 Bad Request"))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert await refused(loopback, url) is Phase.CONNECT


def basic(request: Request, user: str, password: str) -> bool:
    right = base64.b64encode(f"{user}:{password}".encode()).decode()
    return request.headers["authorization"] == f"Basic {right}"


CHALLENGES = {
    "basic": ['Basic realm="cam"'],
    "digest": ['Digest realm="cam", nonce="n0nce", qop="auth", algorithm=MD5'],
    "both": ['Basic realm="cam"', 'Digest realm="cam", nonce="n0nce", qop="auth"'],
}


def gate(kind: str, user: str = "viewer") -> Any:
    challenge = "\r\n".join(f"WWW-Authenticate: {line}" for line in CHALLENGES[kind])

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        check = basic if kind == "basic" else digest_is_right
        if request.headers["authorization"] and check(request, user, SECRET):
            writer.write(reply(JPEG))
        else:
            head, _, body = reply(b"no" * 50_000, "401 Unauthorized").partition(b"\r\n\r\n")
            writer.write(head + b"\r\n" + challenge.encode() + b"\r\n\r\n" + body)

    return answer


@pytest.mark.parametrize("kind", list(CHALLENGES))
async def test_signing_in(loopback: Settings, kind: str) -> None:
    async with camera(gate(kind)) as fake:
        url = fake.url("/still?a=1")
        assert await fetch(loopback, url, user="viewer", password=SECRET) == JPEG
        assert len(fake.requests) == 2
        assert fake.requests[0].headers["authorization"] == ""
        assert await refused(loopback, url, user="viewer", password="wrong") is Phase.SIGN_IN
        assert await refused(loopback, url) is Phase.SIGN_IN


async def test_a_name_in_the_address_is_used_and_taken_out(loopback: Settings) -> None:
    async with camera(gate("basic")) as fake:
        url = f"http://viewer:{SECRET}@127.0.0.1:{fake.port}/still"
        assert await fetch(loopback, url) == JPEG
    assert fake.requests[1].path == "/still"


@pytest.mark.parametrize(
    "challenge", ["Negotiate", "Digest", 'Digest realm="x", nonce="y", algorithm=SHA9', ""]
)
async def test_a_sign_in_that_nobody_knows(loopback: Settings, challenge: str) -> None:
    data = reply(b"", "401 Unauthorized", WWW_Authenticate=challenge)
    async with camera(always(data)) as fake:
        phase = await refused(loopback, fake.url(), user="viewer", password=SECRET)
    assert phase is Phase.SIGN_IN


async def test_redirects_on_the_same_camera_keep_the_sign_in(loopback: Settings) -> None:
    behind = gate("basic")

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/old":
            writer.write(reply(b"", "301 Moved Permanently", Location="/new?x=1"))
        else:
            await behind(request, writer)

    async with camera(answer) as fake:
        assert await fetch(loopback, fake.url("/old"), user="viewer", password=SECRET) == JPEG


async def test_another_origin_learns_no_password(loopback: Settings) -> None:
    async with camera(gate("basic")) as other:
        moved = reply(b"", "302 Found", Location=f"http://viewer:{SECRET}@127.0.0.1:{other.port}/")
        async with camera(always(moved)) as fake:
            source = {"user": "viewer", "password": SECRET}
            assert await refused(loopback, fake.url(), **source) is Phase.SIGN_IN
    assert other.requests
    assert all(request.headers["authorization"] == "" for request in other.requests)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://2130706433/",
        "//192.168.0.1/x.jpg",
        "https://93.184.216.34/x.jpg",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
    ],
)
async def test_a_redirect_out_of_the_networks(loopback: Settings, location: str) -> None:
    async with camera(always(reply(b"", "302 Found", Location=location))) as fake:
        phase = await refused(loopback, fake.url())
    assert phase in {Phase.ADDRESS, Phase.SETTINGS}
    assert len(fake.requests) == 1


async def test_a_name_that_changes_its_mind_is_asked_once(loopback: Settings) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])

    async with camera(always(reply(JPEG))) as fake:
        backend = Network(loopback.camera_networks, look_up=lambda host, port: next(answers))
        connector = HttpSnapshotConnector(surroundings_of(loopback, backend))
        source = {"url": f"http://rebind.example:{fake.port}/"}
        assert (await connector.fetch(source, AT, 30)).data == JPEG
        assert fake.requests[0].headers["host"] == f"rebind.example:{fake.port}"
        with pytest.raises(CameraUnreachable) as caught:
            await connector.fetch(source, AT, 30)
    assert caught.value.phase is Phase.ADDRESS


@pytest.mark.parametrize(
    "found", [["127.0.0.1", "8.8.8.8"], ["::1"], ["::ffff:8.8.8.8"], ["fe80::1%eth0"]]
)
async def test_every_address_of_a_name_must_be_allowed(
    loopback: Settings, found: list[str]
) -> None:
    backend = Network(loopback.camera_networks, look_up=lambda host, port: found)
    with pytest.raises(CameraUnreachable) as caught:
        await HttpSnapshotConnector(surroundings_of(loopback, backend)).fetch(
            {"url": "http://two.example"}, AT, 3
        )
    assert caught.value.phase is Phase.ADDRESS


class FirstIsSilent(httpcore.AnyIOBackend):
    async def connect_tcp(self, host: str, *rest: Any, **more: Any) -> Any:
        if host == "127.0.0.77":
            raise httpcore.ConnectTimeout
        return await super().connect_tcp(host, *rest, **more)


async def test_the_second_address_serves_when_the_first_is_silent(loopback: Settings) -> None:
    async with camera(always(reply(JPEG))) as fake:
        found = ["127.0.0.77", "127.0.0.1"]
        backend = Network(loopback.camera_networks, FirstIsSilent(), lambda host, port: found)
        source = {"url": f"http://two.example:{fake.port}/"}
        assert (
            await HttpSnapshotConnector(surroundings_of(loopback, backend)).fetch(source, AT, 30)
        ).data == JPEG


async def test_names_that_are_unknown_or_hang(loopback: Settings) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    def hanging(host: str, port: int) -> list[str]:
        time.sleep(1)
        return ["127.0.0.1"]

    for look_up, within, phase in (
        (unknown, 30, Phase.ADDRESS),
        (hanging, 0.3, Phase.TIMEOUT),
    ):
        backend = Network(loopback.camera_networks, look_up=look_up)
        with pytest.raises(CameraUnreachable) as caught:
            await HttpSnapshotConnector(surroundings_of(loopback, backend)).fetch(
                {"url": "http://a.b"}, AT, within
            )
        assert caught.value.phase is phase


async def test_no_secret_gets_into_the_log(
    loopback: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with camera(gate("basic")) as fake:
        await fetch(loopback, fake.url(f"/?pwd={SECRET}"), user="viewer", password=SECRET)
        url = f"http://viewer:{SECRET}@127.0.0.1:{fake.port}/?pwd={SECRET}"
        await fetch(loopback, url)
        await refused(loopback, url.replace("viewer", "other"))
    assert SECRET not in caplog.text
    assert base64.b64encode(f"viewer:{SECRET}".encode()).decode() not in caplog.text


async def test_https_names_what_is_wrong_with_the_certificate(
    loopback: Settings, tmp_path: Path
) -> None:
    context = self_signed(tmp_path)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(JPEG))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(CameraUnreachable, match="certificate is not trusted") as caught:
            await fetch(loopback, url)
        assert caught.value.phase is Phase.CONNECT
        assert await fetch(loopback, url, any_certificate=True) == JPEG


def self_signed(folder: Path) -> Any:
    """A TLS context as a camera out of the box has it."""
    import ssl
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "camera.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
