"""``/metrics``: figures for Prometheus, for whoever runs the installation (B7).

How cameras, queue, outbox and views stand is read from the database: it is the same whichever
`nigiwai web` is asked, however many processes work. Counters and durations of steps are those of
the process that is asked, which in `nigiwai serve` is everything. No figure names an
organisation, a camera or a person: what it may be labelled with is known beforehand.
"""

from __future__ import annotations

import hmac
import platform
from collections import Counter
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from tortoise.functions import Count

from webapp import __version__, heartbeat, words
from webapp.database import current_connection, run_statement
from webapp.domain.health import OUTCOMES, CameraState
from webapp.http import services_of
from webapp.models import Latest, Outbox, Slot
from webapp.models.job import SlotState

# Minutes that have just ended are looked back at for so long.
WINDOW = timedelta(minutes=5)
QUANTILES = (0.5, 0.9, 1.0)

# The ledger knows which minutes there were; by it, no month of counts is searched.
_MINUTES = """
SELECT observation.state, COUNT(*) FROM slot
JOIN observation ON observation.camera_id = slot.camera_id AND observation.minute = slot.minute
WHERE slot.minute >= $1 AND slot.minute < $2
GROUP BY observation.state
"""
_VIEWS = "SELECT COALESCE(SUM(calls), 0) FROM call_month"


async def metrics(request: Request) -> Response:
    """Answer with the figures to whoever brings the token; to others there is nothing here."""
    services = services_of(request)
    token = services.settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise HTTPException(404)
    standing = await _standing(datetime.now(UTC))
    body = generate_latest(services.figures.registry) + generate_latest(standing)
    return Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _standing(now: datetime) -> CollectorRegistry:
    """How everything stands now, by what is in the database."""
    registry = CollectorRegistry()
    build = Gauge("nigiwai_build_info", "What runs.", ["version", "python"], registry=registry)
    build.labels(__version__, platform.python_version()).set(1)
    workers = Gauge("nigiwai_workers", "Workers that are alive.", registry=registry)
    workers.set(len(await heartbeat.live_workers(now)))
    await _cameras(registry, now)
    await _minutes(registry, now)
    await _queue(registry, now)
    await _outbox(registry, now)
    # The sum of what is kept, and never less than before unless an organisation is removed.
    views = Gauge(
        "nigiwai_metered_views", "Views that were granted and counted.", registry=registry
    )
    [[total]] = await run_statement(current_connection(), _VIEWS)
    views.set(int(total))
    return registry


async def _cameras(registry: CollectorRegistry, now: datetime) -> None:
    states = Gauge("nigiwai_cameras", "Cameras, by state.", ["state"], registry=registry)
    failing = Gauge(
        "nigiwai_cameras_failing",
        "Cameras whose last minute was bad, by what failed.",
        ["reason"],
        registry=registry,
    )
    ages = Gauge(
        "nigiwai_camera_answer_age_seconds",
        "How old the last good answers of open cameras are: half, nine of ten, all are younger.",
        ["quantile"],
        registry=registry,
    )
    rows = Latest.all().annotate(n=Count("id")).group_by("state")
    tally = dict(await rows.values_list("state", "n"))
    for one in CameraState:
        states.labels(one.value).set(tally.get(one.value, 0))
    reasons: Counter[str] = Counter()
    bad = Latest.filter(failures__gt=0).annotate(n=Count("id")).group_by("state", "detail")
    for state, detail, count in await bad.values_list("state", "detail", "n"):
        reasons[reason_of(detail, CameraState(state))] += count
    for reason, count in reasons.items():
        failing.labels(reason).set(count)
    answered = await Latest.filter(
        camera__is_open=True, camera__stopped="", good_at__not_isnull=True
    ).values_list("good_at")
    seconds = sorted((now - at).total_seconds() for (at,) in answered)
    for quantile in QUANTILES if seconds else ():
        place = min(int(quantile * len(seconds)), len(seconds) - 1)
        ages.labels(str(quantile)).set(seconds[place])


async def _minutes(registry: CollectorRegistry, now: datetime) -> None:
    minutes = Gauge(
        "nigiwai_minutes_lately",
        "Minutes of cameras in the last five minutes, by outcome.",
        ["outcome"],
        registry=registry,
    )
    until = now.replace(second=0, microsecond=0)
    db = current_connection()
    rows = await run_statement(db, _MINUTES, [until - WINDOW, until])
    found = {row[0]: row[1] for row in rows}
    for outcome in sorted(OUTCOMES):
        minutes.labels(outcome.value).set(found.get(outcome.value, 0))


async def _queue(registry: CollectorRegistry, now: datetime) -> None:
    depth = Gauge(
        "nigiwai_slots",
        "Turns of cameras that wait or are under way.",
        ["state"],
        registry=registry,
    )
    lag = Gauge(
        "nigiwai_slot_lag_seconds",
        "For how long the oldest turn has been waiting; 0: none waits.",
        registry=registry,
    )
    due = Slot.filter(state=SlotState.DUE, due_at__lte=now)
    depth.labels(SlotState.DUE.value).set(await due.count())
    depth.labels(SlotState.CLAIMED.value).set(await Slot.filter(state=SlotState.CLAIMED).count())
    oldest = await due.order_by("due_at").first()
    lag.set((now - oldest.due_at).total_seconds() if oldest else 0)


async def _outbox(registry: CollectorRegistry, now: datetime) -> None:
    waiting = Gauge(
        "nigiwai_outbox", "What waits to be delivered, by kind.", ["kind"], registry=registry
    )
    age = Gauge(
        "nigiwai_outbox_lag_seconds",
        "For how long the oldest of it has been due; 0: nothing is.",
        registry=registry,
    )
    lost = Gauge(
        "nigiwai_outbox_given_up", "What could not be delivered lately.", registry=registry
    )
    open_rows = Outbox.filter(done_at=None, given_up_at=None)
    by_kind = open_rows.annotate(n=Count("id")).group_by("kind")
    for kind, count in await by_kind.values_list("kind", "n"):
        waiting.labels(kind).set(count)
    oldest = await open_rows.filter(due_at__lte=now).order_by("due_at").first()
    age.set((now - oldest.due_at).total_seconds() if oldest else 0)
    lost.set(await Outbox.filter(given_up_at__not_isnull=True).count())


def reason_of(detail: str, state: CameraState) -> str:
    """What failed, as a label: a code that is known here, or the state where there is none."""
    return detail if words.detail(detail) else state.value
