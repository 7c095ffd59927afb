"""一括: a month of every camera in one ZIP, on a file first, so that memory stays flat (F3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import anyio.to_thread

from webapp.domain.csv_rows import file_name
from webapp.history.csv_file import Archive, has_rows, pieces
from webapp.models import Camera, Organisation

# Told after each camera: how many are in, of how many. It raises to stop the work.
Progress = Callable[[int, int], Awaitable[None]]


async def write_zip(organisation: Organisation, month: date, path: Path, progress: Progress) -> int:
    """Write the ZIP of all cameras that have rows in that month; how many there are.

    Each has a file of its own. One that is removed meanwhile ends where it was.
    """
    zone = ZoneInfo(organisation.time_zone)
    cameras = await Camera.filter(organisation_id=organisation.id).order_by("id")
    archive = Archive(datetime.now(zone))
    written = 0
    with path.open("wb") as file:
        for number, camera in enumerate(cameras):
            await progress(number, len(cameras))
            if not await has_rows(camera, month, zone):
                continue
            written += 1
            name = file_name(camera.name, camera.public_id, month)
            lines = pieces(camera, organisation, month)
            async for piece in archive.add(name, lines):
                await _write(file, piece)
        await _write(file, archive.end())
    await progress(len(cameras), len(cameras))
    return written


async def _write(file: BinaryIO, piece: bytes) -> None:
    if piece:
        await anyio.to_thread.run_sync(file.write, piece)
