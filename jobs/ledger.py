"""The ledger of slots: who works on what is decided here, by the database alone.

A slot is due, then claimed under a lease, then done or missed. A claim carries a random
token; whoever finishes must still hold it. A worker that dies costs a lease: another
one claims the slot again, and the dead one's token no longer fits.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from jobs import sql
from webapp.domain.health import CameraState, Health, next_health
from webapp.models import Latest, Observation, Slot
from webapp.models.job import SlotState
from webapp.settings import Settings

DETAIL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Claim:
    """One slot that this worker holds under ``token`` until its lease ends."""

    slot_id: int
    token: str
    organisation_id: int
    camera_id: int
    minute: datetime
    due_at: datetime
    attempt: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker found out about one camera in one slot.

    ``state`` is the outcome of this minute; ``count`` is None unless it is OK. ``picture`` is
    a storage key or empty; ``width`` and ``height`` are the still's in pixels, 0 when they are
    not known. ``frame_sha256`` is that of the still's bytes, empty without a still.
    """

    state: CameraState
    detail: str = ""
    count: int | None = None
    engine: str = ""
    captured_at: datetime | None = None
    picture: str = ""
    width: int = 0
    height: int = 0
    frame_sha256: str = ""


# A slot is first tried while it is open. One whose lease ended may be tried for one lease
# more: the camera had its turn in time, and only the worker was lost.
_IS_READY = """
       ((slot.state = 'due' AND slot.due_at <= $1 AND slot.minute > $2)
     OR (slot.state = 'claimed' AND slot.lease_until <= $1 AND slot.minute > $3))
"""

# Organisations take turns; what is under way for one counts as turns that it had. So the
# dead cameras of one hold up the living ones of another no longer than a turn.
_CLAIM = """
WITH held AS (
    SELECT organisation_id, COUNT(*) AS hands FROM slot
    WHERE state = 'claimed' AND lease_until > $1 GROUP BY organisation_id
), turns AS (
    SELECT id, due_at, organisation_id,
           ROW_NUMBER() OVER (PARTITION BY organisation_id ORDER BY due_at, id) AS turn
    FROM slot WHERE {is_ready}
), picked AS (
    SELECT slot.id FROM slot
    JOIN turns ON turns.id = slot.id
    LEFT JOIN held ON held.organisation_id = turns.organisation_id
    WHERE {is_ready}
    ORDER BY turns.turn + COALESCE(held.hands, 0), turns.due_at, turns.id
    LIMIT $4 {lock_slot}
)
UPDATE slot SET state = 'claimed', claim = $5, lease_until = $6, attempts = attempts + 1
WHERE id IN (SELECT id FROM picked)
RETURNING id, organisation_id, camera_id, minute, due_at, attempts
""".replace("{is_ready}", _IS_READY)


async def claim(settings: Settings, at: datetime, limit: int) -> list[Claim]:
    """Take up to ``limit`` slots that are due or whose lease has ended.

    Organisations take turns, each with its oldest first.
    """
    token = secrets.token_hex(16)
    interval, lease = _lengths(settings)
    values = [at, at - interval, at - interval - lease, limit, token, at + lease]
    rows = await sql.fetch(sql.connection(settings), _CLAIM, values)
    return [
        Claim(
            slot_id=row["id"],
            token=token,
            organisation_id=row["organisation_id"],
            camera_id=row["camera_id"],
            minute=sql.as_instant(row["minute"]),
            due_at=sql.as_instant(row["due_at"]),
            attempt=row["attempts"],
        )
        for row in rows
    ]


async def renew(claims: Sequence[Claim], at: datetime, lease: float) -> None:
    """Hold the claims for another lease: they are being worked on."""
    await _held(claims).update(lease_until=at + timedelta(seconds=lease))


async def release(claims: Sequence[Claim]) -> None:
    """Give the claims back unfinished, for another worker to take at once."""
    await _held(claims).update(state=SlotState.DUE, claim="", lease_until=None)


async def drop(held: Claim) -> None:
    """Take back the slot itself: its camera is closed, nothing was due."""
    await _held([held]).delete()


async def finish(held: Claim, answer: Answer, at: datetime) -> bool:
    """Write the answer; tell whether it was ours to write.

    One transaction:
    1. the slot becomes done, if our token still holds it: this update chooses the winner,
    2. the observation of that slot,
    3. the latest answer of the camera, unless a newer one is there.
    """
    async with in_transaction() as db:
        slot = _held([held]).using_db(db)
        if not await slot.update(state=SlotState.DONE, claim="", lease_until=None):
            return False
        observation = Observation(
            organisation_id=held.organisation_id,
            camera_id=held.camera_id,
            minute=held.minute,
            state=answer.state,
            count=answer.count,
            engine=answer.engine,
            captured_at=answer.captured_at,
        )
        await Observation.bulk_create([observation], ignore_conflicts=True, using_db=db)
        await _write_latest(db, held, answer, at)
    return True


async def _write_latest(db: BaseDBAsyncClient, held: Claim, answer: Answer, at: datetime) -> None:
    rows = Latest.filter(camera_id=held.camera_id).using_db(db)
    latest = await rows.select_for_update().first()
    if latest is None:
        empty = Latest(organisation_id=held.organisation_id, camera_id=held.camera_id)
        await Latest.bulk_create([empty], ignore_conflicts=True, using_db=db)
        latest = await rows.select_for_update().get()
    if latest.minute is not None and latest.minute >= held.minute:
        return
    _apply_health(latest, answer.state, at)
    latest.minute = held.minute
    latest.detail = answer.detail[:DETAIL_LENGTH]
    latest.count = answer.count
    if answer.state is CameraState.OK:
        latest.picture = answer.picture
        latest.picture_width, latest.picture_height = answer.width, answer.height
        latest.good_at, latest.good_count = answer.captured_at, answer.count
    if answer.width and answer.height:
        latest.frame_width, latest.frame_height = answer.width, answer.height
    if answer.frame_sha256 and answer.frame_sha256 != latest.frame_sha256:
        latest.frame_sha256, latest.frame_since = answer.frame_sha256, answer.captured_at
    await latest.save(using_db=db)


def _apply_health(latest: Latest, outcome: CameraState, at: datetime) -> None:
    before = Health(latest.state, latest.since, latest.failures, latest.silences)
    health = next_health(before, outcome, at)
    latest.state, latest.since = health.state, health.since
    latest.failures, latest.silences = health.failures, health.silences


def _held(claims: Sequence[Claim]) -> QuerySet[Slot]:
    return Slot.filter(
        id__in=[held.slot_id for held in claims],
        claim__in=list({held.token for held in claims}),
        state=SlotState.CLAIMED,
    )


def _lengths(settings: Settings) -> tuple[timedelta, timedelta]:
    return timedelta(seconds=settings.capture_interval), timedelta(seconds=settings.lease)
