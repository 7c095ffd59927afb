"""混雑アラート, in the transaction that writes an observation: state, event, and whom to tell.

The state machine is ``webapp.domain.alerts``; here it meets the tables. What is written is
written with the observation or not at all, so a killed worker neither loses nor repeats a
mail: the outbox row is there exactly when the minute is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient

from jobs import sql
from webapp import outbox
from webapp.alerts.rules import StageSettings, policy_of, read_stages, read_state, write_state
from webapp.database import transaction
from webapp.domain.alerts import (
    FIRST,
    Change,
    Policy,
    Sample,
    State,
    after_gap,
    close,
    next_state,
)
from webapp.domain.schedule import slot_of
from webapp.models import AlertDelivery, AlertEvent, Channel, EventKind
from webapp.settings import Settings

log = structlog.get_logger(__name__)

_COLUMNS = """
SELECT alert.id AS alert_id, alert.organisation_id, alert.camera_id, alert.group_id,
       alert.thresholds, alert.stage_settings, alert.has_webhook, alert.has_mqtt,
       alert_state.stage, alert_state.since, alert_state.minute, alert_state.seen,
       alert_state.told
FROM alert JOIN alert_state ON alert_state.alert_id = alert.id
"""
_OF_CAMERA = _COLUMNS + "WHERE alert.camera_id = $1 AND alert.is_on {wait}"
_OF_GROUP = _COLUMNS + "WHERE alert.group_id = $1 AND alert.is_on {wait}"

_MOVE = """
UPDATE alert_state SET stage = $2, since = $3, minute = $4, seen = $5, told = $6
WHERE alert_id = $1
"""

# Closed before the current slot had its turn: no sample of this slot will come.
_CLOSED = """
SELECT alert.id FROM alert
JOIN alert_state ON alert_state.alert_id = alert.id AND alert_state.minute IS NOT NULL
LEFT JOIN camera_group ON camera_group.id = alert.group_id
JOIN camera ON camera.id = COALESCE(alert.camera_id, camera_group.default_camera_id)
JOIN organisation ON organisation.id = alert.organisation_id
WHERE alert_state.minute < $1
  AND (NOT camera.is_open OR camera.stopped <> '' OR organisation.suspended_at IS NOT NULL)
