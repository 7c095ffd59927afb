"""Files that are made in the background: asked for, claimed, ready, offered, gone (F3, F5).

The row decides: whoever claims it makes the file anew from its beginning, and names the stored
file in the very update that makes it ready. Whoever dies on the way leaves nothing that is
offered; what lies in the store unnamed is swept.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from webapp.errors import UserError
from webapp.i18n import N_
from webapp.models import FileKind, FileState, Organisation, PreparedFile
from webapp.versions import locked

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
# How long a file is offered.
LIVES = {FileKind.CSV: timedelta(hours=24), FileKind.REPORT: timedelta(days=366)}
PREFIX = "files"
# So many of an organisation's files wait or are made at a time; members come back for more.
MOST_WAITING = 10
TOO_MANY = N_("準備中のファイルが多すぎます。できあがってから、もう一度お試しください。")


async def ask(file: PreparedFile, at: datetime) -> PreparedFile:
    """Have a file made, in the caller's transaction; the same one on its way serves again.

    It does not serve whoever wants a mail that it would not bring: that is a file of their own.
    ``UserError`` when a member asks for more than ``MOST_WAITING`` at a time. The organisation is
    held meanwhile: of many who ask at once none slips through.
    """
    await locked(Organisation.filter(id=file.organisation_id))
    file.created_at, file.expires_at = at, at + LIVES[file.kind]
    under_way = PreparedFile.filter(
        organisation_id=file.organisation_id,
        state__in=[FileState.WAITING, FileState.WORKING],
    )
    alike = under_way.filter(
        kind=file.kind,
        month=file.month,
        language=file.language,
        camera_id=file.camera_id,
        group_id=file.group_id,
    )
    if file.wants_mail:
        alike = alike.filter(wants_mail=True, member_id=file.member_id)
    there = await alike.order_by("id").first()
    if there is not None:
        return there
    if file.member_id is not None and await under_way.count() >= MOST_WAITING:
        raise UserError(TOO_MANY, "month")
    await file.save(force_create=True)
    return file


async def claim(at: datetime) -> PreparedFile | None:
    """Take the oldest file that waits, or whose maker is gone; None: there is none.

    One whose makers were all lost has failed: it may be what ends them.
    """
    is_due = Q(state__in=[FileState.WAITING, FileState.WORKING])
    is_due &= Q(lease_until=None) | Q(lease_until__lte=at)
    for file in await PreparedFile.filter(is_due).order_by("created_at", "id").limit(5):
        if file.attempts >= MOST_ATTEMPTS:
            lost = PreparedFile.filter(is_due, id=file.id, claim=file.claim)
            await lost.update(state=FileState.FAILED, lease_until=None)
            continue
        token = secrets.token_hex(16)
        mine = await PreparedFile.filter(is_due, id=file.id, claim=file.claim).update(
            state=FileState.WORKING,
            claim=token,
            lease_until=at + LEASE,
            attempts=file.attempts + 1,
            done=0,
        )
        if mine:
            return await PreparedFile.get_or_none(id=file.id).select_related(
                "organisation", "camera", "group", "member"
            )
    return None


async def go_on(file: PreparedFile, done: int, total: int, at: datetime) -> bool:
    """Say how far it is and hold it for another lease; False: somebody else has it now."""
    return bool(await _mine(file).update(done=done, total=total, lease_until=at + LEASE))


async def hold(file: PreparedFile, at: datetime) -> None:
    """Hold it for another lease, if it is still ours: whoever makes it is at work."""
    await _mine(file).update(lease_until=at + LEASE)


async def finish(file: PreparedFile, key: str, size: int, at: datetime) -> bool:
    """Offer the stored file from now on; False: somebody else has it now."""
    return bool(
        await _mine(file).update(
            state=FileState.READY,
            key=key,
            size=size,
            lease_until=None,
            expires_at=at + LIVES[file.kind],
        )
    )


async def fail(file: PreparedFile, at: datetime) -> None:
    """Let it wait for another try, longer each time; after several it has failed."""
    if file.attempts >= MOST_ATTEMPTS:
        await _mine(file).update(state=FileState.FAILED, lease_until=None)
        return
    next_try = at + pause_after(file.attempts)
    await _mine(file).update(state=FileState.WAITING, lease_until=next_try)


def pause_after(attempts: int) -> timedelta:
    """How long a file waits after so many attempts: what is away comes back within an hour."""
    return LEASE * (1 << 2 * (attempts - 1))


async def remove_expired(at: datetime) -> int:
    """Forget the files whose time is over; the store is swept of what no row names."""
    return await PreparedFile.filter(expires_at__lte=at).delete()


def new_key(file: PreparedFile, extension: str) -> str:
    """Where a file is stored: a new place each time it is made."""
    return f"{PREFIX}/{file.public_id}/{secrets.token_hex(8)}.{extension}"


def _mine(file: PreparedFile) -> QuerySet[PreparedFile]:
    return PreparedFile.filter(id=file.id, claim=file.claim, state=FileState.WORKING)
