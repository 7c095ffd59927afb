"""Counting calls against the month's quota (E3): the table is the one truth, and is exact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from tortoise.expressions import F

from webapp.database import transaction
from webapp.domain.licences import local_day, month_name, quota_on, terms_on
from webapp.licences.standing import as_changes, changes_of
from webapp.models import CallCount, CallMonth, Organisation


async def count_calls(
    organisation: Organisation, wanted: Mapping[str, int], at: datetime
) -> dict[str, int]:
    """Grant calls by key, as many as the month has left; returns how many each key was granted.

    One transaction, for as many calls as have come together:
    1. hold the row of the organisation's month (by its own calendar),
    2. grant in the order of ``wanted`` until the quota of today's licences is used up,
    3. raise the month, and the day of each key, by what was granted.
    """
    day = local_day(at, ZoneInfo(organisation.time_zone))
    quota = quota_on(terms_on(as_changes(await changes_of(organisation)), day), day)
    whose = {"organisation_id": organisation.id, "month": month_name(day)}
    async with transaction() as db:
        await CallMonth.bulk_create([CallMonth(**whose)], ignore_conflicts=True, using_db=db)
        month = await CallMonth.filter(**whose).using_db(db).select_for_update().get()
        left = sum(wanted.values()) if quota is None else max(0, quota - month.calls)
        granted: dict[str, int] = {}
        for key, calls in wanted.items():
            granted[key] = min(calls, left)
            left -= granted[key]
        total = sum(granted.values())
        await CallMonth.filter(id=month.id).using_db(db).update(calls=F("calls") + total)
        # In one order for everybody, so that nobody waits in a ring.
        for key in sorted(key for key, calls in granted.items() if calls):
            row = CallCount(organisation_id=organisation.id, key=key, day=day)
            await CallCount.bulk_create([row], ignore_conflicts=True, using_db=db)
            mine = CallCount.filter(organisation_id=organisation.id, key=key, day=day)
            await mine.using_db(db).update(calls=F("calls") + granted[key])
    return granted
