"""Groups are sampled once a minute, from that minute's observations (S7).

What is written follows from the ledger and the observations alone, so it does not matter who
does it, how often, or who died meanwhile: a sample exists once (UNIQUE group, minute).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from jobs import alerting, rollup, schedule, sql
from webapp import heartbeat
from webapp.database import transaction
from webapp.domain import alerts
from webapp.domain.groups import is_settled
from webapp.domain.schedule import slots_between
from webapp.settings import Settings

# Every minute up to this one was sampled for good.
CURSOR = "groups sampled"


@dataclass(frozen=True, slots=True)
class Sample:
    """One group in one minute, as it was just written.

    ``count`` is the sum over the ``known`` of the ``members`` cameras that were open, None when
    none is known; with fewer known it is "at least". ``is_late`` marks a sample that was written
    before and became fuller: a camera's answer came late.
    """

    organisation_id: int
    group_id: int
    minute: datetime
    count: int | None
    known: int
    members: int
    is_late: bool = False


async def sample(settings: Settings, at: datetime) -> list[Sample]:
    """Write the samples that can be taken at ``at``, oldest minute first; give those written.

    1. The minutes that the schedule has dealt with and that are not all sampled yet, each in a
       transaction of its own: a group whose open cameras have all answered, or whose minute has
       been over for ``PATIENCE``. A minute waits for the one before it, so that alerts are
       given every minute in its turn.
    2. In the few minutes before, samples that rested on too few cameras, when one answered late.
    3. A group that has cameras and no default camera is given its first one, once a minute.
    4. The cursor moves on over the minutes that nobody waits for any more.
    """
    scheduled = await heartbeat.mark(schedule.CURSOR)
    if scheduled is None:
        return []
    length = timedelta(seconds=settings.capture_interval)
    begin = await heartbeat.mark(CURSOR) or scheduled - length
    written: list[Sample] = []
    is_turn = True
    for minute in slots_between(
        min(begin, scheduled - _late(settings)),
        scheduled + length,
        settings.capture_interval,
        schedule.CATCH_UP,
    ):
        is_over = is_settled(minute, settings.capture_interval, at, pending=1)
        is_new = minute > begin
        written += await _sample_minute(
            settings, minute, is_over=is_over, is_new=is_new and is_turn
        )
        is_turn = is_turn and (is_over or not is_new)
        if is_over:
            await heartbeat.advance_mark(CURSOR, minute)
    return written


def _late(settings: Settings) -> timedelta:
    """How long after its minute an answer may come: a turn is tried once more within a lease."""
    return timedelta(seconds=settings.capture_interval + 2 * settings.lease)


async def _sample_minute(
    settings: Settings, minute: datetime, *, is_over: bool, is_new: bool
) -> list[Sample]:
    async with transaction() as db:
        rows = []
        if is_new and is_over:
            await sql.run(db, _INHERIT, [])
        if is_new:
            statement = _of_sums(_INSERT, _NOT_SAMPLED)
            statement = statement.replace("{settled}", "TRUE" if is_over else "pending = 0")
            rows = [(row, False) for row in await sql.fetch(db, statement, [minute])]
        correct = _of_sums(_CORRECT, _PARTIAL)
        rows += [(row, True) for row in await sql.fetch(db, correct, [minute])]
        written = [_sample(row, minute, is_late=is_late) for row, is_late in rows]
        await _follow(db, settings, written)
    return written


async def _follow(db: BaseDBAsyncClient, settings: Settings, written: Sequence[Sample]) -> None:
    """What follows from new samples, in their transaction.

    The newest answer of each group, its quarter hour, and the stage of its alert, which is
    given each minute once, as it was written first.
    """
    await sql.run_many(
        db,
        _LATEST,
        [
            (one.organisation_id, one.group_id, one.minute, one.count, one.known, one.members)
            for one in written
        ],
    )
    for one in written:
        if not one.is_late:
            sum_of = alerts.Sample(one.minute, one.count, is_partial=one.known < one.members)
            await alerting.note_group(db, settings, one.group_id, sum_of)
        if one.known == one.members:
            await rollup.roll_up_group(db, one.organisation_id, one.group_id, one.minute, one.count)


def _of_sums(statement: str, which: str) -> str:
    return statement.replace("{sums}", _SUMS.replace("{which}", which))


def _sample(row: dict[str, Any], minute: datetime, *, is_late: bool) -> Sample:
    return Sample(
        organisation_id=row["organisation_id"],
        group_id=row["group_id"],
        minute=minute,
        count=row["count"],
        known=row["known"],
        members=row["members"],
        is_late=is_late,
    )


# A member was open in a minute when something was due of it then. The default camera's hours
# are the group's: a minute in which nothing was due of it is none of the group's.
_SUMS = """
WITH sums AS (
    SELECT member.organisation_id, member.group_id, COUNT(*) AS members,
           COUNT(observation.count) AS known, SUM(observation.count) AS total,
           SUM(CASE WHEN observation.id IS NULL AND slot.state IN ('due', 'claimed')
                    THEN 1 ELSE 0 END) AS pending
    FROM camera_group_member AS member
    JOIN camera_group ON camera_group.id = member.group_id
    LEFT JOIN observation ON observation.camera_id = member.camera_id AND observation.minute = $1
    LEFT JOIN slot ON slot.camera_id = member.camera_id AND slot.minute = $1
    WHERE (observation.id IS NOT NULL OR slot.id IS NOT NULL)
      AND (EXISTS (SELECT 1 FROM observation AS seen
                   WHERE seen.camera_id = camera_group.default_camera_id AND seen.minute = $1)
        OR EXISTS (SELECT 1 FROM slot AS due
                   WHERE due.camera_id = camera_group.default_camera_id AND due.minute = $1))
      AND {which}
    GROUP BY member.organisation_id, member.group_id
)
"""

# The screens hand a default camera on when it goes; a row that went without them, too.
_INHERIT = """
UPDATE camera_group SET default_camera_id = (
    SELECT member.camera_id FROM camera_group_member AS member
    WHERE member.group_id = camera_group.id ORDER BY member.position, member.id LIMIT 1
)
WHERE default_camera_id IS NULL AND EXISTS (
    SELECT 1 FROM camera_group_member AS member WHERE member.group_id = camera_group.id
)
"""

_INSERT = """
{sums}
INSERT INTO group_observation (organisation_id, group_id, minute, count, known, members)
SELECT organisation_id, group_id, $1::timestamptz, total, known, members FROM sums
WHERE {settled} ORDER BY group_id
ON CONFLICT (group_id, minute) DO NOTHING
RETURNING organisation_id, group_id, count, known, members
"""

_NOT_SAMPLED = """
NOT EXISTS (SELECT 1 FROM group_observation AS sampled
            WHERE sampled.group_id = member.group_id AND sampled.minute = $1)
"""

# Only a fuller sum of the same cameras takes the place of one that was written.
_CORRECT = """
{sums}
UPDATE group_observation SET count = sums.total, known = sums.known,
    first_count = CASE WHEN group_observation.first_known IS NULL
                       THEN group_observation.count ELSE group_observation.first_count END,
    first_known = COALESCE(group_observation.first_known, group_observation.known)
FROM sums
WHERE group_observation.group_id = sums.group_id AND group_observation.minute = $1
  AND group_observation.members = sums.members AND group_observation.known < sums.known
RETURNING group_observation.organisation_id, group_observation.group_id,
          group_observation.count, group_observation.known, group_observation.members
"""

_PARTIAL = """
EXISTS (SELECT 1 FROM group_observation AS partial
        WHERE partial.group_id = member.group_id AND partial.minute = $1
          AND partial.known < partial.members)
"""

_LATEST = """
INSERT INTO group_latest (organisation_id, group_id, minute, count, known, members)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (group_id) DO UPDATE SET
    minute = excluded.minute, count = excluded.count,
    known = excluded.known, members = excluded.members
WHERE group_latest.minute IS NULL OR group_latest.minute <= excluded.minute
"""
