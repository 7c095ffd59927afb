"""A worker's parts with cameras and engines of a test's own making: nothing is patched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from nigiwai_engine_api import Context, EngineInfo, Frame, People, PictogramStyle
from obstore.store import MemoryStore

from jobs.observe import Workshop
from webapp.connectors import Still
from webapp.embeds.desk import open_desk
from webapp.models import Background, Camera, Latest, Organisation
from webapp.plugins import Engines
from webapp.sealing import Sealer
from webapp.services import Services
from webapp.settings import Settings
from webapp.storage import Storage

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# Seconds for a picture and for its analysis: plenty, for what ends by itself on a busy machine
# too; and few, for what hangs until then.
PLENTY, FEW = 30.0, 0.5

INFO = EngineInfo(
    name="standard",
    titles={"ja": "標準", "en": "Standard"},
    descriptions={"ja": "試験用", "en": "For tests"},
    version="1",
    style=PictogramStyle.FIGURE,
)


def jpeg(width: int = 320, height: int = 240, shade: int = 120) -> bytes:
    """A picture with something in it."""
    pixels = np.full((height, width, 3), shade, np.uint8)
    cv2.rectangle(pixels, (10, 10), (width // 2, height // 2), (30, 200, 90), -1)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


@dataclass
class FakeEngine:
    """Finds ``count`` people, or does what ``fault`` does."""

    count: int = 2
    fault: Callable[[], None] | None = None
    contexts: list[Context] = field(default_factory=list)

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_people(self, frame: Frame, context: Context) -> People:
        self.contexts.append(context)
        if self.fault is not None:
            self.fault()
        boxes = np.array(
            [[20 + 40 * i, 40, 50 + 40 * i, 120] for i in range(self.count)], np.float32
        ).reshape(-1, 4)
        return People(boxes, np.full(self.count, 0.9, np.float32))


@dataclass
class FakeCamera:
    """Answers with ``data``, or does what ``fault`` does."""

    data: bytes = field(default_factory=jpeg)
    fault: Callable[[], Any] | None = None
    captured_at: datetime | None = None
    asked: int = 0

    async def fetch(  # the connector's interface
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109
    ) -> Still:
        self.asked += 1
        if self.fault is not None:
            await self.fault()
        return Still(self.data, self.captured_at or at)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, **how: float) -> datetime:
        self.at += timedelta(**how)
        return self.at


@dataclass
class World:
    """Services with one kind of camera and one engine, and what observing needs."""

    services: Services
    engine: FakeEngine
    camera: FakeCamera
    clock: Clock
    shop: Workshop

    @property
    def settings(self) -> Settings:
        return self.services.settings


@pytest.fixture
def world(any_database: Settings) -> Iterator[World]:
    made = make_world(any_database)
    yield made
    made.shop.analysis.close()


def make_world(
    settings: Settings, storage: Storage | None = None, deadline: float = PLENTY
) -> World:
    settings = within(settings, deadline)
    engine, camera, clock = FakeEngine(), FakeCamera(), Clock()
    services = Services(
        settings=settings,
        storage=storage or Storage(MemoryStore()),
        sealer=Sealer(settings.secret()),
        engines=Engines((INFO,), {"standard": lambda: engine}),
        connectors={"fake": camera},
        embeds=open_desk(settings),
    )
    return World(services, engine, camera, clock, Workshop.open(services, clock))


def within(settings: Settings, deadline: float) -> Settings:
    """The same, with so many seconds for a picture and for its analysis."""
    return settings.model_copy(update={"analysis_timeout": deadline, "capture_timeout": deadline})


@contextmanager
def in_a_hurry(world: World) -> Iterator[None]:
    """While the block runs, what hangs is given up soon."""
    shop = world.shop
    settings = within(world.settings, FEW)
    world.shop = replace(shop, services=replace(world.services, settings=settings))
    yield
    world.shop = shop


async def make_organisation() -> Organisation:
    return await Organisation.create(name="駅前商店街")


async def make_cameras(services: Services, count: int = 1, **values: Any) -> list[Camera]:
    """Open cameras that were made an hour before noon, with their latest rows."""
    organisation = await make_organisation()
    cameras = []
    for number in range(count):
        camera = await Camera.create(
            organisation=organisation,
            name=f"カメラ {number}",
            connector="fake",
            source=services.sealer.seal({}),
            created_at=NOON - timedelta(hours=1),
            **values,
        )
        await Latest.create(organisation=organisation, camera=camera)
        cameras.append(camera)
    return cameras


async def make_background(
    services: Services, camera: Camera, width: int = 320, height: int = 240
) -> Background:
    key = f"backgrounds/{camera.public_id}/{width}x{height}.png"
    pixels = np.full((height, width, 3), 180, np.uint8)
    await services.storage.put(key, cv2.imencode(".png", pixels)[1].tobytes())
    return await Background.create(
        organisation_id=camera.organisation_id,
        camera=camera,
        picture=key,
        sha256="0" * 64,
        width=width,
        height=height,
        registered_at=NOON - timedelta(minutes=30),
    )
