"""The keys that sign how pictures were made, of all cameras at once."""

from __future__ import annotations

from datetime import datetime

from webapp.audit.actions import Action
from webapp.operator.office import Office
from webapp.operator.organisations import operators
from webapp.verification.keys import retire_keys


async def rotate_picture_keys(office: Office, at: datetime) -> dict[str, int]:
    """Let every camera sign with a new key; the old ones stay published for 30 days."""
    log = await operators(office, at)
    async with office.transaction():
        retired = await retire_keys(at)
        await office.record(log, Action.PICTURE_KEYS_ROTATED, at, target_name=str(retired))
    return {"retired": retired}
