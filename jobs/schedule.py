"""Putting the due slots into the ledger, and writing down those that nobody got to.

Any number of workers may do this at once, by clocks that differ: a slot exists once
(UNIQUE camera, minute), every insert ignores what is there, and the workers pass the
database's time as ``at``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from jobs import alerting, opening, sql
from webapp import heartbeat
from webapp.database import transaction
from webapp.domain import schedule
from webapp.domain.health import CameraState
from webapp.licences.standing import settle
from webapp.models import Observation
from webapp.settings import Settings

# How far the schedule got: every slot up to this one was put into the ledger.
CURSOR = "schedule"

# The latest tick, and since when ticks have come without a gap.
TICKED, AT_WORK_SINCE = "ticked", "at work since"

# How much of a time without any worker is written down as missed.
CATCH_UP = timedelta(hours=24)

_BATCH = 1000


async def tick(settings: Settings, at: datetime) -> int:
    """Bring the ledger up to ``at``; how many slots were put in.

    1. cameras whose business hours begin or end are opened or closed, and licences let cameras
       run or stand still,
    2. open cameras get their slot; those that stand still, and those of suspended organisations,
       lose theirs and wait,
    3. slots that nobody could even put in, since no worker ran, are written as missed,
    4. slots that are past and not done become missed, or skipped when there was too much to do,
    5. closed cameras lose their slot and show as closed, and their alerts end.
    """
    db = sql.connection(settings)
    slot = schedule.slot_of(at, settings.capture_interval)
    await sql.run(db, _MAKE_LATEST)
    await opening.open_and_close(at)
    await settle(at)
    inserted = await insert_slots(settings, slot, at)
    await mark_suspended(db)
    await _write_gap(settings, slot)
    await mark_missed(settings, at, await _at_work_since(at))
    await mark_closed(db, at)
    await alerting.reset_closed(settings, at)
    return inserted


async def insert_slots(settings: Settings, slot: datetime, at: datetime) -> int:
    """Give every open camera its slot; how many lacked one.

    A camera without a recent answer (new, reopened, or all workers were down)
    has its turn soon; the others where their hash says.
    """
    db = sql.connection(settings)
    cameras = await sql.fetch(db, _WITHOUT_SLOT, [slot])
    # The slot before may still be under way: that camera does not wait.
    before = slot - timedelta(seconds=2 * settings.capture_interval)
    waiting = sum(_waits(camera, before) for camera in cameras)
    rows = []
    for camera in cameras:
        if _waits(camera, before):
            due = schedule.due_soon(camera["public_id"], at, settings.capture_interval, waiting)
        else:
            due = schedule.due_at(camera["public_id"], slot, settings.capture_interval)
        rows.append((camera["id"], slot, due))
    for start in range(0, len(rows), _BATCH):
        await sql.run_many(db, _INSERT_SLOT, rows[start : start + _BATCH])
    return len(rows)


async def mark_missed(settings: Settings, at: datetime, at_work_since: datetime) -> int:
    """Turn slots that are past without an answer into missed ones; how many there were.

    One that nobody took up, though workers were there from its beginning, was skipped:
    there was too much to do.
    """
    total = 0
    while True:
        missed = await _miss_some(settings, at, at_work_since)
        total += missed
        if missed < _BATCH:
            return total


async def mark_closed(db: BaseDBAsyncClient, at: datetime) -> None:
    """Show closed cameras as closed, and drop the turns they no longer have."""
    await sql.run(db, _DROP_CLOSED_SLOTS)
    await sql.run(db, _SHOW_CLOSED, [at])


async def mark_suspended(db: BaseDBAsyncClient) -> None:
    """Let nothing be known of cameras that stand still, and drop their turns.

    Their organisation is suspended, or their licence stops them.
    """
    await sql.run(db, _DROP_SUSPENDED_SLOTS)
    await sql.run(db, _SHOW_SUSPENDED)


async def _at_work_since(at: datetime) -> datetime:
    """Since when workers have been there without a gap: now, if nobody was there just before."""
    last, since = await heartbeat.mark(TICKED), await heartbeat.mark(AT_WORK_SINCE)
    if last is None or since is None or at - last > heartbeat.UNHEALTHY_AFTER:
        since = at
        await heartbeat.set_mark(AT_WORK_SINCE, at)
    await heartbeat.advance_mark(TICKED, at)
    return since


async def _miss_some(settings: Settings, at: datetime, at_work_since: datetime) -> int:
    over = at - timedelta(seconds=settings.capture_interval)
    async with transaction() as db:
        rows = await sql.fetch(
            db, _MISS_SLOTS, [over, at, over - timedelta(seconds=settings.lease), _BATCH]
        )
        await _write_missed(db, rows, at_work_since)
    return len(rows)


async def _write_missed(
    db: BaseDBAsyncClient, rows: Sequence[dict[str, Any]], at_work_since: datetime
) -> None:
    outcomes = [_outcome(row, at_work_since) for row in rows]
    await Observation.bulk_create(
        [
            Observation(
                organisation_id=row["organisation_id"],
                camera_id=row["camera_id"],
                minute=sql.as_instant(row["minute"]),
                state=outcome,
            )
            for row, outcome in zip(rows, outcomes, strict=True)
        ],
        ignore_conflicts=True,
        using_db=db,
    )
    newest: dict[tuple[datetime, CameraState], list[int]] = {}
    for row, outcome in zip(rows, outcomes, strict=True):
        newest.setdefault((sql.as_instant(row["minute"]), outcome), []).append(row["camera_id"])
    for minute, outcome in sorted(newest):
        ids = ", ".join(str(int(number)) for number in newest[minute, outcome])
        await sql.run(db, _show_unseen(outcome, ids), [minute])


def _outcome(row: dict[str, Any], at_work_since: datetime) -> CameraState:
    was_there = at_work_since <= sql.as_instant(row["minute"])
    return CameraState.SKIPPED if was_there and not row["attempts"] else CameraState.MISSED


async def _write_gap(settings: Settings, slot: datetime) -> None:
    """Write the slots between the last tick and ``slot`` as missed, oldest first."""
    cursor = await heartbeat.mark(CURSOR)
    if cursor is not None:
        interval = settings.capture_interval
        gap = list(schedule.slots_between(cursor, slot, interval, CATCH_UP))
        closed = await opening.closed_at(gap)
        for minute in gap:
            owed = _OPEN_THEN.replace("{closed}", ", ".join(map(str, closed[minute])) or "0")
            async with transaction() as db:
                await sql.run(db, _MISS_GAP.replace("{owed}", owed), [minute])
                await sql.run(db, _show_unseen(CameraState.MISSED, owed), [minute])
            await heartbeat.advance_mark(CURSOR, minute)
    await heartbeat.advance_mark(CURSOR, slot)


def _show_unseen(outcome: CameraState, cameras: str) -> str:
    return _SHOW_UNSEEN.replace("{cameras}", cameras).replace("{outcome}", outcome.value)


def _waits(camera: dict[str, Any], before: datetime) -> bool:
    if camera["latest_minute"] is None or camera["latest_state"] == CameraState.CLOSED:
        return True
    return sql.as_instant(camera["latest_minute"]) < before


# Every camera has its row of the latest answer, whoever made the camera.
_MAKE_LATEST = """
INSERT INTO latest (organisation_id, camera_id, state, detail, picture, picture_width,
                    picture_height, frame_sha256)
