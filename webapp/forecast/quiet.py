"""いつ空いている: the quiet times of a camera's or group's day, in the words of a picture (B6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.forecast import queries
from webapp.forecast.graph import open_slots, quiet_spans, thresholds_of
from webapp.i18n import N_, Locale
from webapp.models import Alert, Camera, CameraGroup, CameraGroupMember

HINT = N_("ふだん%(times)sごろが空いています")
# From three o'clock on, a picture speaks of the business day that begins at six.
_BEFORE_DAYBREAK = timedelta(hours=3)


def day_of(at: datetime, time_zone: str) -> date:
    """The business day that a picture drawn at ``at`` is for."""
    return (at.astimezone(ZoneInfo(time_zone)) - _BEFORE_DAYBREAK).date()


async def hint_for(
    subject: Camera | CameraGroup, alert: Alert | None, language: str, day: date
) -> str:
    """When it is usually quiet on ``day``, by the published forecast; empty: nothing to say.

    ``day`` is a business day; a group is the sum of its cameras, open like its default camera.
    """
    if isinstance(subject, CameraGroup):
        members = await CameraGroupMember.filter(group_id=subject.id).order_by("position", "id")
        cameras = [member.camera_id for member in members]
        default = await Camera.get_or_none(id=subject.default_camera_id)
    else:
        cameras, default = [subject.id], subject
    rows = await queries.rows_of(cameras)
    if not queries.usual_of(rows, len(cameras)).is_enough:
        return ""
    expected = queries.expect_day(rows, day)
    locale = Locale(language)
    times = quiet_spans(expected.mean, open_slots(default, day), locale, thresholds_of(alert))
    return locale.text(HINT, {"times": times}) if times else ""
