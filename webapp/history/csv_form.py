"""Which month a CSV is asked for; what cannot be had says why at its field."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from webapp.access import organisation_of
from webapp.domain.csv_rows import month_span, months_offered
from webapp.errors import UserError
from webapp.http import services_of
from webapp.i18n import N_
from webapp.models import CameraQuarter

NO_MONTH = N_("月を選んでください。")
NOT_YET = N_("まだデータのない月です。今月分は昨日までのデータになります。")
TOO_OLD = N_("データの最大保存期間は12か月です。それより後の月を選んでください。")
NO_DATA = N_("この月には解析されたデータがありません。別の月を選んでください。")

_MONTH = re.compile(r"(\d{4})-(\d{2})")


def today_of(request: Request) -> date:
    """Today, by the organisation's calendar."""
    return datetime.now(ZoneInfo(organisation_of(request).time_zone)).date()


def offered_months(request: Request) -> list[date]:
    """The months that have a file, newest first."""
    kept = timedelta(days=services_of(request).settings.counts_kept_days)
    zone = ZoneInfo(organisation_of(request).time_zone)
    return months_offered(today_of(request), (datetime.now(UTC) - kept).astimezone(zone).date())


def read_month(request: Request, entered: str) -> date:
    """The first day of the month that was asked for; ``UserError`` where it has no file."""
    found = _MONTH.fullmatch(entered.strip())
    if found is None or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
        raise UserError(NO_MONTH, "month")
    month = date(int(found[1]), int(found[2]), 1)
    offered = offered_months(request)
    if month in offered:
        return month
    raise UserError(NOT_YET if not offered or month > offered[0] else TOO_OLD, "month")


async def has_any_rows(request: Request, month: date) -> bool:
    """Whether any camera has rows in that month, up to yesterday."""
    zone = ZoneInfo(organisation_of(request).time_zone)
    start, end = month_span(month, today_of(request), zone)
    return await CameraQuarter.filter(
        organisation_id=organisation_of(request).id, quarter__gte=start, quarter__lt=end
    ).exists()
