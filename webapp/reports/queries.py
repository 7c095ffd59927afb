"""What a report is made from: quarter hours, minutes that should have been, the last picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from webapp.database import current_connection, run_statement
from webapp.domain.csv_rows import whole_month
from webapp.domain.report import Figures, Quarter, add_up, figures, month_before
from webapp.history.queries import Whose, quarters_of_one
from webapp.history.rollup import CAMERAS, GROUPS, Rollup, of_owner
from webapp.models import AlertEvent, Camera, PreparedFile
from webapp.models.alert import EventKind

_MINUTES = "SELECT COUNT(*), SUM(CASE WHEN {known} THEN 1 ELSE 0 END) FROM {minutes} WHERE "


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of ``due`` minutes, ``known`` were analysed."""

    due: int
    known: int

    @property
    def share(self) -> float | None:
        """The part that was analysed; None when nothing was due."""
        return self.known / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Line:
    """One camera in the report of an organisation."""

    name: str
    figures: Figures
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report: about whom, its figures, and a line for each camera of an organisation.

    ``alerts`` is how often a higher stage of 混雑アラート was entered; ``simulated_until`` until
    when the counts of this month were made up for a demonstration, None: none were.
    """

    title: str
    month: date
    figures: Figures
    coverage: Coverage
    picture: str
    alerts: int
    lines: tuple[Line, ...] = ()
    simulated_until: datetime | None = None


async def report_of(file: PreparedFile) -> Report:
    """Count what the report says. ``file`` has its organisation, camera and group loaded."""
    month = date.fromisoformat(f"{file.month}-01")
    zone = ZoneInfo(file.organisation.time_zone)
    if file.camera_id is not None or file.group_id is not None:
        return await _of_one(file, month, zone)
    lines, all_now, all_before = [], [], []
    cameras = await Camera.filter(organisation_id=file.organisation_id).order_by("id")
    for camera in cameras:
        now = await _quarters(CAMERAS, camera.id, month, zone)
        before = await _quarters(CAMERAS, camera.id, month_before(month), zone)
        coverage = await _coverage(CAMERAS, camera.id, month, zone)
        lines.append(Line(camera.name, figures(now, before, month, zone), coverage))
        all_now.append(now)
        all_before.append(before)
    total = Coverage(
        sum(line.coverage.due for line in lines), sum(line.coverage.known for line in lines)
    )
    counted = figures(add_up(all_now), add_up(all_before), month, zone)
    first = await _picture(cameras[0].id) if cameras else ""
    alerts = await _alerts(month, zone, organisation_id=file.organisation_id)
    made_up = _made_up(cameras, month, zone)
    return Report(
        file.organisation.name, month, counted, total, first, alerts, tuple(lines), made_up
    )


async def _of_one(file: PreparedFile, month: date, zone: ZoneInfo) -> Report:
    if file.group is not None:
        rollup, owner, title = GROUPS, file.group.id, file.group.name
        camera_id = file.group.default_camera_id
    else:
        camera = await Camera.get(id=file.camera_id)
        rollup, owner, title, camera_id = CAMERAS, camera.id, camera.name, camera.id
    now = await _quarters(rollup, owner, month, zone)
    before = await _quarters(rollup, owner, month_before(month), zone)
    return Report(
        title,
        month,
        figures(now, before, month, zone),
        await _coverage(rollup, owner, month, zone),
        await _picture(camera_id) if camera_id else "",
        await _alerts(month, zone, **{rollup.owner: owner}),
        simulated_until=_made_up(await Camera.filter(id=camera_id), month, zone),
    )


def _made_up(cameras: Sequence[Camera], month: date, zone: ZoneInfo) -> datetime | None:
    """Until when counts of these cameras were made up, if any of this month's were."""
    start, _ = whole_month(month, zone)
    ends = [camera.simulated_until for camera in cameras if camera.simulated_until is not None]
    return max((end for end in ends if end > start), default=None)


async def _alerts(month: date, zone: ZoneInfo, **whose: int) -> int:
    start, end = whole_month(month, zone)
    return await AlertEvent.filter(
        kind=EventKind.RISE, minute__gte=start, minute__lt=end, **whose
    ).count()


async def _quarters(rollup: Rollup, owner: int, month: date, zone: ZoneInfo) -> list[Quarter]:
    start, end = whole_month(month, zone)
    rows = await quarters_of_one(Whose(rollup, owner), start, end)
    return [
        Quarter(datetime.fromtimestamp(instant, UTC), total / n, high, n)
        for instant, total, n, high in rows
    ]


async def _coverage(rollup: Rollup, owner: int, month: date, zone: ZoneInfo) -> Coverage:
    start, end = whole_month(month, zone)
    db = current_connection()
    statement = _MINUTES + of_owner(db, rollup.owner, "minute")
    for name in ("known", "minutes"):
        statement = statement.replace("{" + name + "}", getattr(rollup, name))
    values = [owner, start, min(end, datetime.now(UTC))]
    [row] = await run_statement(db, statement, values)
    return Coverage(int(row[0]), int(row[1] or 0))


async def _picture(camera_id: int) -> str:
    """The key of the masked picture that is shown now; empty: there is none."""
    camera = await Camera.get(id=camera_id).select_related("latest")
    return camera.latest.picture if camera.latest else ""
