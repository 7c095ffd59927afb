"""接続テスト: one picture from a camera, and what the engine sees in it.

The picture is shown to the admin who asked and is kept nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import anyio.to_thread
import cv2
import numpy as np
import structlog
from nigiwai_connector_api import Kind
from nigiwai_engine_api import EngineFailure, Frame, People

from webapp import engine_room, words
from webapp.analysis import BlackPicture, analyse_still
from webapp.cameras.stages import Stage, failed_stages, passed_stages
from webapp.connectors import CameraUnreachable, ConnectorInfo, Phase, Still
from webapp.domain.pictures import PictureRefused, decode, encode_jpeg, rotate
from webapp.errors import PermanentFailure, StartRefused, TemporaryFailure
from webapp.services import Services

log = structlog.get_logger(__name__)

PREVIEW_SIDE = 960
PREVIEW_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Box:
    """Somebody who was found, in pixels of the preview."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture for the page itself: a ``data:`` address, its size, and who is in it."""

    url: str
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What to try: where the picture comes from, and who looks for people in it."""

    connector: str
    source: Mapping[str, Any]
    engine: str
    level: int
    rotation: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """How the test went: a preview and a count, or ``problem`` (a message id).

    ``stages`` says how far it came, and ``ms`` how long it took; ``facts`` is what the
    connector tells of the camera (which sign-in it asks for).
    """

    preview: Preview | None = None
    count: int = 0
    width: int = 0
    height: int = 0
    problem: str = ""
    stages: tuple[Stage, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    ms: int = 0


async def try_camera(services: Services, tried: Tried, now: datetime) -> Trial:
    """Fetch one picture and look for people in it; never raises for what a camera may do."""
    started = time.perf_counter()
    still: Still | None = None
    local = is_local(services.connectors.info(tried.connector))
    try:
        still = await fetch(services, tried, now)
        looked = time.perf_counter()
        people, frame = await find_in(
            services, still.data, tried.engine, tried.level, tried.rotation
        )
    except TRIAL_FAILURES as error:
        stages = failed_stages(error, still, is_local=local)
        return Trial(problem=problem_of(error), stages=stages, ms=_since(started))
    stages = passed_stages(still, _since(looked), is_local=local)
    preview = await anyio.to_thread.run_sync(preview_of, frame, people)
    return Trial(
        preview=preview,
        count=len(people),
        width=frame.width,
        height=frame.height,
        stages=stages,
        facts=still.facts,
        ms=_since(started),
    )


async def fetch(services: Services, tried: Tried, now: datetime) -> Still:
    """One still of what is to be tried, within the time a capture has."""
    return await capture(services, tried.connector, tried.source, now)


async def capture(
    services: Services, connector_name: str, source: Mapping[str, Any], now: datetime
) -> Still:
    """One still for a screen; whatever breaks in a connector is ``CameraUnreachable``."""
    timeout = services.settings.capture_timeout
    connector = services.connectors[connector_name]
    try:
        async with asyncio.timeout(timeout + 1):  # for a connector that forgets its own
            return await connector.fetch(source, now, timeout)
    except TimeoutError:
        raise CameraUnreachable(Phase.TIMEOUT, "The camera did not answer in time.") from None
    except (CameraUnreachable, PictureRefused, TemporaryFailure, PermanentFailure):
        raise
    except Exception as error:  # noqa: BLE001 -- a camera's answer may break any connector
        # The type alone: the message and the frames may hold an address or a password.
        log.error("connector broke", connector=connector_name, error=type(error).__name__)  # noqa: TRY400
        message = "The camera's answer makes no sense."
        raise CameraUnreachable(Phase.ANSWER, message) from None


def is_local(info: ConnectorInfo | None) -> bool:
    """Whether the pictures come from this machine: then there is nothing to connect to."""
    far = {Kind.ADDRESS, Kind.CHOSEN}
    return info is not None and not any(entry.kind in far for entry in info.fields)


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


TRIAL_FAILURES = (
    CameraUnreachable,
    PictureRefused,
    BlackPicture,
    EngineFailure,
    TemporaryFailure,
    PermanentFailure,
    StartRefused,
    KeyError,
)


async def find_in(
    services: Services, data: bytes, engine_name: str, level: int, rotation: int = 0
) -> tuple[People, Frame]:
    """The people of an encoded picture, and its pixels; raises one of ``TRIAL_FAILURES``."""
    pixels = services.settings.max_picture_pixels

    def find() -> tuple[People, Frame]:
        engine = services.engines.get(engine_name)
        analysis = analyse_still(data, engine, level, None, pixels, rotation=rotation)
        return analysis.people, rotate(decode(data, max_pixels=pixels), rotation // 90)

    return await engine_room.ask(services.settings, engine_name, find)


def problem_of(error: Exception) -> str:
    """The message id that says what went wrong and what to do."""
    if isinstance(error, CameraUnreachable):
        return words.unreachable(error)
    if isinstance(error, PictureRefused):
        return words.picture_problem(error.problem)
    if isinstance(error, BlackPicture):
        return words.BLACK_PICTURE
    if isinstance(error, EngineFailure | StartRefused | KeyError):
        return words.ENGINE_FAILED
    return words.NOT_NOW


def preview_of(frame: Frame, people: People | None = None) -> Preview:
    """A picture small enough to stand in a page. CPU work: call it in a thread."""
    scale = min(1.0, PREVIEW_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    pixels = frame.pixels
    if scale < 1:
        pixels = np.asarray(
            cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
    data = base64.b64encode(encode_jpeg(Frame(pixels), PREVIEW_QUALITY)).decode()
    boxes = () if people is None else tuple(_box(box, scale) for box in people.boxes.tolist())
    return Preview(f"data:image/jpeg;base64,{data}", width, height, boxes)


def _box(box: list[float], scale: float) -> Box:
    x1, y1, x2, y2 = (round(number * scale, 1) for number in box)
    return Box(x1, y1, round(x2 - x1, 1), round(y2 - y1, 1))
