"""Signs of life, and turns that only one process may take: decided by the database.

A worker that is wedged stops beating, and reads unhealthy after ``UNHEALTHY_AFTER``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tortoise.expressions import Q

from webapp.models import Heartbeat

UNHEALTHY_AFTER = timedelta(seconds=30)
WORKER = "worker:"

# A turn that lies this far ahead was taken by a clock that was wrong.
_ABSURD = timedelta(hours=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


async def beat(name: str, at: datetime) -> None:
    """Worker ``name`` was alive at ``at``."""
    await set_mark(WORKER + name, at)


async def forget(name: str) -> None:
    """Worker ``name`` has ended on purpose."""
    await Heartbeat.filter(name=WORKER + name).delete()


async def live_workers(at: datetime) -> list[str]:
    """List the workers that gave a sign of life in the last ``UNHEALTHY_AFTER``."""
    rows = await Heartbeat.filter(name__startswith=WORKER, at__gt=at - UNHEALTHY_AFTER)
    return sorted(row.name.removeprefix(WORKER) for row in rows)


async def take_turn(name: str, at: datetime, every: timedelta) -> bool:
    """Whether it is the caller's turn to do ``name``: once in ``every``, whoever asks first."""
    due = Q(at__lte=at - every) | Q(at__gt=at + _ABSURD)
    if await Heartbeat.filter(due, name=name).update(at=at):
        return True
    if await Heartbeat.exists(name=name):
        return False
    await _create(name, _NEVER)  # the update below, not this row, chooses the winner
    return bool(await Heartbeat.filter(due, name=name).update(at=at))


async def mark(name: str) -> datetime | None:
    """Read the instant kept under ``name``, or None."""
    row = await Heartbeat.get_or_none(name=name)
    return None if row is None else row.at


async def set_mark(name: str, at: datetime) -> None:
    """Keep ``at`` under ``name``."""
    if not await Heartbeat.filter(name=name).update(at=at):
        await _create(name, at)


async def advance_mark(name: str, at: datetime) -> None:
    """Keep ``at`` under ``name`` unless a later instant is kept there already."""
    if await Heartbeat.filter(name=name, at__lt=at).update(at=at):
        return
    await _create(name, at)


async def _create(name: str, at: datetime) -> None:
    await Heartbeat.bulk_create([Heartbeat(name=name, at=at)], ignore_conflicts=True)
