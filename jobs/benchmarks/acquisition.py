"""Many network cameras, three in ten of them dead, and an engine that does nothing.

A real worker asks real HTTP cameras (a process of their own on the loopback) for a few
minutes on SQLite. What counts: are the living ones recorded in each of their minutes, how
long after its turn is a camera asked, does memory stay flat.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from nigiwai_engine_api import Context, EngineInfo, Frame, People, PictogramStyle
from pydantic import SecretStr

from jobs.benchmarks.camera_server import Behaviour, behaviour
from jobs.benchmarks.memory import quiet, resident_mb
from jobs.worker import Worker
from webapp.connectors import Connector, OpenConnectors, Still
from webapp.database import close_database, migrate, open_database
from webapp.domain.health import CameraState
from webapp.domain.schedule import slot_of
from webapp.models import Camera, Observation, Organisation, Slot
from webapp.plugins import Engines
from webapp.services import Services, build_services
from webapp.settings import ROOT, Settings

CAMERAS, MINUTES, INTERVAL = 1000, 3, 60
ORGANISATIONS = 5
HTTP = "http_snapshot"
NOBODY = EngineInfo(
    name="standard",
    titles={"ja": "なし", "en": "None"},
    descriptions={"ja": "何もしない", "en": "Does nothing"},
    version="1",
    style=PictogramStyle.FIGURE,
)


class FindsNobody:
    """An engine that costs nothing: what is measured is everything else."""

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_people(self, frame: Frame, context: Context) -> People:  # noqa: ARG002
        """Nobody, at once."""
        return People.none()


@dataclass
class Noting:
    """A connector that notes when which address was asked, and asks it."""

    inner: Connector
    starts: list[tuple[str, datetime]] = field(default_factory=list)

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- as the connector's own
    ) -> Still:
        """Note the start and pass the question on."""
        self.starts.append((source["url"], datetime.now(UTC)))
        return await self.inner.fetch(source, at, timeout)


@dataclass(frozen=True)
class Run:
    """What happened: from ``begun`` on, for so many slots."""

    settings: Settings
    begun: datetime
    minutes: int
    starts: Sequence[tuple[str, datetime]]
    megabytes: Sequence[float]
    processor: float


async def run(
    cameras: int = CAMERAS, minutes: int = MINUTES, interval: int = INTERVAL
) -> dict[str, Any]:
    """Measure so many cameras over so many slots of ``interval`` seconds."""
    with quiet(), tempfile.TemporaryDirectory(prefix="nigiwai-bench-") as folder:
        settings = Settings(
            data_dir=Path(folder),
            database_url="",
            store_url="memory://",
            secret_key=SecretStr("b" * 40),
            plugins_file=ROOT / "plugins.toml",
            capture_interval=interval,
            capture_timeout=min(10.0, interval / 3),
            camera_networks=(ip_network("127.0.0.1/32"),),
        )
        await migrate(settings)
        await open_database(settings)
        try:
            async with camera_server() as port:
                return await _measure(settings, cameras, minutes, port)
        finally:
            await close_database()


@asynccontextmanager
async def camera_server() -> AsyncIterator[int]:
    """Run the cameras in a process of their own; it ends with this one."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "jobs.benchmarks.camera_server",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _measure(settings: Settings, cameras: int, minutes: int, port: int) -> dict[str, Any]:
    services = build_services(settings, Engines((NOBODY,), {"standard": FindsNobody}))
    noting = Noting(services.connectors[HTTP])
    infos = (services.connectors.info(HTTP),)
    services = replace(services, connectors=OpenConnectors(infos, {HTTP: noting}))
    numbers = await make_cameras(services, cameras, port)
    interval = settings.capture_interval
    begun = slot_of(datetime.now(UTC), interval) + timedelta(seconds=interval)
    await asyncio.sleep((begun - datetime.now(UTC)).total_seconds())
    processor = time.process_time()
    megabytes = await _work(services, minutes * interval + 1.0)
    ended = Run(
        settings=settings,
        begun=begun,
        minutes=minutes,
        starts=noting.starts,
        megabytes=megabytes,
        processor=time.process_time() - processor,
    )
    return await _figures(ended, numbers)


