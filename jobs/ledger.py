"""The ledger of slots: who works on what is decided here, by the database alone.

A slot is due, then claimed under a lease, then done or missed. A claim carries a random
token; whoever finishes must still hold it. A worker that dies costs a lease: another
one claims the slot again, and the dead one's token no longer fits.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet

from jobs import alerting, rollup, sql
from webapp.database import transaction
from webapp.domain.alerts import Sample
from webapp.domain.health import CameraState, Health, next_health
from webapp.domain.manifests import pack
from webapp.models import Latest, Slot
from webapp.models.job import SlotState
from webapp.settings import Settings
from webapp.verification.signing import Signed

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
    not known. ``frame_sha256`` is that of the still's bytes, empty without a still. ``sketch`` is
    what the next still is compared with (``webapp.domain.scene``), mostly nothing. ``manifest``
    says how the picture was made.
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
    sketch: str = ""
    manifest: Signed | None = None


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

# These run once for every camera and minute, and are spelt out: building them anew each
# time took longer than carrying them out.
_FINISH = """
UPDATE slot SET state = 'done', claim = '', lease_until = NULL
WHERE id = $1 AND claim = $2 AND state = 'claimed' RETURNING id
"""

_OBSERVE = """
INSERT INTO observation (organisation_id, camera_id, minute, state, count, engine, captured_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (camera_id, minute) DO NOTHING RETURNING id
"""

_IS_THERE = """
SELECT id FROM background WHERE id = $1 UNION ALL SELECT id FROM kept_background WHERE id = $1
"""

_KEEP_MANIFEST = """
INSERT INTO picture_manifest
    (organisation_id, camera_id, minute, background_id, packed, signature)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (camera_id, minute) DO NOTHING
"""

_SEE_LATEST = """
SELECT state, since, minute, failures, silences, frame_sha256 FROM latest
WHERE camera_id = $1 {wait}
"""


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


async def finish(settings: Settings, held: Claim, answer: Answer, at: datetime) -> bool:
    """Write the answer; tell whether it was ours to write.

    One transaction:
    1. the slot becomes done, if our token still holds it: this update chooses the winner,
    2. the observation of that slot, and its quarter hour; its picture is let go if the background
       that it was drawn on was removed meanwhile (M2),
    3. the latest answer of the camera, unless a newer one is there,
    4. what follows from it: the stage of its alert, and whom to tell,
    5. how its picture was made.
    """
    async with transaction() as db:
        if not await sql.fetch(db, _FINISH, [held.slot_id, held.token]):
            return False
        observed = [answer.state.value, answer.count, answer.engine, answer.captured_at]
        whose = [held.organisation_id, held.camera_id, held.minute]
        if await sql.fetch(db, _OBSERVE, [*whose, *observed]):
            await rollup.roll_up(
                db, held.organisation_id, held.camera_id, held.minute, answer.count
            )
        answer = await _without_removed(db, answer)
        await _write_latest(db, held, answer, at)
        sample = Sample(held.minute, answer.count)
        await alerting.note_camera(db, settings, held.camera_id, sample, answer.picture)
        if answer.manifest is not None:
            signed = answer.manifest
            made = [signed.background_id, pack(signed.manifest), signed.signature]
            await sql.run(db, _KEEP_MANIFEST, [*whose, *made])
    return True


async def _without_removed(db: BaseDBAsyncClient, answer: Answer) -> Answer:
    """The answer, without a picture on a background that was removed while it was drawn.

    Whoever removes one holds the camera's row, and an observation of it waits for that: so either
    it is seen here that it is gone, or the removal comes later and takes this picture with it.
    """
    if answer.manifest is None or await sql.fetch(db, _IS_THERE, [answer.manifest.background_id]):
        return answer
    return replace(answer, picture="", manifest=None)


async def _write_latest(db: BaseDBAsyncClient, held: Claim, answer: Answer, at: datetime) -> None:
    rows = await sql.fetch(db, _SEE_LATEST, [held.camera_id])
    if not rows:
        empty = Latest(organisation_id=held.organisation_id, camera_id=held.camera_id)
        await Latest.bulk_create([empty], ignore_conflicts=True, using_db=db)
        rows = await sql.fetch(db, _SEE_LATEST, [held.camera_id])
    (latest,) = rows
    if latest["minute"] is not None and sql.as_instant(latest["minute"]) >= held.minute:
        return
    changes = _changes(latest, answer, at)
    changes["minute"] = held.minute
    columns = ", ".join(f"{column} = ${number}" for number, column in enumerate(changes, 2))
    # The names of the columns are those in ``_changes``; every value is a parameter.
    statement = f"UPDATE latest SET {columns} WHERE camera_id = $1"  # noqa: S608
    await sql.run(db, statement, [held.camera_id, *changes.values()])


def _changes(latest: dict[str, Any], answer: Answer, at: datetime) -> dict[str, Any]:
    """What the answer changes in the latest row, by column."""
    since = None if latest["since"] is None else sql.as_instant(latest["since"])
    before = Health(CameraState(latest["state"]), since, latest["failures"], latest["silences"])
    health = next_health(before, answer.state, at)
    changes: dict[str, Any] = {
        "state": health.state.value,
        "since": health.since,
        "failures": health.failures,
        "silences": health.silences,
        "detail": answer.detail[:DETAIL_LENGTH],
        "count": answer.count,
    }
    if answer.state is CameraState.OK:
        changes |= {"picture": answer.picture}
        changes |= {"picture_width": answer.width, "picture_height": answer.height}
        changes |= {"good_at": answer.captured_at, "good_count": answer.count}
    if answer.width and answer.height:
        changes |= {"frame_width": answer.width, "frame_height": answer.height}
        changes |= {"sketch": answer.sketch}
    if answer.frame_sha256 and answer.frame_sha256 != latest["frame_sha256"]:
        changes |= {"frame_sha256": answer.frame_sha256, "frame_since": answer.captured_at}
    return changes


def _held(claims: Sequence[Claim]) -> QuerySet[Slot]:
    return Slot.filter(
        id__in=[held.slot_id for held in claims],
        claim__in=list({held.token for held in claims}),
        state=SlotState.CLAIMED,
    )


def _lengths(settings: Settings) -> tuple[timedelta, timedelta]:
    return timedelta(seconds=settings.capture_interval), timedelta(seconds=settings.lease)
