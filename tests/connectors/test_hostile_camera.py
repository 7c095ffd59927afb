"""The hostile camera's switches: each ends in the right phase or state, within the deadline."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from tests.hostile_camera import HEIGHT, HostileCamera, Switch, hostile_camera
from webapp.analysis import _is_black
from webapp.connectors import (
    CameraUnreachable,
    Network,
    Phase,
    Step,
    Still,
    Surroundings,
    surroundings_of,
)
from webapp.connectors.http_snapshot import HttpSnapshotConnector
from webapp.connectors.rtsp import RtspConnector
from webapp.domain.pictures import PictureProblem, PictureRefused, decode
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
WITHIN = 0.8  # for what only ends at its deadline
PLENTY = 20.0  # for what ends before, on a busy machine too
LATEST = 0.8  # seconds on top of the deadline that a busy machine may take
LOOPBACK = Network([ip_network("127.0.0.0/8")])
WHO = {"user": "viewer", "password": "hush-hush-7"}


@pytest.fixture
def around(settings: Settings) -> Surroundings:
    small = settings.model_copy(update={"max_upload_bytes": 300_000})
    return surroundings_of(small, LOOPBACK)


async def refused(
    connector: Any, source: dict[str, Any], phase: Phase = Phase.ANSWER
) -> CameraUnreachable:
    within = WITHIN if phase is Phase.TIMEOUT else PLENTY
    started = time.monotonic()
    with pytest.raises(CameraUnreachable) as caught:
        await connector.fetch(source, AT, within)
    assert time.monotonic() - started < within + LATEST
    message = str(caught.value)
    assert message.endswith(".")
    assert "hush" not in message
    assert "127.0.0.1" not in message
    return caught.value


async def all_hung_up(camera: HostileCamera) -> None:
    async with asyncio.timeout(PLENTY):
        while camera.open:  # noqa: ASYNC110 -- it is a plain number
            await asyncio.sleep(0.01)


HTTP = {
    Switch.DRIP: (Phase.TIMEOUT, "did not"),
    Switch.SILENT: (Phase.TIMEOUT, "did not answer in time"),
    Switch.HANG_UP: (Phase.ANSWER, "broke off"),
    Switch.ENDLESS: (Phase.ANSWER, "larger than pictures may be"),
    Switch.HTML: (Phase.ANSWER, "a page, not a picture"),
    Switch.WRONG_LENGTH: (Phase.ANSWER, "larger than|broke off"),
    Switch.GZIP_BOMB: (Phase.ANSWER, "encoding that was not asked for"),
    Switch.REDIRECT_LOOP: (Phase.ANSWER, "redirects too often"),
    Switch.REDIRECT_FILE: (Phase.SETTINGS, "begins with http://"),
    Switch.MJPEG: (Phase.ANSWER, "video stream"),
    Switch.SIGN_IN_LOOP: (Phase.SIGN_IN, "refuses this user name"),
}


@pytest.mark.parametrize("switch", list(HTTP))
async def test_http(around: Surroundings, switch: Switch) -> None:
    phase, words = HTTP[switch]
    async with hostile_camera(switch) as camera:
        error = await refused(HttpSnapshotConnector(around), {"url": camera.http, **WHO}, phase)
        await all_hung_up(camera)
    assert error.phase is phase
    assert any(word in str(error) for word in words.split("|"))
    assert camera.requests <= 4


HTTPS = {
    Switch.SLOW_TLS: (Phase.TIMEOUT, "did not agree on encryption in time", Step.TLS),
    Switch.EXPIRED: (Phase.CONNECT, "certificate is not trusted", Step.TLS),
    Switch.GOOD: (Phase.CONNECT, "certificate is not trusted", Step.TLS),
}


@pytest.mark.parametrize("switch", list(HTTPS))
async def test_https(around: Surroundings, switch: Switch) -> None:
    phase, words, step = HTTPS[switch]
    async with hostile_camera(switch) as camera:
        connector = HttpSnapshotConnector(around)
        error = await refused(connector, {"url": camera.https}, phase)
        assert (error.phase, error.step) == (phase, step)
        assert words in str(error)
        if switch is Switch.GOOD:
            source = {"url": camera.https, "any_certificate": True}
            assert decode((await connector.fetch(source, AT, PLENTY)).data).height == HEIGHT
        await all_hung_up(camera)


RTSP = {
    Switch.DRIP: (Phase.TIMEOUT, "did not answer in time"),
    Switch.SILENT: (Phase.TIMEOUT, "did not answer in time"),
    Switch.HANG_UP: (Phase.ANSWER, "broke off"),
    Switch.ENDLESS: (Phase.ANSWER, "not answer in RTSP"),
    Switch.HTML: (Phase.ANSWER, "not answer in RTSP"),
    Switch.WRONG_LENGTH: (Phase.ANSWER, "too long"),
    Switch.GZIP_BOMB: (Phase.ANSWER, "larger than pictures|too much"),
    Switch.REDIRECT_LOOP: (Phase.ANSWER, "sends on to another address"),
    Switch.REDIRECT_FILE: (Phase.ANSWER, "sends on to another address"),
    Switch.MJPEG: (Phase.ANSWER, "neither H.264, H.265 nor JPEG"),
    Switch.SIGN_IN_LOOP: (Phase.SIGN_IN, "refuses this user name"),
    Switch.NO_KEY_FRAME: (Phase.TIMEOUT, "no whole picture in time"),
}


@pytest.mark.parametrize("switch", list(RTSP))
async def test_rtsp(around: Surroundings, switch: Switch) -> None:
    phase, words = RTSP[switch]
    async with hostile_camera(switch) as camera:
        error = await refused(RtspConnector(around), {"url": camera.rtsp, **WHO}, phase)
        await all_hung_up(camera)
    assert error.phase is phase
    assert any(word in str(error) for word in words.split("|"))
    assert camera.requests <= 5
    assert camera.sent < 20_000_000


async def fetched(around: Surroundings, camera: HostileCamera) -> Still:
    return await HttpSnapshotConnector(around).fetch({"url": camera.http}, AT, PLENTY)


async def test_half_a_picture_is_told_when_it_is_decoded(around: Surroundings) -> None:
    async with hostile_camera(Switch.HALF_JPEG) as camera:
        still = await fetched(around, camera)
    with pytest.raises(PictureRefused) as caught:
        decode(still.data)
    assert caught.value.problem is PictureProblem.TRUNCATED


async def test_a_black_picture_is_told_when_it_is_analysed(around: Surroundings) -> None:
    async with hostile_camera(Switch.BLACK) as camera:
        assert _is_black(decode((await fetched(around, camera)).data))


async def test_a_frozen_camera_sends_the_same_bytes(around: Surroundings) -> None:
    async with hostile_camera(Switch.FREEZE) as camera:
        first, second = await fetched(around, camera), await fetched(around, camera)
        assert first.data == second.data
        camera.switch = Switch.GOOD
        assert (await fetched(around, camera)).data != first.data


async def test_each_size_is_simply_the_next_picture(around: Surroundings) -> None:
    async with hostile_camera(Switch.CHANGING_SIZE) as camera:
        widths = {decode((await fetched(around, camera)).data).width for _ in range(5)}
    assert len(widths) == 5


async def test_a_late_clock_is_told_among_the_facts(around: Surroundings) -> None:
    async with hostile_camera(Switch.LATE_CLOCK) as camera:
        now = datetime.now(UTC)
        still = await HttpSnapshotConnector(around).fetch({"url": camera.http}, now, PLENTY)
    assert 3590 <= int(still.facts["clock_behind"]) <= 3610


async def test_a_switch_turns_while_the_camera_runs(around: Surroundings) -> None:
    async with hostile_camera() as camera:
        assert (await fetched(around, camera)).facts["sign_in"] == "none"
        camera.switch = Switch.HTML
        assert (await refused(HttpSnapshotConnector(around), {"url": camera.http})).phase
        camera.switch = Switch.GOOD
        assert (await fetched(around, camera)).seconds[Step.BODY] >= 0
