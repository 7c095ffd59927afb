"""Alert pictures that say when it is usually quiet are drawn anew when that changes (B6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import anyio.to_thread

from webapp.alerts import gallery
from webapp.alerts.pictures import keep_picture
from webapp.alerts.rules import StageSettings, read_stages, write_stages
from webapp.database import transaction
from webapp.forecast.quiet import day_of, hint_for
from webapp.models import Alert, Camera, CameraGroup
from webapp.services import Services
from webapp.versions import locked


async def draw_quiet_pictures(services: Services, at: datetime) -> int:
    """Draw the pictures whose words are no longer those of the day; how many.

    A picture that an admin chose meanwhile stays: only the very one that was looked at is
    replaced, and the one before is swept. Any number may do this at once.
    """
    drawn = 0
    for alert in await Alert.filter(is_on=True).select_related("camera", "group", "organisation"):
        subject = alert.camera or alert.group
        if subject is None:
            continue
        day = day_of(at, alert.organisation.time_zone)
        for number, stage in enumerate(read_stages(alert.stage_settings)):
            chosen = gallery.read_choice(stage.template)
            if chosen is None or not chosen[0].takes_hint or not stage.picture_on:
                continue
            hint = await hint_for(subject, alert, chosen[1], day)
            if hint != stage.hint:
                drawn += await _draw(services, subject, alert, number, stage, hint)
    return drawn


async def _draw(
    services: Services,
    subject: Camera | CameraGroup,
    alert: Alert,
    number: int,
    seen: StageSettings,
    hint: str,
) -> int:
    jpeg = await anyio.to_thread.run_sync(gallery.draw, seen.template, hint)
    key = await keep_picture(services, subject.public_id, jpeg)
    async with transaction():
        if not await Alert.exists(id=alert.id):
            return 0
        now = await locked(Alert.filter(id=alert.id))
        stages = read_stages(now.stage_settings)
        if stages[number].picture != seen.picture or stages[number].template != seen.template:
            return 0
        stages[number] = replace(stages[number], picture=key, hint=hint)
        now.stage_settings = write_stages(stages)
        await now.save(update_fields=["stage_settings"])
    return 1
