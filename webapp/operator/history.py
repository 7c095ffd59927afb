"""Making the quarter hours of the counts anew, should they ever differ from their minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from webapp.errors import UserError
from webapp.history import rollup
from webapp.i18n import N_
from webapp.models import Camera, CameraGroup
from webapp.operator.office import Office


async def rebuild_quarters(office: Office, at: datetime, camera: str = "") -> dict[str, Any]:
    """Make the quarter hours of one camera (by public id), or of all and of all groups."""
    found = await (Camera.filter(public_id=camera) if camera else Camera.all()).order_by("id")
    if camera and not found:
        raise UserError(N_("その識別子のカメラはありません。"))
    since = at - timedelta(days=office.settings.counts_kept_days)
    for one in found:
        await rollup.rebuild(rollup.CAMERAS, one.id, since, at + rollup.QUARTER)
    for group in [] if camera else await CameraGroup.all().order_by("id"):
        await rollup.rebuild(rollup.GROUPS, group.id, since, at + rollup.QUARTER)
    return {"cameras": len(found)}
