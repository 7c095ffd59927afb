"""ONVIF against a responder: what it finds, what it refuses, and whom it tells the password."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from tests.builders import picture
from tests.connectors.fake_camera import always, camera, reply
from tests.onvif_camera import ENVELOPE, PASSWORD, USER, OnvifCamera, onvif_camera
from tests.rtsp_server import JPEG, rtsp_server
from webapp.connectors import CameraUnreachable, Network, Phase, Still, Surroundings
from webapp.connectors.onvif import OnvifConnector
from webapp.connectors.safe_xml import XmlRefused, read_xml

STILL = picture()
WHO = {"user": USER, "password": PASSWORD}
LOOPBACK = ip_network("127.0.0.0/8")
QUESTIONS = [
    "GetSystemDateAndTime", "GetCapabilities", "GetProfiles", "GetSnapshotUri", "GetStreamUri",
]  # fmt: skip


def connector() -> OnvifConnector:
    return OnvifConnector(Surroundings(Network([LOOPBACK])))


async def fetch(cam: OnvifCamera, within: float = 30, **source: Any) -> Still:
    return await connector().fetch({"url": cam.url, **WHO, **source}, datetime.now(UTC), within)


async def refused(cam: OnvifCamera, **source: Any) -> CameraUnreachable:
    with pytest.raises(CameraUnreachable) as caught:
        await fetch(cam, **source)
    assert PASSWORD not in str(caught.value)
    assert str(caught.value).endswith(".")
    return caught.value


async def test_it_finds_the_still() -> None:
    async with onvif_camera(OnvifCamera(STILL)) as cam:
        still = await fetch(cam)
    assert still.data == STILL
    assert still.facts["by"] == "http"
    assert still.facts["sign_in"] == "basic"
    assert still.facts["profile"] == "main"
    assert cam.asked[:5] == QUESTIONS


async def test_what_was_found_is_kept_for_a_while() -> None:
    async with onvif_camera(OnvifCamera(STILL)) as cam:
        one, now = connector(), datetime.now(UTC)
        source = {"url": cam.url, **WHO}
        for minutes in (0, 1, 2):
            await one.fetch(source, now + timedelta(minutes=minutes), 30)
        assert cam.asked.count("GetProfiles") == 1
        await one.fetch(source, now + timedelta(minutes=31), 30)
        assert cam.asked.count("GetProfiles") == 2
        await one.fetch({**source, "profile": "sub"}, now, 30)
        assert cam.asked.count("GetProfiles") == 3
        cam.still = b"<html>"
        with pytest.raises(CameraUnreachable):
            await one.fetch(source, now + timedelta(minutes=32), 30)
        cam.still = STILL
        await one.fetch(source, now + timedelta(minutes=33), 30)
        assert cam.asked.count("GetProfiles") == 4


@pytest.mark.parametrize("hours", [-9, 9, 24 * 365])
async def test_a_camera_whose_clock_is_wrong(hours: int) -> None:
    async with onvif_camera(OnvifCamera(STILL, clock=timedelta(hours=hours))) as cam:
        still = await fetch(cam)
    assert abs(int(still.facts["clock_behind"]) + hours * 3600) <= 5


@pytest.mark.parametrize("year", ["9" * 30, "9999", "0", "-1", "x", "9" * 5000])
async def test_a_year_that_is_none(year: str) -> None:
    parts = {"Year": year, "Month": "1", "Day": "1", "Hour": "0", "Minute": "0", "Second": "0"}
    inside = "".join(f"<t:{name}>{value}</t:{name}>" for name, value in parts.items())
    answer = ENVELOPE.format(f"<d:R><t:UTCDateTime>{inside}</t:UTCDateTime></d:R>")
    raw = {"GetSystemDateAndTime": answer.encode()}
    async with onvif_camera(OnvifCamera(STILL, raw=raw)) as cam:
        still = await fetch(cam)
    assert abs(int(still.facts["clock_behind"])) <= 1


async def test_services_where_there_are_no_capabilities() -> None:
    async with onvif_camera(OnvifCamera(STILL, has_capabilities=False)) as cam:
        assert (await fetch(cam)).data == STILL
    assert "GetServices" in cam.asked


async def test_a_profile_by_token_or_name() -> None:
    async with onvif_camera(OnvifCamera(STILL)) as cam:
        assert (await fetch(cam, profile="sub")).facts["profile"] == "sub"
        assert (await fetch(cam, profile="sub stream")).facts["profile"] == "sub"
        assert (await refused(cam, profile="none")).phase is Phase.SETTINGS


@pytest.mark.parametrize("snapshot", ["", "http://{host}/still.jpg"])
async def test_the_stream_where_there_is_no_still(snapshot: str) -> None:
    with rtsp_server(jpeg=JPEG) as port:
        cam = OnvifCamera(b"<html>", snapshot, stream=f"rtsp://127.0.0.1:{port}/jpeg")
        async with onvif_camera(cam):
            still = await fetch(cam)
    assert still.facts["by"] == "rtsp"
    assert still.data.startswith(b"\xff\xd8")


async def test_a_wrong_password() -> None:
    async with onvif_camera(OnvifCamera(STILL)) as cam:
        assert (await refused(cam, password="wrong")).phase is Phase.SIGN_IN
        assert (await refused(cam, user="", password="")).phase is Phase.SIGN_IN


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/", "http://10.0.0.1/still.jpg", "http://[::1]/x",
     "file:///etc/passwd", "http://2130706433/", "gopher://127.0.0.1/", "http://[", "x" * 3000],
)  # fmt: skip
@pytest.mark.parametrize("which", ["snapshot", "media", "stream"])
async def test_addresses_out_of_the_networks(which: str, address: str) -> None:
    cam = OnvifCamera(STILL, snapshot="")
    cam = replace(
        cam, **{which: address.replace("http:", "rtsp:") if which == "stream" else address}
    )
    async with onvif_camera(cam):
        assert (await refused(cam)).phase in {Phase.ADDRESS, Phase.ANSWER, Phase.SETTINGS}
    assert set(cam.asked) <= set(QUESTIONS) | {"GetServices"}


async def test_another_host_learns_no_password() -> None:
    async with camera(always(reply(STILL))) as other:
        # localhost resolves to loopback, yet it is another host by name
        cam = OnvifCamera(STILL, snapshot=f"http://localhost:{other.port}/still")
        async with onvif_camera(cam):
            network = Network([LOOPBACK], look_up=lambda host, port: ["127.0.0.1"])
            source = {"url": cam.url, **WHO}
            await OnvifConnector(Surroundings(network)).fetch(source, datetime.now(UTC), 30)
    assert [request.headers["authorization"] for request in other.requests] == [""]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><x>&i;</x>"
).encode()
EXTERNAL = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'
BAD_XML = {
    "bomb": BOMB,
    "external entity": EXTERNAL,
    "external dtd": b'<!DOCTYPE x SYSTEM "http://10.0.0.1/x.dtd"><x/>',
    "deep": b"<a>" * 200 + b"</a>" * 200,
    "wide": b"<a>" + b"<b/>" * 20_000 + b"</a>",
    "long": b"<a>" + b"x" * 100_000 + b"</a>",
    "cut": ENVELOPE.format("<x/>").encode()[:-5],
    "page": b"<!DOCTYPE html><html></html>",
    "empty": b"",
    "bytes": bytes(range(256)),
    "odd encoding": b'<?xml version="1.0" encoding="utf-7"?><a/>',
    "large": b"<a>" + b" " * 500_000 + b"</a>",
}


@pytest.mark.parametrize("kind", list(BAD_XML))
@pytest.mark.parametrize("question", ["GetCapabilities", "GetProfiles"])
async def test_answers_that_are_no_harmless_xml(kind: str, question: str) -> None:
    async with onvif_camera(OnvifCamera(STILL, raw={question: BAD_XML[kind]})) as cam:
        if question == "GetCapabilities":
            cam.faults.add("GetServices")
        assert (await refused(cam)).phase is Phase.ANSWER


@pytest.mark.parametrize("kind", [kind for kind in BAD_XML if kind != "large"])
def test_the_reader_refuses_it(kind: str) -> None:
    with pytest.raises(XmlRefused):
        read_xml(BAD_XML[kind])


@pytest.mark.parametrize("question", ["GetProfiles", "GetSnapshotUri"])
async def test_faults(question: str) -> None:
    async with onvif_camera(OnvifCamera(STILL, faults={question})) as cam:
        assert (await refused(cam)).phase is Phase.ANSWER


@pytest.mark.parametrize("date", [b"<a/>", b"<Hour>25</Hour>", b"<html", b""])
async def test_a_clock_that_makes_no_sense_is_taken_for_ours(date: bytes) -> None:
    async with onvif_camera(OnvifCamera(STILL, raw={"GetSystemDateAndTime": date})) as cam:
        assert (await fetch(cam)).data == STILL


async def test_a_redirect_is_not_followed_with_a_signature() -> None:
    moved = reply(b"", "307 Temporary Redirect", Location="http://127.0.0.1:9/")
    async with camera(always(moved)) as fake:
        cam = OnvifCamera(STILL, port=fake.port)
        error = await refused(cam)
    assert "sends on to another address" in str(error)
    assert len(fake.requests) <= 4
