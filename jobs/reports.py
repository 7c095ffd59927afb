"""On the first of each month, every organisation gets the report of the month before (F5)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from webapp.database import transaction
from webapp.domain.csv_rows import whole_month
from webapp.domain.report import month_before
from webapp.history import files
from webapp.models import CameraQuarter, FileKind, Organisation, PreparedFile

# Late answers of the last minute are in by then.
FROM_HOUR = 1


async def ask_for_reports(at: datetime) -> int:
    """Ask for the reports that are due at ``at``; how many there were. Any number may ask.

    Whoever was down on the first asks later in the month. An organisation of which nothing was
    analysed in that month has none. A report that was made before the month was over, by somebody
    who has left since, is not the month's.
    """
    asked = 0
    for organisation in await Organisation.filter(is_operator=False, suspended_at=None):
        zone = ZoneInfo(organisation.time_zone)
        local = at.astimezone(zone)
        if local.day == 1 and local.hour < FROM_HOUR:
            continue
        month = month_before(local.date())
        begins, ends = whole_month(month, zone)
        whose = {
            "organisation_id": organisation.id,
            "kind": FileKind.REPORT,
            "month": f"{month:%Y-%m}",
        }
        by_itself = PreparedFile.filter(**whose, member_id=None, camera_id=None, group_id=None)
        if await by_itself.filter(created_at__gte=ends).exists():
            continue
        if not await CameraQuarter.exists(
            organisation_id=organisation.id, quarter__gte=begins, quarter__lt=ends
        ):
            continue
        async with transaction():
            await files.ask(PreparedFile(**whose, language=organisation.language), at)
        asked += 1
    return asked
