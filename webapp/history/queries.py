"""Reading the kept quarter hours of a camera or a group, in steps of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from webapp.database import current_connection, is_postgres, run_statement
from webapp.domain.history import Point, Stretch, Sums, join, stretches
from webapp.history.rollup import CAMERAS, Rollup, of_owner

# The database adds up: a year of quarter hours comes out as the few hundred steps of a chart.
_SUM = """
SELECT ({epoch} + $4::bigint) / $5::bigint AS step, SUM(total), SUM(n), MIN(low), MAX(high),
       COALESCE(SUM(at_quarter), 0), COUNT(at_quarter)
FROM {quarters} WHERE {of_owner}
GROUP BY step
"""
_EACH = "SELECT {epoch}, total, n, high FROM {quarters} WHERE {of_owner} ORDER BY quarter"
_OF_MANY = """
SELECT {owner}, {epoch}, total, n FROM {quarters}
WHERE {owner} IN ({owners}) AND quarter >= $1 AND quarter < $2
"""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose quarter hours: the table, and the row of the camera or group."""

    rollup: Rollup
    id: int


async def series(
    whose: Whose, start: datetime, end: datetime, step: int, zone: tzinfo
) -> list[Point]:
    """Every step from ``start`` to before ``end`` (both on quarter hours), in order."""
    parts = [
        (stretch, await _sums(whose, stretch, step)) for stretch in stretches(start, end, zone)
    ]
    return join(iter(parts), step)


async def means_of_hours(
    rollup: Rollup, owners: Sequence[int], start: datetime, end: datetime
) -> dict[int, dict[int, float]]:
    """For each of many: the mean of each hour (hours since 1970, UTC) that was analysed."""
    if not owners:
        return {}
    statement = _named(_OF_MANY, rollup).replace("{owners}", ", ".join(map(str, owners)))
    rows = await run_statement(current_connection(), statement, [start, end])
    sums: dict[int, dict[int, tuple[int, int]]] = {}
    for owner, instant, total, n in rows:
        hours = sums.setdefault(owner, {})
        before = hours.get(instant // 3600, (0, 0))
        hours[instant // 3600] = (before[0] + total, before[1] + n)
    return {
        owner: {hour: total / n for hour, (total, n) in hours.items()}
        for owner, hours in sums.items()
    }


async def quarters_of(
    cameras: Sequence[int], start: datetime, end: datetime
) -> Sequence[tuple[int, int, int, int]]:
    """Camera, beginning (seconds since 1970), sum and number of each of their quarter hours."""
    if not cameras:
        return []
    statement = _named(_OF_MANY, CAMERAS).replace("{owners}", ", ".join(map(str, cameras)))
    rows = await run_statement(current_connection(), statement, [start, end])
    return [tuple(row) for row in rows]


async def quarters_of_one(whose: Whose, start: datetime, end: datetime) -> Sequence[Any]:
    """Every quarter hour that was analysed: seconds since 1970, total, n and high, in order."""
    statement = _named(_EACH, whose.rollup)
    return await run_statement(current_connection(), statement, [whose.id, start, end])


async def _sums(whose: Whose, stretch: Stretch, step: int) -> dict[int, Sums]:
    values: list[Any] = [whose.id, stretch.start, stretch.end, stretch.offset, step]
    rows = await run_statement(current_connection(), _named(_SUM, whose.rollup), values)
    return {row[0]: Sums(*(int(value) for value in tuple(row)[1:])) for row in rows}


def _named(statement: str, rollup: Rollup) -> str:
    """Put in names, all of which are our own; every value is a parameter."""
    epoch = (
        "date_part('epoch', quarter)::bigint"
        if is_postgres(current_connection())
        else "CAST(strftime('%s', quarter) AS INTEGER)"
    )
    names = {
        "quarters": rollup.quarters,
        "owner": rollup.owner,
        "epoch": epoch,
        "of_owner": of_owner(current_connection(), rollup.owner, "quarter"),
    }
    for name, value in names.items():
        statement = statement.replace("{" + name + "}", value)
    return statement
