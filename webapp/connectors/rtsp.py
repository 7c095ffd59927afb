"""The next key frame of an RTSP stream, as a JPEG.

The source: ``{"url": "rtsp://…", "user": …, "password": …}``; all but the address may be
missing. The conversation runs over one TCP connection through the guarded network, and the
pictures come inside it: whatever the camera's answers name, no other address is asked.
FFmpeg (by PyAV) sees bytes of the codec alone; it opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import anyio
import anyio.to_thread
import httpcore
from anyio.lowlevel import RunVar
from nigiwai_connector_api import ConnectorInfo, Deadline, Field, Kind, hookimpl

from webapp.connectors import (
    CameraUnreachable,
    Connector,
    Limits,
    Network,
    Phase,
    Step,
    Still,
    Surroundings,
)
from webapp.connectors.addresses import Target, read_target
from webapp.connectors.http_snapshot import PASSWORD, USER
from webapp.connectors.key_frames import Decoder, decoder_for
from webapp.connectors.rtp import units_for
from webapp.connectors.rtsp_session import RtspSession
from webapp.connectors.sdp import Video, read_video

NAME = "rtsp"
SCHEMES = ("rtsp",)
NO_KEY_FRAME = "The camera's stream held no whole picture in time."
# A key frame comes every few seconds; until then this many times a picture's bytes may pass.
PICTURES_OF_BYTES = 6
# A picture that decodes for ever holds its thread; it must not take those of the whole process.
DECODER_THREADS = 4
_decoders: RunVar[anyio.CapacityLimiter] = RunVar("decoders")


@hookimpl
def connector_info() -> ConnectorInfo:
    """The key frame of an RTSP stream."""
    return ConnectorInfo(
        name=NAME,
        titles={"ja": "RTSP", "en": "RTSP"},
        descriptions={
            "ja": "カメラの映像配信（RTSP）から静止画を取り出します。",
            "en": "Takes a still out of the camera's video stream (RTSP).",
        },
        version="1",
        fields=(
            Field(
                "url",
                Kind.ADDRESS,
                {"ja": "RTSPのURL", "en": "RTSP URL"},
                {"ja": "例: rtsp://192.168.1.20:554/stream1", "en": "rtsp://192.168.1.20/stream1"},
                required=True,
                schemes=SCHEMES,
            ),
            USER,
            PASSWORD,
        ),
    )


@hookimpl
def create_connector(
    name: str,
    options: Mapping[str, object],  # noqa: ARG001 -- there are none
    surroundings: Surroundings,
) -> Connector | None:
    """Build it under its own name."""
    return RtspConnector(surroundings) if name == NAME else None


class RtspConnector:
    """Asks a camera for its stream and keeps the first whole key frame."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._network = surroundings.network
        self._limits = surroundings.limits

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- one deadline over all steps
    ) -> Still:
        """One still of the stream as it is now; its time is ``at``."""
        target = read_target(source, SCHEMES)
        async with Deadline(timeout) as deadline:
            data, facts = await take_key_frame(self._network, target, self._limits, deadline)
        return Still(data, at, facts, deadline.seconds)


async def take_key_frame(
    network: Network, target: Target, limits: Limits, deadline: Deadline
) -> tuple[bytes, Mapping[str, str]]:
    """One JPEG of the stream and what is to be known of it.

    1. Connect through the guarded network.
    2. DESCRIBE (signing in as the camera wants it), SETUP inside this connection, PLAY.
    3. Gather packets into pictures until a key frame decodes.
    4. TEARDOWN, hang up.
    """
    try:
        stream = await network.connect(target.host, target.port, deadline)
    except httpcore.ConnectTimeout:
        raise deadline.missed() from None
    except httpcore.NetworkError:
        message = "Nothing answers at the camera's address."
        raise CameraUnreachable(Phase.CONNECT, message, deadline.step) from None
    try:
        deadline.enter(Step.HEADERS)
        session = RtspSession(stream, target, limits.max_bytes * PICTURES_OF_BYTES)
        video = read_video(await session.describe(), session.base)
        await session.play(video.control)
        try:
            data, size = await _first_picture(session, video, limits, deadline)
        finally:
            await session.tear_down()
    except (httpcore.NetworkError, httpcore.TimeoutException, OSError):
        message = "The camera broke off in the middle of its answer."
        raise CameraUnreachable(Phase.ANSWER, message, deadline.step) from None
    finally:
        await stream.aclose()
    facts = {"sign_in": session.sign_in, "codec": video.codec, "size": size}
    return data, {name: value for name, value in facts.items() if value}


async def _first_picture(
    session: RtspSession, video: Video, limits: Limits, deadline: Deadline
) -> tuple[bytes, str]:
    deadline.enter(Step.BODY, NO_KEY_FRAME)
    units = units_for(video, limits.max_bytes)
    decoder: Decoder = decoder_for(video, limits.max_pixels)
    async for packet in session.packets():
        unit = units.add(packet)
        if unit is None or not decoder.is_key(unit):
            continue
        deadline.enter(Step.DECODE)
        picture = await anyio.to_thread.run_sync(
            decoder.picture, unit, abandon_on_cancel=True, limiter=_threads()
        )
        if picture is not None:
            return picture
        deadline.enter(Step.BODY, NO_KEY_FRAME)
    raise CameraUnreachable(
        Phase.ANSWER, "The camera ended its stream before a whole picture came.", Step.BODY
    )


def _threads() -> anyio.CapacityLimiter:
    """The decoders' own threads; one limit for each event loop."""
    limiter = _decoders.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(DECODER_THREADS)
        _decoders.set(limiter)
    return limiter
