"""RTSP against GStreamer's server: codecs, sign-in, phases; and the pieces by themselves."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import anyio.to_thread
import numpy as np
import pytest

from tests.rtsp_server import H264, H265, JPEG, VP8, rtsp_server
from webapp.connectors import (
    CameraUnreachable,
    Limits,
    Network,
    Phase,
    Step,
    Still,
    Surroundings,
)
from webapp.connectors.key_frames import JpegDecoder
from webapp.connectors.rtp import NalUnits, read_packet
from webapp.connectors.rtp_jpeg import read_part
from webapp.connectors.rtsp import RtspConnector
from webapp.connectors.rtsp_sign_in import read_challenge
from webapp.connectors.sdp import read_video
from webapp.domain.pictures import decode

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
LOOPBACK = ip_network("127.0.0.0/8")
PASSWORD = 'p:w@/ "ü" 100%'


@pytest.fixture
def open_server() -> Iterator[int]:
    with rtsp_server(jpeg=JPEG, h264=H264, h265=H265, vp8=VP8) as port:
        yield port


async def fetch(url: str, seconds: float = 30, limits: Limits | None = None, **who: str) -> Still:
    around = Surroundings(Network([LOOPBACK]), limits or Limits())
    return await RtspConnector(around).fetch({"url": url, **who}, AT, seconds)


async def refused(url: str, seconds: float = 30, **who: Any) -> CameraUnreachable:
    with pytest.raises(CameraUnreachable) as caught:
        await fetch(url, seconds, **who)
    assert PASSWORD not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", ["jpeg", "h264", "h265"])
async def test_a_still_of_every_codec(open_server: int, name: str) -> None:
    started = time.monotonic()
    still = await fetch(f"rtsp://127.0.0.1:{open_server}/{name}")
    assert time.monotonic() - started < 5
    assert still.captured_at == AT
    assert still.facts["codec"] in {"mjpeg", "h264", "hevc"}
    assert still.facts["sign_in"] == "none"
    frame = decode(still.data)
    assert (frame.width, frame.height) == (320, 240)
    # The bars of the test picture: white on the left, blue on the right.
    white, blue = frame.pixels[60, 20].astype(int), frame.pixels[60, 300].astype(int)
    assert white.min() > 150
    assert blue[0] - blue[1:].max() > 90
    steps = {Step.RESOLVE, Step.CONNECT, Step.HEADERS, Step.BODY, Step.DECODE}
    assert set(still.seconds) == steps


async def test_ten_at_once(open_server: int) -> None:
    url = f"rtsp://127.0.0.1:{open_server}/jpeg"
    stills = await asyncio.gather(*(fetch(url) for _ in range(10)))
    assert all(decode(still.data).width == 320 for still in stills)


async def test_decoders_that_hang_keep_nobody_waiting(
    open_server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(JpegDecoder, "picture", lambda *_: ended.wait(20))
    url = f"rtsp://127.0.0.1:{open_server}/jpeg"
    started = time.monotonic()
    try:
        errors = await asyncio.gather(*(refused(url, 4) for _ in range(6)))
        assert time.monotonic() - started < 8
        assert {(error.phase, error.step) for error in errors} == {(Phase.TIMEOUT, Step.DECODE)}
        assert await anyio.to_thread.run_sync(lambda: True)
    finally:
        ended.set()


async def test_what_cannot_be_shown(open_server: int) -> None:
    error = await refused(f"rtsp://127.0.0.1:{open_server}/vp8")
    assert error.phase is Phase.ANSWER
    assert "neither H.264, H.265 nor JPEG" in str(error)
    error = await refused(f"rtsp://127.0.0.1:{open_server}/none")
    assert "nothing at this address" in str(error)


async def test_more_pixels_than_are_decoded(open_server: int) -> None:
    small = Limits(1_000_000, 10_000)
    error = await refused(f"rtsp://127.0.0.1:{open_server}/h264", 2, limits=small)
    assert error.phase is Phase.TIMEOUT


async def test_larger_pictures_than_are_taken(open_server: int) -> None:
    error = await refused(f"rtsp://127.0.0.1:{open_server}/jpeg", limits=Limits(4_000))
    assert error.phase is Phase.ANSWER


@pytest.mark.parametrize("kind", ["basic", "digest"])
async def test_signing_in(kind: str) -> None:
    with rtsp_server(kind, PASSWORD, jpeg=JPEG) as port:
        url = f"rtsp://127.0.0.1:{port}/jpeg"
        still = await fetch(url, user="viewer", password=PASSWORD)
        assert still.facts["sign_in"] == kind
        assert (await refused(url, user="viewer", password="wrong")).phase is Phase.SIGN_IN
        error = await refused(url)
        assert error.phase is Phase.SIGN_IN
        assert "asks for a user name" in str(error)


async def test_nothing_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert (await refused(f"rtsp://127.0.0.1:{port}/")).phase is Phase.CONNECT


def sdp(*lines: str) -> str:
    return "\r\n".join(["v=0", "s=x", "m=audio 0 RTP/AVP 0", *lines, ""])


def test_a_description_is_read() -> None:
    video = read_video(
        sdp("m=video 0 RTP/AVP 97 98", "a=rtpmap:97 X/90000", "a=rtpmap:98 H264/90000",
            "a=fmtp:98 packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aM4=",
            "a=control:track1"),
        "rtsp://10.0.0.1/live/",
    )  # fmt: skip
    assert (video.codec, video.payload) == ("h264", 98)
    assert video.control == "rtsp://10.0.0.1/live/track1"
    assert video.parameters == (b"\x67\x42\xc0\x1e", b"\x68\xce")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "no video"),
        (("m=video",), "no video"),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 VP9/90000"), "neither"),
        (("m=video 0 RTP/AVP x", "a=rtpmap:x H264/90000"), "neither"),
    ],
)
def test_descriptions_without_a_video_of_ours(lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(CameraUnreachable, match=words):
        read_video(sdp(*lines), "rtsp://10.0.0.1/")


@pytest.mark.parametrize("control", ["*", "", "a b", "x" * 2000, "x\x00"])
def test_controls_that_make_no_sense_are_left_out(control: str) -> None:
    video = read_video(sdp("m=video 0 RTP/AVP 26", f"a=control:{control}"), "rtsp://10.0.0.1/x")
    assert video.control == "rtsp://10.0.0.1/x"


def packet(payload: bytes, time: int = 1, *, ends: bool = False, number: int = 96) -> bytes:
    head = bytes([0x80, number | (0x80 if ends else 0), 0, 1]) + time.to_bytes(4, "big")
    return head + bytes(4) + payload


def test_units_of_h264_are_put_together() -> None:
    units = NalUnits(96, 1000, is_hevc=False)
    together = b"\x18" + b"\x00\x02\x67\x01" + b"\x00\x02\x68\x02"  # STAP-A
    assert units.add(packet(together)) is None
    assert units.add(packet(b"\x7c\x85ab")) is None  # FU-A: begins
    assert units.add(packet(b"\x7c\x05cd")) is None
    whole = units.add(packet(b"\x7c\x45ef", ends=True))
    start = b"\x00\x00\x00\x01"
    assert whole == start + b"\x67\x01" + start + b"\x68\x02" + start + b"\x65abcdef"


def test_a_picture_ends_where_the_next_begins() -> None:
    units = NalUnits(96, 1000, is_hevc=False)
    assert units.add(packet(b"\x65one")) is None
    assert units.add(packet(b"\x65two", time=2)) == b"\x00\x00\x00\x01\x65one"


def test_units_of_h265_are_put_together() -> None:
    units = NalUnits(96, 1000, is_hevc=True)
    assert units.add(packet(b"\x60\x01" + b"\x00\x03\x40\x01a")) is None  # AP with a VPS
    assert units.add(packet(b"\x62\x01\x93ab")) is None  # FU: an IDR begins
    whole = units.add(packet(b"\x62\x01\x53cd", ends=True))
    assert whole == b"\x00\x00\x00\x01\x40\x01a\x00\x00\x00\x01\x26\x01abcd"


def test_any_bytes_are_taken_as_packets() -> None:
    random = np.random.default_rng(5)
    nal = [NalUnits(96, 10_000, is_hevc=is_hevc) for is_hevc in (False, True)]
    for _ in range(3000):
        data = bytes(random.integers(0, 256, random.integers(0, 40), np.uint8))
        read_packet(data, 96)
        read_part(data)
        for units in nal:
            try:
                units.add(
                    packet(data or b"x", int(random.integers(0, 50)), ends=bool(len(data) % 2))
                )
            except CameraUnreachable as error:
                assert error.phase is Phase.ANSWER  # noqa: PT017 -- some do not raise


@pytest.mark.parametrize(
    "challenges",
    [(), ("Negotiate",), ("Digest",), ('Digest realm="x", nonce="y", algorithm=SHA9',),
     ('Digest realm="x", nonce="y", qop="auth-int"',)],
)  # fmt: skip
def test_a_sign_in_that_nobody_knows(challenges: tuple[str, ...]) -> None:
    with pytest.raises(CameraUnreachable) as caught:
        read_challenge(challenges, "viewer", PASSWORD)
    assert caught.value.phase is Phase.SIGN_IN


def test_digest_of_the_standard() -> None:
    """The example of RFC 2617, 3.5, without qop as older cameras have it."""
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    signed = read_challenge((challenge,), "Mufasa", "Circle Of Life")
    header = signed.header("GET", "/dir/index.html")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in header
    assert "Circle" not in header


def test_digest_before_basic_whatever_the_order() -> None:
    offers = ('Basic realm="x"', 'Digest realm="x", nonce="n", qop="auth", algorithm=SHA-256')
    assert read_challenge(offers, "viewer", PASSWORD).kind == "digest"


def test_no_line_break_gets_into_a_header() -> None:
    with pytest.raises(CameraUnreachable) as caught:
        read_challenge(('Basic realm="x"',), "viewer\r\nX: y", PASSWORD)
    assert caught.value.phase is Phase.SETTINGS
