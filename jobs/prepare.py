"""Making the files that people asked for, one after the other: CSV of all cameras, reports."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime
from pathlib import Path

import anyio.to_thread
import structlog

from jobs import sql
from jobs.loops import every
from webapp import outbox
from webapp.database import transaction
from webapp.errors import NigiwaiError
from webapp.history import files
from webapp.history.bulk import write_zip
from webapp.mail.letters import Letter
from webapp.models import FileKind, Member, PreparedFile, ReportWish
from webapp.reports.make import make_report
from webapp.services import Services

Clock = Callable[[], Awaitable[datetime]]

# Seconds after which whoever makes a file no longer holds it: it hangs.
LONGEST = 3600.0

log = structlog.get_logger(__name__)


class _Taken(Exception):
    """Somebody else has the file now: our lease had ended."""


async def prepare_one(services: Services, clock: Clock) -> bool:
    """Make the next file that is due; False: there is none.

    1. Claim it, and hold it while it is made; a lease that ended is begun anew.
    2. Write it to a file of this machine, and say how far it is.
    3. Put it into the store, whole, under a name of its own.
    4. In one transaction: it is ready, and whoever asked for it gets a mail.
    """
    file = await files.claim(await clock())
    if file is None:
        return False
    try:
        async with _held(file, clock):
            with tempfile.TemporaryDirectory(prefix="nigiwai-file-") as folder:
                path = Path(folder) / "file"
                extension = await _write(services, file, path, clock)
                size = await anyio.to_thread.run_sync(lambda: path.stat().st_size)
                key = files.new_key(file, extension)
                await anyio.to_thread.run_sync(services.storage.put_file_sync, key, path)
        await _offer(services, file, key, size, await clock())
    except _Taken:
        log.info("a file is made by another worker now", file=file.public_id)
    except (NigiwaiError, OSError) as error:
        log.warning("a file could not be made", file=file.public_id, error=str(error))
        await files.fail(file, await clock())
    return True


@contextlib.asynccontextmanager
async def _held(file: PreparedFile, clock: Clock) -> AsyncIterator[None]:
    """Renew the lease meanwhile: to set or to store a large file takes longer than one."""
    now = asyncio.get_running_loop().time
    stop, until = asyncio.Event(), now() + LONGEST

    async def renew() -> None:
        if now() < until:
            with contextlib.suppress(*sql.DATABASE_AWAY):
                await files.hold(file, await clock())

    holder = asyncio.create_task(every(files.LEASE.total_seconds() / 4, renew, stop))
    try:
        yield
    finally:
        stop.set()
        await holder


async def _write(services: Services, file: PreparedFile, path: Path, clock: Clock) -> str:
    """Do step 2; the extension of what was written."""
    if file.kind is FileKind.REPORT:
        pdf = await make_report(file, services.storage)
        await anyio.to_thread.run_sync(path.write_bytes, pdf)
        return "pdf"

    async def progress(done: int, total: int) -> None:
        if not await files.go_on(file, done, total, await clock()):
            raise _Taken

    await write_zip(file.organisation, date.fromisoformat(f"{file.month}-01"), path, progress)
    return "zip"


async def _offer(services: Services, file: PreparedFile, key: str, size: int, at: datetime) -> None:
    async with transaction() as db:
        if not await files.finish(file, key, size, at):
            raise _Taken
        for member in await _to_tell(file):
            letter = Letter(
                event=_EVENTS[file.kind],
                to=member.mail,
                language=member.language or file.organisation.language,
                values={
                    "name": member.name,
                    "organisation": file.organisation.name,
                    "month": file.month,
                    "url": f"{services.settings.origin}/{_PAGES[file.kind]}",
                },
            )
            once = f"file:{file.public_id}:{member.id}"
            await outbox.write_letter(
                file.organisation_id, letter, services.sealer, once, at, using_db=db
            )


async def _to_tell(file: PreparedFile) -> list[Member]:
    """Whoever asked for it and wants a mail; of a report that came by itself, who wished so."""
    if file.member_id is not None:
        return [file.member] if file.wants_mail and file.member and file.member.mail else []
    if file.kind is not FileKind.REPORT:
        return []
    wishes = await ReportWish.filter(organisation_id=file.organisation_id).select_related("member")
    return [wish.member for wish in wishes if wish.member.mail]


_EVENTS = {FileKind.CSV: "csv_ready", FileKind.REPORT: "report_ready"}
_PAGES = {FileKind.CSV: "csv", FileKind.REPORT: "reports"}
