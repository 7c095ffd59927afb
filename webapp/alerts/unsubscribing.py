"""Links by which whoever gets alert mails can end them, signed-in or not.

A link opens a page with a button; only the button (or the mail program's own, RFC 8058)
changes anything: programs that open every link of a mail end nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime

from webapp.alerts.rules import read_stages, write_stages
from webapp.audit.actions import Action
from webapp.audit.log import Actor, write
from webapp.database import transaction
from webapp.models import Alert
from webapp.settings import Settings
from webapp.versions import locked

PATH = "/alerts/unsubscribe"
_LONGEST = 1000
_SIGNATURE = 16  # bytes


def unsubscribe_url(settings: Settings, alert_id: int, address: str) -> str:
    """The address of the page for this recipient."""
    body = json.dumps([alert_id, address], separators=(",", ":")).encode()
    token = base64.urlsafe_b64encode(_signature(settings, body) + body).decode().rstrip("=")
    return f"{settings.origin}{PATH}?t={token}"


def read_token(settings: Settings, token: str) -> tuple[int, str] | None:
    """Whose link it is: the alert's id and the address; None for what we did not sign."""
    if not token or len(token) > _LONGEST or not token.isascii():
        return None
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    given, body = data[:_SIGNATURE], data[_SIGNATURE:]
    if not hmac.compare_digest(_signature(settings, body), given):
        return None
    alert_id, address = json.loads(body)
    return int(alert_id), str(address)


async def unsubscribe(alert_id: int, address: str, came_from: str) -> None:
    """Take the address from every stage of the alert; one that is not there is no error."""
    async with transaction():
        if not await Alert.filter(id=alert_id).exists():
            return
        alert = await locked(Alert.filter(id=alert_id))
        stages = read_stages(alert.stage_settings)
        kept = [
            replace(stage, addresses=tuple(one for one in stage.addresses if one != address))
            for stage in stages
        ]
        if kept == stages:
            return
        alert.stage_settings = write_stages(kept)
        await alert.save(update_fields=["stage_settings"])
        await alert.fetch_related("camera", "group")
        subject = alert.camera or alert.group
        await write(
            alert.organisation_id,
            Actor(name=address, address=came_from),
            Action.ALERT_UNSUBSCRIBED,
            datetime.now(UTC),
            target=subject.public_id if subject else "",
            target_name=subject.name if subject else "",
        )


def _signature(settings: Settings, body: bytes) -> bytes:
    key = hmac.new(settings.secret(), b"nigiwai alert unsubscribing", hashlib.sha256).digest()
    return hmac.new(key, body, hashlib.sha256).digest()[:_SIGNATURE]