SELECT organisation_id, id, 'waiting', '', '', 0, 0, '' FROM camera
WHERE NOT EXISTS (SELECT 1 FROM latest WHERE latest.camera_id = camera.id)
ON CONFLICT (camera_id) DO NOTHING
"""

_WITHOUT_SLOT = """
SELECT camera.id, camera.organisation_id, camera.public_id,
       latest.minute AS latest_minute, latest.state AS latest_state
FROM camera LEFT JOIN latest ON latest.camera_id = camera.id
JOIN organisation ON organisation.id = camera.organisation_id
WHERE camera.is_open AND camera.stopped = '' AND organisation.suspended_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM slot WHERE slot.camera_id = camera.id AND slot.minute = $1)
ORDER BY camera.id
"""

# A camera may be removed between the two statements: its row must still be there.
_INSERT_SLOT = """
INSERT INTO slot (organisation_id, camera_id, minute, due_at, state, attempts, claim)
SELECT camera.organisation_id, camera.id, $2::timestamptz, $3::timestamptz, 'due', 0, ''
FROM camera WHERE camera.id = $1
ON CONFLICT (camera_id, minute) DO NOTHING
"""

_MISS_SLOTS = """
WITH picked AS (
    SELECT id FROM slot
    WHERE (state = 'due' AND minute <= $1)
       OR (state = 'claimed' AND lease_until <= $2 AND minute <= $3)
    ORDER BY id LIMIT $4 {lock}
)
UPDATE slot SET state = 'missed', claim = '', lease_until = NULL
WHERE id IN (SELECT id FROM picked)
RETURNING organisation_id, camera_id, minute, attempts
"""

# Whether a camera with hours is open now says nothing of then: {closed} are those that were not.
_OPEN_THEN = """
SELECT id FROM camera WHERE (is_open OR has_hours) AND stopped = '' AND created_at <= $1
  AND id NOT IN ({closed})
  AND organisation_id NOT IN (SELECT id FROM organisation WHERE suspended_at IS NOT NULL)
