"""Whether a page lets an embed in: its policies as a browser reads them, and how we get them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from tests.builders import make_camera
from tests.html import text_of
from tests.people import Person
from webapp.connectors.network import Network
from webapp.connectors.page_policy import MOST_BYTES, public_network, read_policy
from webapp.domain.framing import Framing, PagePolicy, framed_by
from webapp.embeds import code_routes
from webapp.models import Organisation

HERE = "https://n.example.jp"
LOCAL = Network([ip_network("127.0.0.0/8")])


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ("", Framing.WORKS),
        ("script-src 'self'", Framing.WORKS),
        ("default-src 'self'", Framing.REFUSED),
        ("default-src 'self'; frame-src https://n.example.jp", Framing.WORKS),
        ("frame-src 'none'; default-src *", Framing.REFUSED),
        ("child-src https:; default-src 'none'", Framing.WORKS),
        ("frame-src; child-src *", Framing.REFUSED),
        ("FRAME-SRC n.example.jp", Framing.WORKS),
        ("frame-src *.example.jp", Framing.WORKS),
        ("frame-src *.n.example.jp", Framing.REFUSED),
        ("frame-src example.jp", Framing.REFUSED),
        ("frame-src http://n.example.jp", Framing.WORKS),
        ("frame-src n.example.jp:443", Framing.WORKS),
        ("frame-src n.example.jp:8443", Framing.REFUSED),
        ("frame-src n.example.jp:*", Framing.WORKS),
        ("frame-src n.example.jp/e/", Framing.WORKS),
        ("frame-src 'self'", Framing.REFUSED),
        ("frame-src 'self' *; frame-src 'none'", Framing.WORKS),
        ("sandbox allow-forms", Framing.NO_SCRIPT),
        ("sandbox allow-scripts", Framing.WORKS),
    ],
)
def test_a_policy_as_a_browser_reads_it(policy: str, found: Framing) -> None:
    assert framed_by(PagePolicy("https://a.jp/x", (policy,)), HERE) is found


def test_every_policy_has_to_agree() -> None:
    page = PagePolicy("https://a.jp/", ("frame-src *", "frame-src 'none'"))
    assert framed_by(page, HERE) is Framing.REFUSED
    own = PagePolicy(f"{HERE}/x", ("frame-src 'self'",))
    assert framed_by(own, HERE) is Framing.WORKS
    alone = PagePolicy("https://a.jp/", embedder="require-corp; report-to=x")
    assert framed_by(alone, HERE) is Framing.ISOLATED


@asynccontextmanager
async def page(answer: Callable[[str], bytes]) -> AsyncIterator[str]:
    """A server that answers each path with what ``answer`` makes of it; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(head.decode().split()[1]))
        try:
            await writer.drain()
            writer.close()
        except ConnectionError:
            pass  # it had read enough

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _ok(head: str = "", body: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n{body}".encode()


async def test_headers_and_html_are_read_and_redirects_followed() -> None:
    meta = '<meta http-equiv="Content-Security-Policy" content="frame-src \'none\'; sandbox">'
    headers = "Content-Security-Policy: a 1, b 2\r\nCross-Origin-Embedder-Policy: x\r\n"

    def answer(path: str) -> bytes:
        if path == "/":
            return b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        return _ok(headers, f"<!DOCTYPE html>{meta}")

    async with page(answer) as address:
        read = await read_policy(LOCAL, f"{address}/")
    assert read == PagePolicy(f"{address}/there", ("a 1", "b 2", "frame-src 'none'"), "x")


async def test_a_page_without_end_is_read_no_further() -> None:
    late = '<meta http-equiv=content-security-policy content="frame-src none">'
    async with page(lambda _: _ok(body=" " * MOST_BYTES + late + " " * 10**7)) as address:
        read = await read_policy(LOCAL, address)
    assert read is not None
    assert read.policies == ()


@pytest.mark.parametrize("piece", ["<meta ", "<!--", "<meta a='", "<a b=<", "<meta x", "</"])
async def test_a_hostile_page_is_read_like_any_other(piece: str) -> None:
    own = '<meta http-equiv=content-security-policy content="frame-src x">'
    async with page(lambda _: _ok(body=own + piece * (MOST_BYTES // len(piece)))) as address:
        read = await read_policy(LOCAL, address)
    assert read is not None
    assert read.policies[0] == "frame-src x"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://192.168.0.1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"\0\0\0",
    ],
    ids=["loop", "elsewhere", "file", "404", "nonsense"],
)
async def test_what_cannot_be_read_is_not(answer: bytes) -> None:
    async with page(lambda _: answer) as address:
        assert await read_policy(LOCAL, address) is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254", "2130706433", "100.64.0.1"]
)
async def test_nothing_within_our_walls_is_asked(host: str) -> None:
    asked: list[str] = []

    def answer(path: str) -> bytes:
        asked.append(path)
        return _ok()

    async with page(answer) as address:
        port = address.rpartition(":")[2]
        assert await read_policy(public_network(), f"http://{host}:{port}/") is None
    assert asked == []


async def test_an_admin_is_told_in_words(
    alice: Person, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_routes, "public_network", lambda: LOCAL)
    camera = await make_camera(organisation)
    base = f"/cameras/{camera.public_id}/embed"
    refusing = _ok("Content-Security-Policy: frame-src 'none'\r\n")
    async with page(lambda path: refusing if path == "/no" else _ok()) as address:
        for path, words in {"/": "設定も確認しました", "/no": "frame-srcに"}.items():
            answer = await alice.send_form(f"{base}/try", page=f"{address}{path}")
            assert words in text_of(answer, "#test-title ~ form .notice")
    answer = await alice.send_form(f"{base}/try", page="http://127.0.0.1:9/")
    assert "確認できませんでした" in text_of(answer, "#test-title ~ form .notice")
