"""Workers and Valkey are killed in the middle of their work: nothing is lost (TRUST 1, 5, 7)."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from jobs.valkey import EmbeddedValkey
from tests.alerts.test_live import make_alert
from tests.conftest import missing
from tests.jobs.conftest import make_cameras
from tests.trust.own_servers import find_postgres, own_postgres
from tests.trust.worker_process import make_services, run_worker
from webapp import heartbeat
from webapp.database import close_database, migrate, open_database
from webapp.domain.health import CameraState
from webapp.models import (
    AlertDelivery,
    AlertEvent,
    Camera,
    Heartbeat,
    Observation,
    Organisation,
    Outbox,
    Slot,
)
from webapp.models.job import SlotState
from webapp.outbox import ALERT_MAIL
from webapp.queue import close_queue, open_queue
from webapp.settings import Settings

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]

INTERVAL = 6
LEASE = 1
CAMERAS = 12
KILLS = 100
VALKEY_KILLS = 20

spawn = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    binaries = find_postgres()
    if binaries is None:
        missing("PostgreSQL's initdb")
    spawn.set_forkserver_preload(["tests.trust.worker_process"])
    with own_postgres(binaries) as url:  # type: ignore[arg-type]
        yield url


@dataclass
class Site:
    """Workers on a PostgreSQL and a Valkey of their own."""

    settings: Settings
    valkey: EmbeddedValkey
    marks: Path
    workers: list[BaseProcess] = field(default_factory=list)

    def start_worker(self) -> None:
        process = spawn.Process(target=run_worker, args=(self.settings, self.marks), daemon=True)
        process.start()
        self.workers.append(process)

    def busy_workers(self) -> list[BaseProcess]:
        return [worker for worker in self.workers if (self.marks / str(worker.pid)).exists()]

    def kill(self, worker: BaseProcess) -> None:
        assert worker.pid
        worker.kill()
        worker.join()
        self.workers.remove(worker)
        (self.marks / str(worker.pid)).unlink(missing_ok=True)


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    marks = tmp_path / "marks"
    marks.mkdir()
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        secret_key="s" * 40,  # type: ignore[arg-type]
        capture_interval=INTERVAL,
        lease=LEASE,
        acquisition_concurrency=3,
    )
    valkey = EmbeddedValkey(settings)
    settings = settings.model_copy(update={"redis_url": valkey.url})
    valkey.start()
    stop = asyncio.Event()
    keeper = asyncio.create_task(valkey.keep_running(stop))
    await migrate(settings)
    await open_database(settings)
    made = Site(settings, valkey, marks)
    try:
        yield made
    finally:
        for worker in list(made.workers):
            made.kill(worker)
        stop.set()
        await keeper
        valkey.close()
        await Organisation.all().delete()
        await Heartbeat.all().delete()
        await close_database()


async def test_a_hundred_workers_killed_in_the_middle_of_a_frame(site: Site) -> None:
    for camera in await make_cameras(make_services(site.settings, site.marks), CAMERAS):
        await make_alert(camera, thresholds=(1,))
    for _ in range(3):
        site.start_worker()
    begun = time.monotonic()
    killed_at: list[datetime] = []
    while len(killed_at) < KILLS:
        assert time.monotonic() - begun < 500
        busy = site.busy_workers()
        # No slot is hit twice: each kill has to cost its own lease and no more.
        again = await Slot.filter(state=SlotState.CLAIMED, attempts__gt=1).exists()
        lost = await Slot.filter(state=SlotState.CLAIMED, lease_until__lt=datetime.now(UTC))
        if not busy or again or lost:
            await asyncio.sleep(0.02)
            continue
        site.kill(busy[len(killed_at) % len(busy)])
        killed_at.append(datetime.now(UTC))
        site.start_worker()
    await asyncio.sleep(INTERVAL + LEASE + 1)
    await check_nothing_lost(killed_at[0], killed_at[-1])
    await check_each_alert_told_once()


async def check_each_alert_told_once() -> None:
    """The one person in every frame raised each alert once: 0 mails lost, 0 written twice."""
    events = await AlertEvent.all().values_list("camera_id", "stage")
    assert sorted(events) == sorted(
        (camera, 2) for camera in await Camera.all().values_list("id", flat=True)
    )
    assert await AlertDelivery.all().count() == CAMERAS
    assert await Outbox.filter(kind=ALERT_MAIL).count() == CAMERAS


async def check_nothing_lost(since: datetime, until: datetime) -> None:
    """Every camera has one good row for every slot that began and ended in that time."""
    rows = await Observation.all().values_list("camera_id", "minute", "state")
    counts = Counter((camera, minute) for camera, minute, _ in rows)
    assert max(counts.values()) == 1
    states = {(camera, minute): state for camera, minute, state in rows}
    slots = await Slot.filter(minute__gte=since, minute__lte=until)
    assert slots
    bad = [
        (slot.minute, slot.attempts, states.get((slot.camera_id, slot.minute)))
        for slot in slots
        if states.get((slot.camera_id, slot.minute)) is not CameraState.OK
    ]
    assert bad == []
    minutes = {slot.minute for slot in slots}
    first, last = min(minutes), max(minutes)
    assert len(minutes) == (last - first) // timedelta(seconds=INTERVAL) + 1
    assert len(slots) == len(minutes) * len({slot.camera_id for slot in slots})


async def test_valkey_killed_twenty_times_loses_nothing(site: Site) -> None:
    await make_cameras(make_services(site.settings, site.marks), CAMERAS)
    for _ in range(2):
        site.start_worker()
    while not await Observation.filter(state=CameraState.OK).exists():  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    since = datetime.now(UTC)
    for _ in range(VALKEY_KILLS):
        pid = site.valkey.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        while site.valkey.pid in (None, pid):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    until = datetime.now(UTC)
    assert await carriers_are_back(site, within=90)
    await asyncio.sleep(INTERVAL + LEASE + 1)
    await check_nothing_lost(since, until)
    assert len(await heartbeat.live_workers(datetime.now(UTC))) >= 2


async def carriers_are_back(site: Site, within: float) -> bool:
    """Whether both workers' arq has written its health key into the newest Valkey."""
    pool = open_queue(site.settings.redis_url)
    deadline = time.monotonic() + within
    try:
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ConnectionError):
                if len(await pool.keys("nigiwai:health:*")) >= 2:
                    return True
            await asyncio.sleep(0.2)
        return False
    finally:
        await close_queue(pool)


async def test_sigterm_in_the_middle_of_a_frame_is_out_in_time(site: Site) -> None:
    await make_cameras(make_services(site.settings, site.marks), CAMERAS)
    site.start_worker()
    while not site.busy_workers():  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.02)
    [worker] = site.workers
    begun = time.monotonic()
    worker.terminate()
    await asyncio.to_thread(worker.join, 60)
    assert worker.exitcode == 0
    assert time.monotonic() - begun < site.settings.analysis_timeout + 5
    # What was under way is finished or given back: nothing waits for a lease.
    assert await Slot.filter(state=SlotState.CLAIMED).count() == 0
