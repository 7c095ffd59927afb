"""The event log of a camera or group: when, which stage, how many, who was told and who not."""

from __future__ import annotations

from dataclasses import dataclass

from tortoise.expressions import Q

from webapp.alerts.words import LEVEL_WORDS, level_of, why
from webapp.models import AlertDelivery, AlertEvent, Camera, CameraGroup

PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One event: the row, the kind and word of its stage, and its deliveries with why not."""

    event: AlertEvent
    kind: str
    word: str
    deliveries: list[tuple[AlertDelivery, str]]


async def events_of(
    subject: Camera | CameraGroup, before: str = "", limit: int = PAGE
) -> tuple[list[Line], str]:
    """The newest events before the one with this public id, or the newest of all.

    With them the public id after which older ones go on; empty: there are none. Several events
    may share a minute, so that a page ends with an event, never with an instant.
    """
    whose = (
        {"group_id": subject.id} if isinstance(subject, CameraGroup) else {"camera_id": subject.id}
    )
    rows = AlertEvent.filter(**whose)
    last = await rows.get_or_none(public_id=before) if before else None
    if last is not None:
        is_older = Q(minute__lt=last.minute) | Q(minute=last.minute, id__lt=last.id)
        rows = rows.filter(is_older)
    events = await rows.order_by("-minute", "-id").limit(limit + 1).prefetch_related("deliveries")
    lines = [_line(event) for event in events[:limit]]
    return lines, events[limit - 1].public_id if len(events) > limit else ""


def _line(event: AlertEvent) -> Line:
    level = level_of(event.stage, event.stages)
    deliveries = sorted(event.deliveries, key=lambda one: one.id)
    return Line(
        event, level.value, LEVEL_WORDS[level], [(one, why(one.error)) for one in deliveries]
    )
