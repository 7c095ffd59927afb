"""What the shopping street has set up: a group, and alerts with a past of their own.

Lists of groups, trials, logs and charts need something to show. The past of the group is the sum
of its cameras' simulated counts, and the events of the alerts are what the alerts would have done
over it: the very state machine that runs live. Nobody was told of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio.to_thread

from webapp.alerts import gallery
from webapp.alerts.pictures import keep_picture
from webapp.alerts.rules import StageSettings, policy_of_alert, write_stages, write_state
from webapp.alerts.trial import DAYS, samples_of
from webapp.database import current_connection, run_statement, transaction
from webapp.demo.simulated_past import PAST
from webapp.domain.alerts import FIRST, Change, Policy, Sample, State, replay
from webapp.groups.changes import create
from webapp.history import rollup
from webapp.models import (
    Alert,
    AlertEvent,
    AlertState,
    Camera,
    CameraGroup,
    EventKind,
    GroupObservation,
    Organisation,
)
from webapp.services import Services

GROUP = "広場と通路"
# What the alert of the first camera and that of the group rise at.
SQUARE, BOTH = (12, 20), (18,)
ADDRESS = "crowding@demo.example"
TEMPLATE = "busy_later.ja"

_SUMS = """
INSERT INTO group_observation (organisation_id, group_id, minute, count, known, members)
SELECT member.organisation_id, member.group_id, seen.minute,
       SUM(seen.count), COUNT(seen.count), COUNT(*)
FROM camera_group_member AS member
JOIN observation AS seen ON seen.camera_id = member.camera_id AND seen.engine = 'simulated'
WHERE member.group_id = $1 AND seen.minute >= $2
GROUP BY member.organisation_id, member.group_id, seen.minute
ON CONFLICT (group_id, minute) DO NOTHING
"""


async def draw_busy(services: Services, public_id: str) -> str:
    """Draw the picture that stands for 混雑 of this camera; returns its key."""
    jpeg = await anyio.to_thread.run_sync(gallery.draw, TEMPLATE)
    return await keep_picture(services, public_id, jpeg)


async def set_up(organisation: Organisation, cameras: Sequence[Camera], busy: str) -> None:
    """Make the group of the last two cameras and both alerts, in the caller's transaction.

    ``busy`` is the key of the first camera's picture for 混雑, which is there and is not shown
    before an admin switches it on: what the street looks like tells more.
    """
    group = await create(organisation, GROUP, [camera.public_id for camera in cameras[1:]])
    await CameraGroup.filter(id=group.id).update(created_at=organisation.created_at)
    mailed = StageSettings(mail_on=True, addresses=(ADDRESS,), template=TEMPLATE, picture=busy)
    for whose, thresholds, last in (
        ({"camera": cameras[0]}, SQUARE, mailed),
        ({"group": group}, BOTH, StageSettings()),
    ):
        stages = [StageSettings(), StageSettings(), last]
        alert = await Alert.create(
            organisation=organisation,
            thresholds=list(thresholds),
            stage_settings=write_stages(stages),
            **whose,
        )
        await AlertState.create(organisation=organisation, alert=alert)


async def simulate_pasts(organisation: Organisation, at: datetime) -> None:
    """Write the simulated past of the group and the events of the alerts, where there are none."""
    for group in await CameraGroup.filter(
        organisation=organisation, created_at=organisation.created_at
    ):
        if not await GroupObservation.exists(group_id=group.id):
            since = at - PAST
            await run_statement(current_connection(), _SUMS, [group.id, since])
            await rollup.rebuild(rollup.GROUPS, group.id, since, at + rollup.QUARTER)
    alerts = await Alert.filter(organisation=organisation).select_related(
        "state", "camera", "group"
    )
    for alert in alerts:
        subject = alert.camera or alert.group
        whose = {"camera_id": alert.camera_id, "group_id": alert.group_id}
        is_made_up = subject is not None and subject.created_at == organisation.created_at
        if subject is None or not is_made_up or await AlertEvent.filter(**whose).exists():
            continue
        samples = await samples_of(subject, at - timedelta(days=DAYS), at)
        await _write_events(alert, samples)


async def _write_events(alert: Alert, samples: Sequence[Sample]) -> None:
    policy = policy_of_alert(alert, 60)
    events: list[AlertEvent] = []
    end = State()
    for state, change in replay(policy, samples, timedelta(minutes=1)):
        end = state
        if change is not None:
            events.append(_event(alert, policy, change))
    async with transaction():
        await AlertEvent.bulk_create(events, batch_size=200)
        await alert.state.update_from_dict(write_state(end)).save()


def _event(alert: Alert, policy: Policy, change: Change) -> AlertEvent:
    return AlertEvent(
        organisation_id=alert.organisation_id,
        camera_id=alert.camera_id,
        group_id=alert.group_id,
        minute=change.minute,
        kind=EventKind.RISE if change.is_rise else EventKind.FALL,
        before=max(FIRST, change.before),
        stage=change.stage,
        stages=policy.stages,
        count=change.count,
        is_partial=change.is_partial,
        was_told=change.was_told,
    )
