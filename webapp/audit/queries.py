"""Reading the audit log: newest first, page by page, as far as was asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from webapp.audit.actions import Action
from webapp.models import AuditEntry, Member, Role

PAGE = 50
COMMAND = "-"  # in an address: what was done by a command

_PUBLIC_ID = re.compile(r"[a-z0-9]{1,16}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; None or empty is everything. Days are those of the reader's zone."""

    person: str = ""
    action: str = ""
    organisation: str = ""
    since: date | None = None
    until: date | None = None
    cursor: tuple[datetime, int] | None = None

    @property
    def narrows(self) -> bool:
        """Whether some entries may be left out."""
        return bool(self.person or self.action or self.organisation or self.since or self.until)

    @property
    def address(self) -> str:
        """The query of an address that asks for the same, from the newest on."""
        asked = {
            "person": self.person,
            "action": self.action,
            "organisation": self.organisation,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }
        return urlencode({name: value for name, value in asked.items() if value})


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the log, and the address of the next one; empty at its end."""

    entries: list[AuditEntry]
    older: str


def read_wanted(query: Mapping[str, str]) -> Wanted:
    """Read what an address asks for; what makes no sense is not heeded."""
    action = query.get("action", "")
    return Wanted(
        person=COMMAND if query.get("person") == COMMAND else _public_id(query.get("person", "")),
        action=action if action in set(Action) else "",
        organisation=_public_id(query.get("organisation", "")),
        since=_day(query.get("since", "")),
        until=_day(query.get("until", "")),
        cursor=_cursor(query.get("before", "")),
    )


async def find_entries(wanted: Wanted, zone: str, organisation_id: int | None = None) -> Found:
    """A page of the entries of an organisation, or of all of them, by one query."""
    rows = _narrowed(AuditEntry.all(), wanted, ZoneInfo(zone))
    if organisation_id is not None:
        rows = rows.filter(organisation_id=organisation_id)
    if wanted.cursor is not None:
        at, number = wanted.cursor
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=number))
    rows = rows.order_by("-at", "-id").limit(PAGE + 1).select_related("organisation")
    entries = await rows
    older = _address(wanted, entries[PAGE - 1]) if len(entries) > PAGE else ""
    return Found(entries[:PAGE], older)


async def people_of(organisation_id: int | None = None) -> dict[str, str]:
    """Everybody who is in the log by public id, with a name; in an organisation's, no operators."""
    rows = AuditEntry.exclude(actor="")
    if organisation_id is not None:
        operators = await Member.filter(role=Role.OPERATOR).values_list("public_id", flat=True)
        rows = rows.filter(organisation_id=organisation_id).exclude(actor__in=list(operators))
    found = await rows.distinct().values_list("actor", "actor_name")
    return dict(sorted(((str(a), str(n)) for a, n in found), key=lambda pair: pair[1]))


def _narrowed(rows: QuerySet[AuditEntry], wanted: Wanted, zone: ZoneInfo) -> QuerySet[AuditEntry]:
    if wanted.person:
        rows = rows.filter(actor="" if wanted.person == COMMAND else wanted.person)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.organisation:
        rows = rows.filter(organisation__public_id=wanted.organisation)
    if wanted.since:
        rows = rows.filter(at__gte=_midnight(wanted.since, zone))
    if wanted.until:
        rows = rows.filter(at__lt=_midnight(wanted.until + timedelta(days=1), zone))
    return rows


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _address(wanted: Wanted, last: AuditEntry) -> str:
    """The query of the page after this entry."""
    before = urlencode({"before": f"{(last.at - _EPOCH) // _MICROSECOND}-{last.id}"})
    return "&".join(filter(None, (wanted.address, before)))


def _public_id(text: str) -> str:
    return text if _PUBLIC_ID.fullmatch(text) else ""


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # A day at the ends of the calendar has no midnight in every zone.
    return day if 1970 <= day.year <= 9000 else None


def _cursor(text: str) -> tuple[datetime, int] | None:
    at, _, number = text.partition("-")
    if not (at.isascii() and at.isdigit() and number.isascii() and number.isdigit()):
        return None
    if len(at) > 17 or len(number) > 18:
        return None
    return _EPOCH + int(at) * _MICROSECOND, int(number)