async def make_cameras(services: Services, cameras: int, port: int) -> dict[str, int]:
    """Make their rows, in a few organisations; their ids by address."""
    absent = 1  # a port that nothing listens on
    organisations = [
        await Organisation.create(name=f"bench {number}") for number in range(ORGANISATIONS)
    ]
    rows, urls = [], []
    for number in range(cameras):
        at = absent if behaviour(number) is Behaviour.ABSENT else port
        urls.append(f"http://127.0.0.1:{at}/{number}")
        rows.append(
            Camera(
                organisation=organisations[number % ORGANISATIONS],
                name=str(number),
                connector=HTTP,
                source=services.sealer.seal({"url": urls[-1]}),
                created_at=datetime.now(UTC),
            )
        )
    await Camera.bulk_create(rows, batch_size=500)
    ids = dict(await Camera.all().values_list("name", "id"))
    return {url: ids[str(number)] for number, url in enumerate(urls)}


async def _work(services: Services, seconds: float) -> list[float]:
    """Let one worker work, and look at its memory meanwhile."""
    worker = Worker(services, "")
    task = asyncio.create_task(worker.run())
    megabytes = []
    until = time.monotonic() + seconds
    try:
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, services.settings.capture_interval / 6))
            megabytes.append(resident_mb())
    finally:
        worker.stop.set()
        await task
    return megabytes


async def _figures(ended: Run, numbers: Mapping[str, int]) -> dict[str, Any]:
    interval = ended.settings.capture_interval
    slots = [ended.begun + timedelta(seconds=interval * n) for n in range(ended.minutes)]
    living = {id_ for url, id_ in numbers.items() if _is_living(url)}
    recorded = await Observation.filter(
        minute__in=slots, state=CameraState.OK, camera_id__in=living
    ).count()
    delays = await _delays(ended, numbers, slots)
    seconds = Counter(int(at.timestamp()) for _, at in ended.starts if at >= ended.begun)
    usual = len(delays) / (0.8 * interval * ended.minutes)  # turns lie in the first 0.8
    half = ended.megabytes[len(ended.megabytes) // 3 :]
    return {
        "cameras": len(numbers),
        "dead": len(numbers) - len(living),
        "minutes": ended.minutes,
        "recorded_share_of_living": round(recorded / (len(living) * ended.minutes), 5),
        "tried_share_of_all": round(len(delays) / (len(numbers) * ended.minutes), 5),
        "start_delay_mean_s": round(mean(delays), 3),
        "start_delay_p99_s": round(quantiles(delays, n=100)[98], 3),
        "start_delay_max_s": round(max(delays), 3),
        "busiest_second_times_mean": round(max(seconds.values()) / usual, 2),
        "mb_first": round(ended.megabytes[0], 1),
        "mb_last": round(ended.megabytes[-1], 1),
        "mb_growth_after_first_third": round(half[-1] - half[0], 1),
        "ms_processor_a_camera_minute": round(1000 * ended.processor / len(delays), 2),
    }


def _is_living(url: str) -> bool:
    return behaviour(int(url.rsplit("/", 1)[1])) is Behaviour.LIVING


async def _delays(ended: Run, numbers: Mapping[str, int], slots: Sequence[datetime]) -> list[float]:
    """Seconds between a camera's turn and the first question to it in that slot."""
    rows = await Slot.filter(minute__in=slots).values_list("camera_id", "minute", "due_at")
    due = {(camera, minute): at for camera, minute, at in rows}
    first: dict[tuple[int, datetime], float] = {}
    for url, at in ended.starts:
        turn = (numbers[url], slot_of(at, ended.settings.capture_interval))
        if turn in due and turn not in first:
            first[turn] = (at - due[turn]).total_seconds()
    return list(first.values())