"""

_MISS_GAP = """
INSERT INTO observation (organisation_id, camera_id, minute, state, engine)
SELECT camera.organisation_id, camera.id, $1::timestamptz, 'missed', '' FROM camera
WHERE camera.id IN ({owed})
  AND NOT EXISTS (SELECT 1 FROM slot WHERE slot.camera_id = camera.id AND slot.minute = $1)
ON CONFLICT (camera_id, minute) DO NOTHING
"""

# These two do in SQL what ``next_health`` says of minutes in which nobody looked, and of
# closed ones. Rows are locked in one order: two workers never wait for each other in a ring.
_SHOW_UNSEEN = """
WITH picked AS (
    SELECT id FROM latest
    WHERE camera_id IN ({cameras}) AND (minute IS NULL OR minute < $1)
    ORDER BY id {wait}
)
UPDATE latest SET
    since = CASE WHEN state = '{outcome}' AND since IS NOT NULL
                 THEN since ELSE $1::timestamptz END,
    state = '{outcome}', detail = '', count = NULL, minute = $1
WHERE id IN (SELECT id FROM picked)
"""

_DROP_CLOSED_SLOTS = """
DELETE FROM slot WHERE state = 'due'
  AND camera_id IN (SELECT id FROM camera WHERE NOT is_open)
"""

_SHOW_CLOSED = """
WITH picked AS (
    SELECT id FROM latest
    WHERE state <> 'closed' AND camera_id IN (SELECT id FROM camera WHERE NOT is_open)
    ORDER BY id {wait}
)
UPDATE latest SET state = 'closed', detail = '', count = NULL, since = $1,
                  failures = 0, silences = 0
WHERE id IN (SELECT id FROM picked)
"""

_DROP_SUSPENDED_SLOTS = """
DELETE FROM slot WHERE state IN ('due', 'claimed')
  AND (organisation_id IN (SELECT id FROM organisation WHERE suspended_at IS NOT NULL)
    OR camera_id IN (SELECT id FROM camera WHERE stopped <> ''))
"""

_SHOW_SUSPENDED = """
WITH picked AS (
    SELECT id FROM latest
    WHERE state NOT IN ('waiting', 'closed')
      AND (organisation_id IN (SELECT id FROM organisation WHERE suspended_at IS NOT NULL)
        OR camera_id IN (SELECT id FROM camera WHERE stopped <> ''))
    ORDER BY id {wait}
)
UPDATE latest SET state = 'waiting', detail = '', count = NULL, since = NULL,
                  failures = 0, silences = 0
WHERE id IN (SELECT id FROM picked)
"""