ORDER BY alert.id
"""
_BY_ID = _COLUMNS + "WHERE alert.id = $1 {wait}"


@dataclass(frozen=True, slots=True)
class _Rules:
    """One row of ``_COLUMNS``, understood."""

    alert_id: int
    organisation_id: int
    camera_id: int | None
    group_id: int | None
    stages: list[StageSettings]
    policy: Policy
    state: State
    has_webhook: bool
    has_mqtt: bool


async def note_camera(
    db: BaseDBAsyncClient, settings: Settings, camera_id: int, sample: Sample, picture: str = ""
) -> None:
    """Move the alert of a camera on by one sample, inside the transaction of ``db``.

    ``picture`` is the masked picture of that minute, for the mail.
    """
    await _note(db, settings, _OF_CAMERA, camera_id, sample, picture)


async def note_group(
    db: BaseDBAsyncClient, settings: Settings, group_id: int, sample: Sample, picture: str = ""
) -> None:
    """Move the alert of a group on by the sum of a minute; as ``note_camera``."""
    await _note(db, settings, _OF_GROUP, group_id, sample, picture)


async def reset_closed(settings: Settings, at: datetime) -> None:
    """End the stages of what is closed at ``at``. Nobody is told by mail (S3)."""
    slot = slot_of(at, settings.capture_interval)
    for row in await sql.fetch(sql.connection(settings), _CLOSED, [slot]):
        async with transaction() as db:
            rules = await _load(db, settings, _BY_ID, row["id"])
            if rules is None or rules.state.minute is None or rules.state.minute >= slot:
                continue
            await _move(db, rules.alert_id, close(rules.state))
            if rules.state.stage > FIRST:
                change = Change(slot, rules.state.stage, FIRST, 0)
                await _write(db, rules, change, EventKind.CLOSED, "")


async def _note(
    db: BaseDBAsyncClient,
    settings: Settings,
    statement: str,
    whose: int,
    sample: Sample,
    picture: str,
) -> None:
    rules = await _load(db, settings, statement, whose)
    if rules is None:
        return
    interval = timedelta(seconds=settings.capture_interval)
    before = after_gap(rules.state, sample.minute, interval)
    if before is not rules.state and rules.state.minute and rules.state.stage > FIRST:
        closed = Change(rules.state.minute + interval, rules.state.stage, FIRST, 0)
        await _write(db, rules, closed, EventKind.CLOSED, "")
    state, change = next_state(rules.policy, before, sample)
    if state != rules.state:
        await _move(db, rules.alert_id, state)
    if change is not None:
        kind = EventKind.RISE if change.is_rise else EventKind.FALL
        await _write(db, rules, change, kind, picture)


async def _load(
    db: BaseDBAsyncClient, settings: Settings, statement: str, whose: int
) -> _Rules | None:
    rows = await sql.fetch(db, statement, [whose])
    if not rows:
        return None
    try:
        return _read(rows[0], settings)
    except (ValueError, TypeError) as error:
        # No minute is lost for rules that make no sense; the editor would not have kept them.
        log.error(  # noqa: TRY400 - rules that make no sense need no traceback
            "the rules of an alert cannot be read", id=whose, error=str(error)
        )
        return None


def _read(row: Mapping[str, Any], settings: Settings) -> _Rules:
    stages = read_stages(row["stage_settings"])
    return _Rules(
        alert_id=row["alert_id"],
        organisation_id=row["organisation_id"],
        camera_id=row["camera_id"],
        group_id=row["group_id"],
        stages=stages,
        policy=policy_of(row["thresholds"], stages, settings.capture_interval),
        state=read_state(row),
        has_webhook=bool(row["has_webhook"]),
        has_mqtt=bool(row["has_mqtt"]),
    )


async def _move(db: BaseDBAsyncClient, alert_id: int, state: State) -> None:
    columns = write_state(state)
    values = [columns["stage"], columns["since"], columns["minute"]]
    await sql.run(
        db,
        _MOVE,
        [alert_id, *values, json.dumps(columns["seen"]), json.dumps(columns["told"])],
    )


async def _write(
    db: BaseDBAsyncClient, rules: _Rules, change: Change, kind: EventKind, picture: str
) -> None:
    """Write the event, whom it is to be told, and the outbox rows that will tell them."""
    tells = change.tells
    event = AlertEvent(
        organisation_id=rules.organisation_id,
        camera_id=rules.camera_id,
        group_id=rules.group_id,
        minute=change.minute,
        kind=kind,
        before=change.before,
        stage=change.stage,
        stages=rules.policy.stages,
        count=None if kind is EventKind.CLOSED else change.count,
        is_partial=change.is_partial,
        threshold=rules.policy.threshold(tells) if tells else None,
        was_told=change.was_told,
        picture=picture,
    )
    await event.save(using_db=db)
    recipients: list[tuple[Channel, str, str]] = []
    if tells:
        told = dict.fromkeys(rules.stages[tells - 1].told)
        recipients += [(Channel.MAIL, outbox.ALERT_MAIL, address) for address in told]
    if rules.has_webhook:
        recipients.append((Channel.WEBHOOK, outbox.ALERT_WEBHOOK, ""))
    if rules.has_mqtt:
        recipients.append((Channel.MQTT, outbox.ALERT_MQTT, ""))
    for channel, outbox_kind, target in recipients:
        delivery = AlertDelivery(
            organisation_id=rules.organisation_id,
            event_id=event.id,
            channel=channel,
            target=target,
        )
        await delivery.save(using_db=db)
        await outbox.write(
            rules.organisation_id,
            outbox_kind,
            {"delivery": delivery.id},
            f"alert:{event.public_id}:{channel.value}:{_hash(target)}",
            change.minute,
            using_db=db,
            lane=f"alert:{rules.alert_id}:{channel.value}:{_hash(target)}",
        )


def _hash(target: str) -> str:
    return hashlib.sha256(target.encode()).hexdigest()[:16]
