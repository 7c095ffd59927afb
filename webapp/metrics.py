"""``/metrics``: figures for Prometheus.

A process shows the steps that it took itself: in `nigiwai serve` that is everything. How
the cameras stand is read from the database, so that every `nigiwai web` shows it.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp import heartbeat
from webapp.domain.health import CameraState
from webapp.http import services_of
from webapp.models import Camera


async def metrics(request: Request) -> Response:
    """Answer with the figures to whoever brings the token; to others there is nothing here."""
    services = services_of(request)
    token = services.settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise HTTPException(404)
    now = datetime.now(UTC)
    cameras = await Camera.all().order_by("id").select_related("latest")
    standing = _standing(cameras, len(await heartbeat.live_workers(now)), now)
    body = generate_latest(services.figures.registry) + generate_latest(standing)
    return Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _standing(cameras: Sequence[Camera], workers: int, now: datetime) -> CollectorRegistry:
    """How the cameras stand now, by what is in the database."""
    registry = CollectorRegistry()
    Gauge("nigiwai_workers", "Workers that are alive.", registry=registry).set(workers)
    states = Gauge("nigiwai_cameras", "Cameras, by state.", ["state"], registry=registry)
    tally = Counter(camera.latest.state for camera in cameras if camera.latest)
    for state in CameraState:
        states.labels(state.value).set(tally[state])
    bad = Gauge(
        "nigiwai_camera_bad_minutes",
        "Bad minutes in a row of cameras that have any, by what failed last.",
        ["camera", "reason"],
        registry=registry,
    )
    age = Gauge(
        "nigiwai_camera_answer_age_seconds",
        "Since when the last good answer of a camera is there.",
        ["camera"],
        registry=registry,
    )
    for camera in cameras:
        latest = camera.latest
        if latest and latest.failures:
            bad.labels(camera.public_id, latest.detail or latest.state.value).set(latest.failures)
        if latest and latest.good_at:
            age.labels(camera.public_id).set((now - latest.good_at).total_seconds())
    return registry
