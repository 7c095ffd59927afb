"""Telling admins by mail that cameras went bad, and that they are well again (M7).

A camera is bad once two bad minutes in a row were verified (``webapp.domain.health``). What
goes within the same minutes is told in one mail, and so is what comes back. A row of ``outage``
keeps who was told of what: no outage is told twice, whatever dies or comes twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from jobs import sql
from webapp import outbox, words
from webapp.database import transaction
from webapp.domain.health import CONFIRMED_BY
from webapp.i18n import N_
from webapp.mail.letters import Letter
from webapp.models import Member, Organisation, Outage, Role
from webapp.services import Services

BAD, WELL = "cameras_bad", "cameras_well"
# So long the first of a mail waits for others; so long a camera is good before it is well.
GATHER = timedelta(minutes=3)
SETTLED = timedelta(minutes=3)
MOST_CAMERAS = 50  # in one mail; how many more there are is told
KEPT = timedelta(days=90)

NO_REASON = N_("カメラの電源とネットワークを確認してください。")

_BEGIN = """
INSERT INTO outage (organisation_id, camera_id, reason, began_at, noted_at)
SELECT latest.organisation_id, latest.camera_id, latest.detail, latest.since, $1::timestamptz
FROM latest JOIN camera ON camera.id = latest.camera_id
WHERE latest.state IN ('unreachable', 'bad_picture') AND latest.failures >= {confirmed}
  AND latest.since IS NOT NULL AND latest.good_at IS NOT NULL
  AND camera.is_open AND camera.stopped = ''
  AND NOT EXISTS (SELECT 1 FROM outage
                  WHERE outage.camera_id = latest.camera_id AND outage.ended_at IS NULL)
ON CONFLICT (camera_id, began_at) DO NOTHING
""".replace("{confirmed}", str(CONFIRMED_BY))

# Out of hours, or without a licence, a camera is neither bad nor well: its outage goes on.
_END = """
UPDATE outage
SET ended_at = (SELECT since FROM latest WHERE latest.camera_id = outage.camera_id)
WHERE ended_at IS NULL AND camera_id IN (
    SELECT camera_id FROM latest WHERE state = 'ok' AND since <= $1)
"""

_HUSH = """
UPDATE outage SET told_at = $1, end_told_at = $1
WHERE told_at IS NULL AND ended_at IS NOT NULL
"""

# Whoever updates a row first writes its mail, in the same transaction.
_TAKE = """
UPDATE outage SET {told} = $1
WHERE organisation_id = $2 AND {told} IS NULL AND {ready}
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A mail: its folder of templates, the column that says it was written, and what is ready.

    It waits until the first it tells of is ``wait`` past the instant in ``since``.
    """

    event: str
    told: str
    ready: str
    since: str
    wait: timedelta


_ENDED = "told_at IS NOT NULL AND ended_at IS NOT NULL"
_KINDS = (
    _Kind(BAD, "told_at", "ended_at IS NULL", "noted_at", GATHER),
    _Kind(WELL, "end_told_at", _ENDED, "ended_at", SETTLED + GATHER),
)


async def tell(services: Services, at: datetime) -> int:
    """Note which cameras went bad or are well again, and write the mails that are due.

    1. A row for each camera that is bad and was good before; a camera that never was is being
       set up, and whoever does that sees it.
    2. The end of those whose camera has been good for ``SETTLED``. One that nobody was told of
       is told to nobody.
    3. For each organisation whose first untold one has waited ``GATHER``: a mail to each admin
       with all of them, in one transaction with the rows. Returns how many mails were written.
    """
    db = sql.connection(services.settings)
    await sql.run(db, _BEGIN, [at])
    await sql.run(db, _END, [at - SETTLED])
    await sql.run(db, _HUSH, [at])
    written = 0
    for kind in _KINDS:
        for organisation in await _waiting(db, kind, at):
            written += await _write(services, organisation, kind, at)
    return written


async def forget(at: datetime) -> None:
    """Remove what was over and told long ago."""
    await Outage.filter(end_told_at__lt=at - KEPT).delete()


async def _waiting(db: BaseDBAsyncClient, kind: _Kind, at: datetime) -> list[Organisation]:
    # Names of columns are those of ``_KINDS``.
    rows = await sql.fetch(
        db,
        f"SELECT DISTINCT organisation_id FROM outage WHERE {kind.told} IS NULL"  # noqa: S608
        f" AND {kind.ready} AND {kind.since} <= $1",
        [at - kind.wait],
    )
    ids = [row["organisation_id"] for row in rows]
    return await Organisation.filter(id__in=ids, suspended_at=None) if ids else []


async def _write(services: Services, organisation: Organisation, kind: _Kind, at: datetime) -> int:
    async with transaction() as db:
        take = _TAKE.replace("{told}", kind.told).replace("{ready}", kind.ready)
        rows = await sql.fetch(db, take, [at, organisation.id])
        ids = sorted(row["id"] for row in rows)
        if not ids:
            return 0
        outages = Outage.filter(id__in=ids).using_db(db).order_by("began_at", "id")
        told = await outages.select_related("camera")
        admins = await Member.filter(organisation_id=organisation.id, role=Role.ADMIN).using_db(db)
        for admin in admins:
            letter = Letter(
                kind.event,
                admin.mail,
                admin.language or organisation.language,
                _values(services, organisation, admin, told),
                time_zone=organisation.time_zone,
            )
            key = f"{kind.event}:{ids[0]}:{admin.public_id}"
            await outbox.write_letter(organisation.id, letter, services.sealer, key, at, db)
    return len(admins)


def _values(
    services: Services, organisation: Organisation, admin: Member, told: Sequence[Outage]
) -> dict[str, Any]:
    return {
        "name": admin.name,
        "organisation": organisation.name,
        "count": len(told),
        "more": max(0, len(told) - MOST_CAMERAS),
        "cameras": [
            {
                "name": outage.camera.name,
                "reason": words.detail(outage.reason) or NO_REASON,
                "began_at": outage.began_at.isoformat(),
                "ended_at": outage.ended_at.isoformat() if outage.ended_at else "",
            }
            for outage in told[:MOST_CAMERAS]
        ],
        "url": f"{services.settings.origin}/cameras",
    }
