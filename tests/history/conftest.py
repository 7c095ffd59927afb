"""The people, and a past to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.people import *  # noqa: F403 - fixtures
from webapp.domain.health import CameraState
from webapp.history import rollup
from webapp.models import Camera, Observation


async def make_past(camera: Camera, start: datetime, counts: Sequence[int | None]) -> None:
    """One observation a minute from ``start`` on (None: not known), and their quarter hours."""
    rows = [
        Observation(
            organisation_id=camera.organisation_id,
            camera_id=camera.id,
            minute=start + timedelta(minutes=age),
            state=CameraState.OK if count is not None else CameraState.UNREACHABLE,
            count=count,
            captured_at=start + timedelta(minutes=age, seconds=7),
        )
        for age, count in enumerate(counts)
    ]
    await Observation.bulk_create(rows, batch_size=2000)
    await rollup.rebuild(
        rollup.CAMERAS, camera.id, start, start + timedelta(minutes=len(counts) + 15)
    )
