"""Telling one recipient of one event: by mail, webhook or MQTT. Each may be asked twice.

These are the channels of ``jobs/deliver.py``; テスト送信 uses the same ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import structlog

from webapp.alerts.channels import Channels, network_of, open_channels
from webapp.alerts.unsubscribing import unsubscribe_url
from webapp.alerts.words import LEVEL_WORDS, level_of
from webapp.connectors import mqtt, webhook
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.mail import transport
from webapp.mail.letters import Letter, Sender
from webapp.mail.render import render
from webapp.models import Alert, AlertDelivery, AlertEvent, DeliveryState, EventKind
from webapp.outbox_row import OutboxRow
from webapp.services import Services

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the alert is about: one camera or one group."""

    public_id: str
    name: str
    is_group: bool

    @property
    def path(self) -> str:
        """Its page."""
        return f"/groups/{self.public_id}" if self.is_group else f"/cameras/{self.public_id}"


@dataclass(frozen=True, slots=True)
class News:
    """One event with everything that the channels say of it."""

    subject: Subject
    event: AlertEvent
    alert: Alert
    language: str
    time_zone: str

    @property
    def level(self) -> str:
        """What the stage means: free, some or busy."""
        return level_of(self.event.stage, self.event.stages).value

    def message(self) -> dict[str, Any]:
        """What machines are told."""
        event = self.event
        return {
            "type": "alert.test" if event.kind is EventKind.TEST else "alert.stage",
            "id": event.public_id,
            "minute": event.minute.isoformat(),
            "subject": "group" if self.subject.is_group else "camera",
            "subject_id": self.subject.public_id,
            "name": self.subject.name,
            "reason": event.kind.value,
            "level": self.level,
            "stage": event.stage,
            "stages": event.stages,
            "stage_before": event.before,
            "count": event.count,
            "count_is_at_least": event.is_partial,
        }


async def by_mail(services: Services, row: OutboxRow) -> None:
    """Send the mail of one delivery."""
    delivery, news = await _load(row)
    key = f"outbox:{row.dedupe_key}"
    message = await write_mail(services, news, delivery.target, key, row.created_at)
    await transport.send(message, services.settings)


async def by_webhook(services: Services, row: OutboxRow) -> None:
    """Tell the webhook."""
    _, news = await _load(row)
    channels = _channels(services, news)
    await tell_webhook(services, channels, news, datetime.now(UTC))


async def by_mqtt(services: Services, row: OutboxRow) -> None:
    """Tell the broker."""
    _, news = await _load(row)
    broker = _channels(services, news).broker
    await services.brokers.publish(network_of(services.settings), broker, news.message())


async def tell_webhook(services: Services, channels: Channels, news: News, at: datetime) -> None:
    """Post one event to the webhook."""
    if not channels.webhook_url:
        raise PermanentFailure("The channel is gone.")
    network = network_of(services.settings)
    message = news.message()
    await webhook.post(
        network, channels.webhook_url, channels.webhook_secret, news.event.public_id, message, at
    )


async def try_mqtt(services: Services, channels: Channels, news: News) -> None:
    """Publish a test to the broker, over a connection of its own."""
    await mqtt.try_out(network_of(services.settings), channels.broker, news.message())


async def write_mail(
    services: Services, news: News, to: str, key: str, at: datetime
) -> EmailMessage:
    """The mail of an event, with its masked picture while the store has it."""
    settings, event = services.settings, news.event
    picture = await _picture(services, event.picture)
    unsubscribe = unsubscribe_url(settings, news.alert.id or 0, to)
    letter = Letter(
        event="crowding",
        to=to,
        language=news.language,
        time_zone=news.time_zone,
        sender=Sender.ALERTS,
        values={
            "name": news.subject.name,
            "is_group": news.subject.is_group,
            "is_test": event.kind is EventKind.TEST,
            "threshold": event.threshold,
            "count": event.count,
            "is_partial": event.is_partial,
            "at": event.minute.isoformat(),
            "word": LEVEL_WORDS[level_of(event.stage, event.stages)],
            "has_picture": bool(picture),
            "link": settings.origin + news.subject.path,
            "unsubscribe": unsubscribe,
        },
    )
    message = render(letter, settings, key, at, picture)
    if news.alert.id:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


async def note(payload: Mapping[str, Any], at: datetime, is_over: bool, error: str) -> None:
    """Write into the event log what became of a delivery, with the row of the outbox."""
    state = DeliveryState.WAITING
    if is_over:
        state = DeliveryState.FAILED if error else DeliveryState.DELIVERED
    await AlertDelivery.filter(id=payload.get("delivery", 0)).update(
        state=state, error=error[:500], ended_at=at if is_over else None
    )


async def _load(row: OutboxRow) -> tuple[AlertDelivery, News]:
    delivery = await AlertDelivery.get_or_none(id=row.payload.get("delivery", 0)).select_related(
        "event", "event__camera", "event__group", "organisation"
    )
    if delivery is None:  # the camera is gone, and its events with it
        raise PermanentFailure("The channel is gone.")
    event = delivery.event
    whose = {"camera_id": event.camera_id} if event.camera_id else {"group_id": event.group_id}
    alert = await Alert.get_or_none(**whose)
    subject = event.camera or event.group
    if alert is None or subject is None:
        raise PermanentFailure("The channel is gone.")
    about = Subject(subject.public_id, subject.name, event.camera_id is None)
    owner = delivery.organisation
    return delivery, News(about, event, alert, owner.language, owner.time_zone)


def _channels(services: Services, news: News) -> Channels:
    return open_channels(news.alert, services.sealer)


async def _picture(services: Services, key: str) -> bytes:
    if not key:
        return b""
    try:
        return await services.storage.get(key) or b""
    except TemporaryFailure as error:
        log.warning("no picture for a mail", error=str(error))
        return b""
