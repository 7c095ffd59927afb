"""テスト送信: one address, the webhook or the broker is told at once, and the result is shown."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from webapp.access import organisation_of
from webapp.alerts.channels import Channels
from webapp.alerts.forms import AlertForm, is_number
from webapp.alerts.tell import News, Subject, tell_webhook, try_mqtt, write_mail
from webapp.alerts.words import why
from webapp.errors import PermanentFailure, StartRefused, TemporaryFailure
from webapp.http import services_of
from webapp.i18n import N_
from webapp.mail import transport
from webapp.models import (
    Alert,
    AlertDelivery,
    AlertEvent,
    Camera,
    CameraGroup,
    Channel,
    DeliveryState,
    EventKind,
)

# A button must not become a way to flood somebody.
MOST_TESTS = 20
WITHIN = timedelta(minutes=10)

SENT = N_("テストを送信しました。届いているか確認してください。")
TOO_MANY = N_("テスト送信が多すぎます。10分ほどおいてお試しください。")
NOTHING = N_("送信先を正しく入力してから、テスト送信してください。")


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of a test: to which field it belongs, whether it went, and in words."""

    field: str
    is_sent: bool
    words: str


async def send_test(
    request: Request,
    subject: Camera | CameraGroup,
    alert: Alert | None,
    form: AlertForm,
    channels: Channels,
    field: str,
) -> Tested:
    """Tell the recipient in ``field`` of the form that this is a test.

    The try is written into the event log before it is made, and counts against a limit.
    """
    target, problem = form.values.get(field, ""), form.errors.get(field)
    if not target or problem or not field.startswith(("address_", "webhook_url", "mqtt_url")):
        return Tested(
            field,
            is_sent=False,
            words=problem.message if problem and not problem.values else NOTHING,
        )
    organisation = organisation_of(request)
    now = datetime.now(UTC)
    recent = AlertEvent.filter(organisation_id=organisation.id, kind=EventKind.TEST)
    if await recent.filter(minute__gte=now - WITHIN).count() >= MOST_TESTS:
        return Tested(field, is_sent=False, words=TOO_MANY)
    event = await _event(subject, form, field, now)
    channel = {"webhook_url": Channel.WEBHOOK, "mqtt_url": Channel.MQTT}.get(field, Channel.MAIL)
    delivery = await AlertDelivery.create(
        organisation_id=organisation.id,
        event_id=event.id,
        channel=channel,
        target=target if channel is Channel.MAIL else "",
    )
    about = Subject(subject.public_id, subject.name, isinstance(subject, CameraGroup))
    news = News(about, event, alert or Alert(), organisation.language, organisation.time_zone)
    error = await _send(request, news, form, channels, channel, target)
    delivery.state = DeliveryState.FAILED if error else DeliveryState.DELIVERED
    delivery.error, delivery.ended_at = error[:500], datetime.now(UTC)
    await delivery.save(update_fields=["state", "error", "ended_at"])
    return Tested(field, is_sent=not error, words=why(error) or SENT)


async def _event(
    subject: Camera | CameraGroup, form: AlertForm, field: str, now: datetime
) -> AlertEvent:
    stage = int(field.split("_")[1]) if field.startswith("address_") else form.stages
    is_group = isinstance(subject, CameraGroup)
    picture = "" if isinstance(subject, CameraGroup) else subject.latest.picture
    # What is wrong in that field is said there: it does not hinder a test.
    threshold = form.values.get(f"threshold_{stage}", "")
    return await AlertEvent.create(
        organisation_id=subject.organisation_id,
        camera_id=None if is_group else subject.id,
        group_id=subject.id if is_group else None,
        minute=now,
        kind=EventKind.TEST,
        stage=stage,
        stages=form.stages,
        threshold=int(threshold) if is_number(threshold) else None,
        picture=picture,
    )


async def _send(
    request: Request,
    news: News,
    form: AlertForm,
    kept: Channels,
    channel: Channel,
    target: str,
) -> str:
    """Send at once; what went wrong, or an empty text."""
    services = services_of(request)
    now = datetime.now(UTC)
    channels = form.channels(kept)
    try:
        if channel is Channel.MAIL:
            key = f"test:{secrets.token_hex(8)}"
            message = await write_mail(services, news, target, key, now)
            await transport.send(message, services.settings)
        elif channel is Channel.WEBHOOK:
            await tell_webhook(services, channels, news, now)
        else:
            await try_mqtt(services, channels, news)
    except (TemporaryFailure, PermanentFailure, StartRefused) as error:
        return str(error) or type(error).__name__
    return ""
