"""Quarter hours out of minutes: kept up to date minute by minute, and made anew when wanted.

A quarter hour of a camera is the sum, the number, the least and the most of its analysed
minutes, and the count at :00, :15, :30 or :45. All zones have their quarters where UTC has
them. A minute that is not known adds nothing: no analysis is absent, never 0 (M7).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from webapp.database import is_postgres, run_statement, transaction
from webapp.models import CameraForecast

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Rollup:
    """One table of quarter hours, and the table of minutes that it is made from.

    ``owner`` is the column that says whose they are; ``known`` what makes a minute count.
    """

    quarters: str
    minutes: str
    owner: str
    known: str


CAMERAS = Rollup("camera_quarter", "observation", "camera_id", "count IS NOT NULL")
# A sum in which a camera is missing is "at least" so many: it would pull the mean down.
GROUPS = Rollup("group_quarter", "group_observation", "group_id", "known = members AND known > 0")

# LEAST and GREATEST have another name on SQLite; CASE is the same on both.
_ADD = """
INSERT INTO {quarters} (organisation_id, {owner}, quarter, total, n, low, high, at_quarter)
VALUES ($1, $2, $3, $4, 1, $4, $4, $5)
ON CONFLICT ({owner}, quarter) DO UPDATE SET
    total = {quarters}.total + excluded.total,
    n = {quarters}.n + 1,
    low = CASE WHEN excluded.low < {quarters}.low THEN excluded.low ELSE {quarters}.low END,
    high = CASE WHEN excluded.high > {quarters}.high THEN excluded.high ELSE {quarters}.high END,
    at_quarter = COALESCE({quarters}.at_quarter, excluded.at_quarter)
"""

_FORGET = "DELETE FROM {quarters} WHERE {of_owner}"

_MAKE = """
INSERT INTO {quarters} (organisation_id, {owner}, quarter, total, n, low, high, at_quarter)
SELECT organisation_id, {owner}, {quarter_of}, SUM(count), COUNT(*), MIN(count), MAX(count),
       MAX(CASE WHEN minute = {quarter_of} THEN count END)
FROM {minutes} WHERE {owner} = $1 AND minute >= $2 AND minute < $3 AND {known}
GROUP BY organisation_id, {owner}, {quarter_of}
"""

_POSTGRES = "date_bin('15 minutes', minute, '2000-01-01 00:00:00+00')"
_SQLITE = (
    "strftime('%Y-%m-%d %H:%M:%S+00:00', "
    "CAST(strftime('%s', minute) AS INTEGER) / 900 * 900, 'unixepoch')"
)


def of_owner(db: BaseDBAsyncClient, owner: str, instant: str) -> str:
    """The rows of one owner ($1) from $2 to before $3, as a condition.

    PostgreSQL plans a statement without its values once it was asked a few times. It then takes
    any range for a short one, and reads that of every owner by the index on the instant alone;
    pairs are what only the index that begins with the owner can look up.
    """
    if is_postgres(db):
        pair = f"({owner}, {instant})"
        return f"{owner} = $1 AND {pair} >= ($1, $2) AND {pair} < ($1, $3)"
    return f"{owner} = $1 AND {instant} >= $2 AND {instant} < $3"


def quarter_of(minute: datetime) -> datetime:
    """The quarter hour (UTC) that an instant lies in."""
    at = minute.astimezone(UTC)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


async def add(
    db: BaseDBAsyncClient,
    rollup: Rollup,
    organisation_id: int,
    owner_id: int,
    minute: datetime,
    count: int,
) -> None:
    """Add a minute that was just written, in the transaction that wrote it.

    It must be added once only: whoever writes the minute first adds it.
    """
    quarter = quarter_of(minute)
    values = [organisation_id, owner_id, quarter, count, count if minute == quarter else None]
    await run_statement(db, _statement(_ADD, rollup, db), values)


async def rebuild(rollup: Rollup, owner_id: int, since: datetime, until: datetime) -> None:
    """Make the quarter hours from ``since`` to before ``until`` anew from their minutes.

    Both are moved to the quarter hours they lie in. Minutes that are written meanwhile wait
    for the table, and are added to what comes out.
    """
    span = [owner_id, quarter_of(since), quarter_of(until)]
    async with transaction() as db:
        if is_postgres(db):
            await db.execute_query(f'LOCK TABLE "{rollup.quarters}" IN SHARE ROW EXCLUSIVE MODE')
        await run_statement(db, _statement(_FORGET, rollup, db), span)
        await run_statement(db, _statement(_MAKE, rollup, db), span)
        if rollup is CAMERAS:  # what was learnt of the old ones is made anew
            await CameraForecast.filter(camera_id=owner_id).using_db(db).delete()


def _statement(template: str, rollup: Rollup, db: BaseDBAsyncClient) -> str:
    """Put in names, all of which are our own; every value is a parameter."""
    names = {
        **asdict(rollup),
        "quarter_of": _POSTGRES if is_postgres(db) else _SQLITE,
        "of_owner": of_owner(db, rollup.owner, "quarter"),
    }
    for name, value in names.items():
        template = template.replace("{" + name + "}", value)
    return template
