"""How an organisation stands with its licences, and letting its cameras run or stand still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tortoise.connection import get_connection

from webapp.domain.licences import (
    FEW_CALLS,
    Announcement,
    Change,
    Limit,
    Terms,
    announcements,
    in_excess,
    limit_on,
    local_day,
    month_name,
    quota_on,
    terms_on,
)
from webapp.models import CallMonth, Camera, LicenceChange, Organisation

# The newest cameras in excess stand still; all others run. Nothing is written where nothing
# changes, and it does not matter how many do this at once.
_STOP_CAMERAS = """
WITH ranked AS (
    SELECT camera.id, organisation.camera_limit, organisation.camera_stop,
           ROW_NUMBER() OVER (PARTITION BY camera.organisation_id ORDER BY camera.id) AS place
    FROM camera JOIN organisation ON organisation.id = camera.organisation_id
    WHERE organisation.is_licensed
), wanted AS (
    SELECT id, CASE WHEN place > camera_limit THEN camera_stop ELSE '' END AS stop FROM ranked
)
UPDATE camera SET stopped = (SELECT stop FROM wanted WHERE wanted.id = camera.id)
WHERE EXISTS (
    SELECT 1 FROM wanted WHERE wanted.id = camera.id AND wanted.stop <> camera.stopped
)
"""


@dataclass(frozen=True, slots=True)
class UsedCamera:
    """One camera of an organisation, oldest first; ``stands_still`` if it is in excess."""

    public_id: str
    name: str
    stands_still: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force on ``day`` of the organisation's calendar, and what is used of it.

    ``quota`` and ``left`` are calls of this month, None for unlimited. ``to_come`` are changes
    that begin later, the next one first.
    """

    day: date
    terms: Terms
    limit: Limit
    cameras: tuple[UsedCamera, ...]
    calls: int
    quota: int | None
    announced: tuple[Announcement, ...]
    to_come: tuple[LicenceChange, ...]

    @property
    def stopped(self) -> tuple[UsedCamera, ...]:
        """The cameras that stand still."""
        return tuple(camera for camera in self.cameras if camera.stands_still)

    @property
    def left(self) -> int | None:
        """Calls left this month; None is unlimited."""
        return None if self.quota is None else max(0, self.quota - self.calls)

    @property
    def has_few_calls(self) -> bool:
        """Whether that is little enough to be told."""
        return self.left is not None and self.left < FEW_CALLS


async def standing_of(organisation: Organisation, at: datetime) -> Standing:
    """Read how the organisation stands at ``at``, by three queries."""
    day = local_day(at, ZoneInfo(organisation.time_zone))
    rows = await changes_of(organisation)
    changes = as_changes(rows)
    terms = terms_on(changes, day)
    limit = limit_on(terms, day)
    found = await Camera.filter(organisation_id=organisation.id).order_by("id")
    excess = in_excess(limit, len(found))
    month = await CallMonth.get_or_none(organisation_id=organisation.id, month=month_name(day))
    return Standing(
        day=day,
        terms=terms,
        limit=limit,
        cameras=tuple(
            UsedCamera(camera.public_id, camera.name, place in excess)
            for place, camera in enumerate(found)
        ),
        calls=month.calls if month else 0,
        quota=quota_on(terms, day),
        announced=tuple(announcements(changes, day, len(found))),
        to_come=tuple(row for row in rows if row.effective_on > day),
    )


async def changes_of(organisation: Organisation) -> list[LicenceChange]:
    """The changes of an organisation that were not revoked, in the order in which they count."""
    rows = LicenceChange.filter(organisation_id=organisation.id, revoked_at=None)
    return await rows.order_by("effective_on", "id")


def as_changes(rows: Sequence[LicenceChange]) -> list[Change]:
    """The rows as the domain knows them."""
    return [Change(row.effective_on, terms_of(row)) for row in rows]


def terms_of(row: LicenceChange) -> Terms:
    """The terms that a row holds."""
    return Terms(row.cameras, row.cameras_until, row.packs, row.packs_until)


async def settle(at: datetime) -> None:
    """Let every camera run or stand still as the licences say at ``at``.

    1. Write with each organisation what its licences allow today, by its own calendar.
    2. Stop the newest cameras in excess, and let the others go on.

    Done with every tick of the schedule, and whenever cameras or licences change. It looks at
    what is true at ``at`` alone: a clock that jumped is put right by the next time.
    """
    licensed = await Organisation.filter(is_licensed=True)
    if not licensed:
        return
    by_organisation: dict[int, list[LicenceChange]] = {}
    rows = LicenceChange.filter(organisation__is_licensed=True, revoked_at=None)
    for row in await rows.order_by("effective_on", "id"):
        by_organisation.setdefault(row.organisation_id, []).append(row)
    for organisation in licensed:
        day = local_day(at, ZoneInfo(organisation.time_zone))
        terms = terms_on(as_changes(by_organisation.get(organisation.id, [])), day)
        limit = limit_on(terms, day)
        if (organisation.camera_limit, organisation.camera_stop) != (limit.cameras, limit.stop):
            await Organisation.filter(id=organisation.id).update(
                camera_limit=limit.cameras, camera_stop=limit.stop.value
            )
    connection = get_connection(Camera._meta.default_connection or "")  # noqa: SLF001
    await connection.execute_query(_STOP_CAMERAS)
