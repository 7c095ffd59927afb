"""What a chart shows beside the counts: closed hours as a shade, alerts as marks (F2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from webapp.domain.hours import business_day, intervals
from webapp.hours.holidays import japanese_holidays
from webapp.hours.opening import hours_of
from webapp.models import AlertEvent, Camera, CameraGroup
from webapp.models.alert import EventKind

# On a longer range a night is narrower than a few pixels, and a shade says nothing.
LONGEST = timedelta(days=32)
MOST_MARKS = 300


async def closed_spans(
    thing: Camera | CameraGroup, start: datetime, end: datetime, zone: tzinfo
) -> list[tuple[int, int]]:
    """The closed times by the hours of today, in seconds since 1970. A group's are its default's.

    Empty where there are no business hours, and on ranges too long to show them.
    """
    camera = await counted_by(thing)
    hours = hours_of(camera) if camera else None
    if hours is None or end - start > LONGEST:
        return []
    day, last = business_day(start, zone), business_day(end, zone)
    closed, reached = [], start
    while day <= last:
        for opens, closes in intervals(hours, day, zone, japanese_holidays()):
            if opens > reached:
                closed.append((reached, min(opens, end)))
            reached = max(reached, closes)
        day += timedelta(days=1)
    if reached < end:
        closed.append((reached, end))
    return [(int(a.timestamp()), int(b.timestamp())) for a, b in closed if a < b]


async def alert_marks(
    thing: Camera | CameraGroup, start: datetime, end: datetime
) -> list[tuple[int, int]]:
    """When a higher stage was entered, and which. The newest come first."""
    whose = {"group_id" if isinstance(thing, CameraGroup) else "camera_id": thing.id}
    events = (
        await AlertEvent.filter(kind=EventKind.RISE, minute__gte=start, minute__lt=end, **whose)
        .order_by("-minute")
        .limit(MOST_MARKS)
    )
    return [(int(event.minute.astimezone(UTC).timestamp()), event.stage) for event in events]


async def counted_by(thing: Camera | CameraGroup) -> Camera | None:
    """The camera itself, or a group's default camera: the one whose hours and marks count."""
    if isinstance(thing, CameraGroup):
        return await Camera.get_or_none(id=thing.default_camera_id)
    return thing
