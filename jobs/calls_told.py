"""Telling admins by mail when 80 % and when all of a month's calls are used (E3)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from webapp import outbox
from webapp.database import transaction
from webapp.domain.licences import local_day, month_name, quota_on, terms_on
from webapp.domain.usage import news
from webapp.i18n import Locale
from webapp.licences.reach import reach_in_words
from webapp.licences.standing import as_changes, standing_of
from webapp.licences.usage import outlook_of
from webapp.mail.letters import Letter
from webapp.models import CallMonth, LicenceChange, Member, Organisation, Role
from webapp.services import Services

EVENT = "calls_used"


async def tell(services: Services, at: datetime) -> int:
    """Write one mail to each admin of an organisation that used so much; how many there were.

    1. Read what every licensed organisation used of this month, by three queries for all.
    2. What was told stands in the month's row, changed by whoever is first, in the transaction
       of the mails: a share of one quota is told once in a month, whoever asks, however often.

    Counting knows nothing of it: a view waits for no mail.
    """
    organisations = await Organisation.filter(is_licensed=True, suspended_at=None)
    days = {one.id: local_day(at, ZoneInfo(one.time_zone)) for one in organisations}
    changes: dict[int, list[LicenceChange]] = defaultdict(list)
    rows = LicenceChange.filter(organisation__is_licensed=True, revoked_at=None)
    for row in await rows.order_by("effective_on", "id"):
        changes[row.organisation_id].append(row)
    names = {month_name(day) for day in days.values()}
    months = await CallMonth.filter(organisation__is_licensed=True, month__in=names)
    used = {(month.organisation_id, month.month): month for month in months}
    written = 0
    for organisation in organisations:
        day = days[organisation.id]
        month = used.get((organisation.id, month_name(day)))
        if month is not None:
            quota = quota_on(terms_on(as_changes(changes[organisation.id]), day), day)
            written += await _tell(services, organisation, month, quota, at)
    return written


async def _tell(
    services: Services,
    organisation: Organisation,
    month: CallMonth,
    quota: int | None,
    at: datetime,
) -> int:
    percent, marks = news(month.calls, quota, month.told.splitlines())
    if not percent:
        return 0
    standing = await standing_of(organisation, at)
    outlook = await outlook_of(organisation, standing, at)
    async with transaction() as db:
        ours = CallMonth.filter(id=month.id, told=month.told).using_db(db)
        if not await ours.update(told="\n".join(marks)):
            return 0
        admins = await Member.filter(organisation_id=organisation.id, role=Role.ADMIN).using_db(db)
        for admin in admins:
            locale = Locale(admin.language or organisation.language, organisation.time_zone)
            values = {
                "name": admin.name,
                "organisation": organisation.name,
                "month": month.month,
                "percent": percent,
                "calls": f"{month.calls:,}",
                "quota": f"{quota:,}",
                "reach": reach_in_words(outlook, locale),
                "url": f"{services.settings.origin}/licences/usage",
            }
            letter = Letter(EVENT, admin.mail, locale.language, values)
            key = f"{EVENT}:{admin.public_id}:{month.month}:{percent}:{quota}"
            await outbox.write_letter(organisation.id, letter, services.sealer, key, at, db)
    return len(admins)
