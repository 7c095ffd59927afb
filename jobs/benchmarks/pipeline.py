"""One picture from its JPEG bytes to the stored masked picture and the committed row.

The very step that a worker runs is timed, on SQLite and a folder of its own, in turns
with the bare model runs that the engine makes for the same picture: what is left between
the two is Nigiwai's own cost. Both are medians, so a busy machine moves them alike.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import onnxruntime
import structlog
from nigiwai_engine_api import Context, Engine, Frame

import webapp.demo
from jobs import ledger
from jobs.observe import Workshop, observe
from webapp.connectors import OpenConnectors, Still
from webapp.database import close_database, migrate, open_database
from webapp.domain.pictures import decode, encode_jpeg, encode_png
from webapp.evaluation_set import read_manifest
from webapp.models import Background, Camera, Observation, Organisation, Slot
from webapp.services import Services, build_services
from webapp.settings import read_settings

SIZES = ((768, 576), (1920, 1080))
PICTURES = 4
ROUNDS = 40
WARM_UP = 4
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Scene:
    """Encoded pictures of one size with the empty background they belong to."""

    pictures: tuple[bytes, ...]
    background: Frame


@dataclass(frozen=True)
class Round:
    """Seconds that one picture took: wall and processor time end to end, and the bare models."""

    end_to_end: float
    processor: float
    model: float


async def run() -> dict[str, Any]:
    """Measure every engine that is on with every size of picture.

    ``ms_end_to_end`` and ``ms_model`` are medians, ``ratio`` is theirs;
    ``frames_per_core_minute`` goes by processor time, ``peak_mb`` is the process's memory.
    """
    with _quiet():
        async with _installation() as services:
            return {
                name: {
                    f"{width}x{height}": await _measure(services, name, make_scene(width, height))
                    for width, height in SIZES
                }
                for name in services.engines.names
            }


def make_scene(width: int, height: int) -> Scene:
    """Take a few frames of the demonstration's footage, stretched to that size."""
    folder = Path(webapp.demo.__file__).parent
    (item,) = read_manifest(folder / "manifest.json")
    frames = [frame for frame, _ in item.frames(every=200)][:PICTURES]
    empty = decode((folder / "background.png").read_bytes())
    return Scene(
        tuple(encode_jpeg(_stretch(frame, width, height), quality=90) for frame in frames),
        _stretch(empty, width, height),
    )


def _stretch(frame: Frame, width: int, height: int) -> Frame:
    pixels = cv2.resize(frame.pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return Frame(np.asarray(pixels, np.uint8))


async def _measure(services: Services, engine: str, scene: Scene) -> dict[str, float]:
    camera = _CameraOnPaper()
    shop = Workshop.open(
        replace(services, connectors=OpenConnectors((), {"bench": camera})), camera.clock
    )
    try:
        await _register(services, camera, engine, scene.background)
        models = [
            bare_models(services.engines.get(engine), decode(data), scene.background)
            for data in scene.pictures
        ]
        _forget_peak()
        rounds = [
            await _round(shop, camera, scene.pictures[number % PICTURES], models[number % PICTURES])
            for number in range(WARM_UP + ROUNDS)
        ][WARM_UP:]
    finally:
        shop.analysis.close()
    end_to_end = median(each.end_to_end for each in rounds)
    model = median(each.model for each in rounds)
    return {
        "ms_end_to_end": round(end_to_end * 1000, 2),
        "ms_model": round(model * 1000, 2),
        "ratio": round(end_to_end / model, 3) if model else 0.0,
        "frames_per_core_minute": round(60 / median(each.processor for each in rounds), 1),
        "peak_mb": round(_peak_bytes() / 2**20, 1),
    }


async def _round(
    shop: Workshop, camera: _CameraOnPaper, picture: bytes, models: Callable[[], None]
) -> Round:
    held = await camera.next_minute(shop, picture)
    wall, processor = time.perf_counter(), time.process_time()
    written = await observe(shop, held)
    end_to_end, processor = time.perf_counter() - wall, time.process_time() - processor
    row = await Observation.get(camera_id=held.camera_id, minute=held.minute)
    if not written or row.count is None:
        raise RuntimeError(f"the picture was not counted: {row.state}")
    wall = time.perf_counter()
    models()
    return Round(end_to_end, processor, time.perf_counter() - wall)


def bare_models(engine: Engine, frame: Frame, background: Frame) -> Callable[[], None]:
    """Give a call that repeats only the model runs that the engine makes for this frame."""
    runs: list[tuple[Any, Any, Mapping[str, Any]]] = []
    session = onnxruntime.InferenceSession
    original = session.run

    def record(self: Any, outputs: Any, inputs: Mapping[str, Any], *others: Any) -> Any:
        runs.append((self, outputs, {name: np.copy(value) for name, value in inputs.items()}))
        return original(self, outputs, inputs, *others)

    session.run = record
    try:
        engine.find_people(frame, Context(background))
    finally:
        session.run = original

    def repeat() -> None:
        for model, outputs, inputs in runs:
            original(model, outputs, inputs)

    return repeat


class _CameraOnPaper:
    """A connector that gives the bytes it was handed, and the time of its own calendar."""

    def __init__(self) -> None:
        self._now = datetime(2030, 1, 1, tzinfo=UTC)
        self._picture = b""
        self.row: Camera | None = None

    def clock(self) -> datetime:
        return self._now

    async def fetch(self, source: Mapping[str, Any], at: datetime, timeout: float) -> Still:  # noqa: ARG002, ASYNC109
        return Still(self._picture, at)

    async def next_minute(self, shop: Workshop, picture: bytes) -> ledger.Claim:
        """Go on by a minute and claim its slot."""
        assert self.row is not None
        self._picture, self._now = picture, self._now + MINUTE
        await Slot.create(
            organisation_id=self.row.organisation_id,
            camera=self.row,
            minute=self._now,
            due_at=self._now,
        )
        (held,) = await ledger.claim(shop.services.settings, self._now, 1)
        return held


async def _register(
    services: Services, camera: _CameraOnPaper, engine: str, background: Frame
) -> None:
    """Make the camera's rows and store its background."""
    organisation = await Organisation.create(name="bench")
    camera.row = row = await Camera.create(
        organisation=organisation,
        name="bench",
        connector="bench",
        source=services.sealer.seal({}),
        engine=engine,
    )
    key = f"backgrounds/{row.public_id}/bench.png"
    await services.storage.put(key, encode_png(background))
    await Background.create(
        organisation=organisation,
        camera=row,
        picture=key,
        sha256="0" * 64,
        width=background.width,
        height=background.height,
        registered_at=camera.clock(),
    )


@asynccontextmanager
async def _installation() -> Any:
    """Open services and an empty database in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        settings = read_settings(
            data_dir=Path(folder), database_url="", store_url="", secret_key="b" * 40
        )
        await migrate(settings)
        await open_database(settings)
        try:
            yield build_services(settings)
        finally:
            await close_database()


@contextmanager
def _quiet() -> Iterator[None]:
    """Log nothing meanwhile: what is printed is the result."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


def _forget_peak() -> None:
    """Start the peak of this process's memory anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_bytes() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
