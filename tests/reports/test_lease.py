"""A file that takes longer than a lease is made once, by whoever began it (F3, F5)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs import prepare
from tests.builders import make_camera
from webapp.database import transaction
from webapp.history import files
from webapp.models import FileKind, FileState, Organisation, PreparedFile
from webapp.services import Services

LEASE = timedelta(seconds=2)


async def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def file(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> PreparedFile:
    monkeypatch.setattr(files, "LEASE", LEASE)
    await make_camera(organisation)
    wanted = PreparedFile(
        organisation_id=organisation.id, kind=FileKind.REPORT, month="2026-10", language="ja"
    )
    async with transaction():
        return await files.ask(wanted, datetime.now(UTC))


@pytest.mark.parametrize("slow", ["making", "storing"])
async def test_a_maker_that_is_at_work_keeps_its_lease(
    services: Services, file: PreparedFile, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    seconds = 2 * LEASE.total_seconds()

    async def make(*_: object) -> bytes:
        await asyncio.sleep(seconds if slow == "making" else 0)
        return b"%PDF-"

    put = services.storage.put_file_sync

    def store(key: str, path: Path) -> None:
        time.sleep(seconds if slow == "storing" else 0)
        put(key, path)

    monkeypatch.setattr(prepare, "make_report", make)
    monkeypatch.setattr(services.storage, "put_file_sync", store)
    maker = asyncio.create_task(prepare.prepare_one(services, clock))
    while not maker.done():
        await asyncio.sleep(LEASE.total_seconds() / 8)
        assert maker.done() or await files.claim(datetime.now(UTC)) is None
    assert await maker
    made = await PreparedFile.get(id=file.id)
    assert (made.state, made.attempts) == (FileState.READY, 1)


async def test_one_that_hangs_for_hours_does_not(
    services: Services, file: PreparedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = asyncio.Event()

    async def hang(*_: object) -> bytes:
        await let_go.wait()
        return b"%PDF-"

    monkeypatch.setattr(prepare, "make_report", hang)
    monkeypatch.setattr(prepare, "LONGEST", 1.0)
    maker = asyncio.create_task(prepare.prepare_one(services, clock))
    other = None
    for _ in range(60):
        await asyncio.sleep(LEASE.total_seconds() / 8)
        other = other or await files.claim(datetime.now(UTC))
    assert other is not None
    let_go.set()
    assert await maker
    assert (await PreparedFile.get(id=file.id)).claim == other.claim
