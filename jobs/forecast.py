"""Each night the cameras' forecasts learn the day that is over (F1, B5).

A row of ``camera_forecast`` says through which date a camera's forecast knows its past. From three
o'clock of the organisation's zone on, yesterday is due; a row that lies further behind catches up
date by date. Only the quarter hours of the dates to learn are read, and those of the dates that
leave the plain mean: a night costs the same whatever is kept.

Any number of workers may do this at once: a row is worked on by whoever claimed it, and written
only while the claim holds, whole or not at all.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import anyio.to_thread
import numpy as np
import structlog
from tortoise.expressions import Q

from jobs import sql
from webapp.database import current_connection
from webapp.domain.forecast import learning
from webapp.domain.forecast.knowledge import Knowledge
from webapp.domain.forecast.means import PLAIN_DAYS, plain_means
from webapp.domain.forecast.scores import score_of
from webapp.forecast.dates import Dates, read_dates
from webapp.hours.holidays import japanese_holidays
from webapp.models import CameraForecast, CameraQuarter, Organisation
from webapp.settings import Settings

FROM_HOUR = 3
LEASE = timedelta(minutes=5)
_BATCH = 50
_NEW_BATCH = 5  # a whole past is read for each of these
_DAY = timedelta(days=1)

# What a night writes.
_LEARNT = (
    "time_zone",
    "since",
    "through",
    "dates",
    "published",
    "scored_days",
    "plain_miss",
    "calendar_miss",
    "means",
    "knowledge",
    "made_at",
)

Clock = Callable[[], Awaitable[datetime]]

log = structlog.get_logger(__name__)

_MAKE_ROWS = """
INSERT INTO camera_forecast (organisation_id, camera_id, published, means, knowledge)
SELECT organisation_id, id, 'plain', $1, $1 FROM camera
WHERE NOT EXISTS (SELECT 1 FROM camera_forecast WHERE camera_forecast.camera_id = camera.id)
ON CONFLICT (camera_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Work:
    """What one row needs: dates to learn and dates to forget; ``anew`` begins from nothing."""

    row: CameraForecast
    learn: Dates
    forget: Dates
    anew: bool


async def forecast_due(settings: Settings, clock: Clock) -> int:
    """Bring every forecast that is due up to date; how many were.

    1. Every camera has its row.
    2. For each organisation, by its own clock: claim some rows, learn, write them.
    """
    await sql.run(current_connection(), _MAKE_ROWS, [b""])
    done = 0
    for organisation in await Organisation.filter(is_operator=False, suspended_at=None):
        while True:
            at = await clock()
            rows = await _claim(organisation, at)
            if not rows:
                break
            done += await _bring_up(settings, organisation, rows, at)
    if done:
        log.info("forecasts made", cameras=done)
    return done


def due_date(at: datetime, zone: ZoneInfo) -> date:
    """The last date that forecasts are to know: yesterday, from three o'clock on."""
    local = at.astimezone(zone)
    return local.date() - (_DAY if local.hour >= FROM_HOUR else 2 * _DAY)


def kept_days(settings: Settings) -> int:
    """How many dates the plain mean looks back over: whole weeks, and no more than is kept.

    Two days of what is kept are left for a night that was missed.
    """
    most = min(PLAIN_DAYS, settings.counts_kept_days - 2)
    return max(1, most // 7 * 7 if most >= 7 else most)


async def _claim(organisation: Organisation, at: datetime) -> list[CameraForecast]:
    """Take some rows that are due; none that another holds."""
    through = due_date(at, ZoneInfo(organisation.time_zone))
    is_new = Q(through=None) | ~Q(time_zone=organisation.time_zone)
    is_free = Q(lease_until=None) | Q(lease_until__lte=at)
    for is_due, most in ((Q(through__lt=through) & ~is_new, _BATCH), (is_new, _NEW_BATCH)):
        whose = CameraForecast.filter(is_due & is_free, organisation_id=organisation.id)
        ids = await whose.order_by("id").limit(most).values_list("id", flat=True)
        token = secrets.token_hex(16)
        if ids and await CameraForecast.filter(is_due & is_free, id__in=list(ids)).update(
            claim=token, lease_until=at + LEASE
        ):
            return await CameraForecast.filter(claim=token).order_by("id")
    return []


async def _bring_up(
    settings: Settings, organisation: Organisation, rows: Sequence[CameraForecast], at: datetime
) -> int:
    zone = ZoneInfo(organisation.time_zone)
    through, kept = due_date(at, zone), kept_days(settings)
    work = await _read(settings, organisation, rows, through, kept)
    holidays = japanese_holidays()
    made = await anyio.to_thread.run_sync(
        lambda: [_learn(one, through, kept, holidays) for one in work]
    )
    done = 0
    for row in made:
        row.time_zone, row.made_at = organisation.time_zone, at
        done += await _write(row)
    return done


async def _read(
    settings: Settings,
    organisation: Organisation,
    rows: Sequence[CameraForecast],
    through: date,
    kept: int,
) -> list[_Work]:
    """Read the dates that the rows need, together where they need the same ones."""
    zone = ZoneInfo(organisation.time_zone)
    oldest = through - (kept - 1) * _DAY
    # What was removed already can no longer be taken out of the means.
    removed = through - (settings.counts_kept_days - 1) * _DAY
    alike: dict[tuple[date, date], list[CameraForecast]] = defaultdict(list)
    work = []
    for row in rows:
        if not _goes_on(row, organisation.time_zone, max(removed, through - PLAIN_DAYS * _DAY)):
            first = await _first_date(row, zone, oldest)
            dates = await read_dates([row.camera_id], first, through, zone)
            nothing = Dates(first, np.zeros((0, 96)), np.zeros((0, 96)))
            work.append(_Work(row, dates[row.camera_id], nothing, anew=True))
        elif row.since is not None and row.through is not None:
            alike[row.since, row.through].append(row)
    for (since, known), some in alike.items():
        cameras = [row.camera_id for row in some]
        learn = await read_dates(cameras, known + _DAY, through, zone)
        forget = await read_dates(cameras, since, oldest - _DAY, zone)
        work += [_Work(row, learn[row.camera_id], forget[row.camera_id], False) for row in some]
    return work


def _goes_on(row: CameraForecast, time_zone: str, removed: date) -> bool:
    if row.through is None or row.since is None or row.time_zone != time_zone:
        return False
    if not Knowledge.is_packed(row.knowledge):  # of another version
        return False
    return row.through >= removed and row.since >= removed


async def _first_date(row: CameraForecast, zone: ZoneInfo, oldest: date) -> date:
    quarter = await CameraQuarter.filter(camera_id=row.camera_id).order_by("quarter").first()
    return max(oldest, quarter.quarter.astimezone(zone).date()) if quarter else oldest


def _learn(work: _Work, through: date, kept: int, holidays: Collection[date]) -> CameraForecast:
    """Let one row's knowledge take the dates in and the oldest ones out."""
    row = work.row
    knowledge = Knowledge() if work.anew else Knowledge.unpack(row.knowledge)
    for number, (total, n) in enumerate(zip(work.learn.total, work.learn.n, strict=True)):
        learning.add(knowledge, work.learn.first + number * _DAY, total, n, holidays)
    for number, (total, n) in enumerate(zip(work.forget.total, work.forget.n, strict=True)):
        learning.forget(knowledge, work.forget.first + number * _DAY, total, n)
    score = score_of(knowledge)
    since = work.learn.first if work.anew or row.since is None else row.since
    row.since = max(since, through - (kept - 1) * _DAY)
    row.through = through
    row.dates = int(knowledge.dates[0])
    row.published = score.published
    row.scored_days = min(score.days, 1000.0)
    row.plain_miss, row.calendar_miss = score.plain, score.calendar
    row.means = plain_means(knowledge).astype("<f4").tobytes()
    row.knowledge = knowledge.pack()
    return row


async def _write(row: CameraForecast) -> int:
    """Write a row whose claim is still ours, and let it go."""
    values = {name: getattr(row, name) for name in _LEARNT}
    mine = CameraForecast.filter(id=row.id, claim=row.claim)
    return await mine.update(**values, claim="", lease_until=None)
