"""The calls of a month by key and by day, for whoever pays for them (E3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tortoise.functions import Sum
from tortoise.queryset import QuerySet

from webapp.domain.licences import local_day, month_end, month_name, quota_on, terms_on
from webapp.domain.usage import WEEKDAYS_FROM, Outlook, outlook, share_of_day
from webapp.licences import metered_keys
from webapp.licences.standing import Standing, as_changes, changes_of
from webapp.models import CallCount, CallMonth, MeteredKey, Organisation

# Months that can be looked at, the newest ones.
MOST_MONTHS = 25


class KeyState(StrEnum):
    """What became of a key."""

    LIVING = "living"
    ENDED = "ended"  # renewed or stopped; what it was of is still there
    DELETED = "deleted"  # with what it was of


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """The calls of one key in a month. ``kind`` and ``name`` are empty where nobody knows.

    ``public_id`` names it in addresses; empty where nothing was kept of it.
    """

    key: str
    public_id: str
    kind: str
    name: str
    state: KeyState
    calls: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A month of an organisation.

    ``keys`` has those with calls, the greatest first; ``chosen`` is the one that ``days`` are of,
    None for all. ``days`` are those of the month up to ``today``, the first one first. ``calls``
    and ``quota`` (None: unlimited) are of the whole month, and ``outlook`` of the one that it is.
    """

    month: date
    today: date
    months: tuple[str, ...]
    keys: tuple[KeyUsage, ...]
    chosen: KeyUsage | None
    days: tuple[tuple[date, int], ...]
    calls: int
    quota: int | None
    outlook: Outlook | None

    @property
    def is_current(self) -> bool:
        """Whether it is the month that it is."""
        return self.month == self.today.replace(day=1)

    @property
    def shown_calls(self) -> int:
        """The calls of the days that are shown."""
        return sum(calls for _, calls in self.days)


async def usage_of(
    organisation: Organisation, at: datetime, month: str = "", key: str = ""
) -> Usage | None:
    """A month (2026-03; empty: the one that it is), all of it or of one key by its public id.

    None where there is no such month or key.
    """
    zone = ZoneInfo(organisation.time_zone)
    today = local_day(at, zone)
    calls = await _calls_by_month(organisation, today)
    month = month or month_name(today)
    if month not in calls:
        return None
    first = date.fromisoformat(f"{month}-01")
    keys = await _keys(organisation, first)
    chosen = next((one for one in keys if key and one.public_id == key), None)
    if key and chosen is None:
        return None
    is_current = first == today.replace(day=1)
    since = today - timedelta(days=WEEKDAYS_FROM) if is_current else first
    by_day = await _by_day(organisation, min(first, since), month_end(first))
    # What was agreed may have changed in the course of a month: its last day counts.
    of_day = today if is_current else month_end(first)
    quota = quota_on(terms_on(as_changes(await changes_of(organisation)), of_day), of_day)
    reach = None
    if is_current:
        reach = outlook(by_day, today, share_of_day(at, zone), quota, calls[month])
    if chosen is not None:
        by_day = await _by_day(organisation, first, month_end(first), chosen.key)
    # The calendar of another zone may have begun a day that this one has not.
    last = max([min(month_end(first), max(today, first)), *(d for d in by_day if d >= first)])
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return Usage(
        month=first,
        today=today,
        months=tuple(calls),
        keys=tuple(sorted(keys, key=lambda one: (-one.calls, one.name, one.key))),
        chosen=chosen,
        days=tuple((day, by_day.get(day, 0)) for day in span),
        calls=calls[month],
        quota=quota,
        outlook=reach,
    )


async def outlook_of(organisation: Organisation, standing: Standing, at: datetime) -> Outlook:
    """How far this month's calls reach, by one query; none where they are unlimited."""
    by_day: Mapping[date, int] = {}
    if standing.quota is not None:
        since = standing.day - timedelta(days=WEEKDAYS_FROM)
        first = min(since, standing.day.replace(day=1))
        by_day = await _by_day(organisation, first, month_end(standing.day))
    share = share_of_day(at, ZoneInfo(organisation.time_zone))
    return outlook(by_day, standing.day, share, standing.quota, standing.calls)


async def rows_of(organisation: Organisation, usage: Usage) -> Sequence[tuple[date, KeyUsage, int]]:
    """Every (day, key, calls) of the month, the days in order; of the chosen key alone, if any."""
    found = _between(organisation, usage.month, month_end(usage.month))
    if usage.chosen is not None:
        found = found.filter(key=usage.chosen.key)
    by_key = {one.key: one for one in usage.keys}
    rows = await found.order_by("day", "key").values_list("day", "key", "calls")
    # A key whose first call came between the two readings is in the next file.
    return [(day, by_key[key], calls) for day, key, calls in rows if key in by_key]


async def _calls_by_month(organisation: Organisation, today: date) -> dict[str, int]:
    """The months that have rows, and the one that it is, the newest first."""
    rows = CallMonth.filter(organisation_id=organisation.id).order_by("-month").limit(MOST_MONTHS)
    calls = dict(await rows.values_list("month", "calls"))
    calls.setdefault(month_name(today), 0)
    return dict(sorted(calls.items(), reverse=True))


async def _keys(organisation: Organisation, first: date) -> list[KeyUsage]:
    """The keys with calls in the month, with what became of them."""
    found = _between(organisation, first, month_end(first))
    sums = await found.group_by("key").annotate(total=Sum("calls")).values_list("key", "total")
    totals = {key: int(total) for key, total in sums}
    rows = {
        row.key: row
        for row in await MeteredKey.filter(organisation_id=organisation.id)
        if row.key in totals
    }
    living = await metered_keys.living(organisation.id, totals)
    names = await metered_keys.names_now(organisation.id, rows.values())
    return [
        _usage(rows.get(key) or MeteredKey(key=key, public_id=""), calls, living, names)
        for key, calls in totals.items()
    ]


def _usage(
    row: MeteredKey, calls: int, living: Collection[str], names: Mapping[str, str]
) -> KeyUsage:
    if row.key in living:
        state = KeyState.LIVING
    else:
        state = KeyState.ENDED if row.thing in names else KeyState.DELETED
    name = names.get(row.thing, row.name)
    return KeyUsage(row.key, row.public_id, row.kind, name, state, calls)


async def _by_day(
    organisation: Organisation, first: date, last: date, key: str = ""
) -> dict[date, int]:
    found = _between(organisation, first, last)
    if key:
        found = found.filter(key=key)
    sums = await found.group_by("day").annotate(total=Sum("calls")).values_list("day", "total")
    return {day: int(total) for day, total in sums}


def _between(organisation: Organisation, first: date, last: date) -> QuerySet[CallCount]:
    return CallCount.filter(organisation_id=organisation.id, day__gte=first, day__lte=last)
