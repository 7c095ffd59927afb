"""監査ログ: of one organisation for its admins, of all of them for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import organisation_of
from webapp.audit import actions
from webapp.audit.queries import COMMAND, Found, find_entries, people_of, read_wanted
from webapp.audit.words import Change, changes_of
from webapp.http import locale_of, page
from webapp.i18n import N_, Locale
from webapp.models import AuditEntry, Organisation

BY_COMMAND = N_("サーバーのコマンド")
BY_OPERATOR = N_("事業者")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown."""

    at: datetime
    organisation: Organisation
    who: str
    address: str
    what: str
    target: str
    target_name: str
    changes: list[Change]


async def organisation_log(request: Request) -> Response:
    """Show the log of the admin's organisation."""
    organisation = organisation_of(request)
    wanted = read_wanted(request.query_params)
    locale = locale_of(request)
    found = await find_entries(wanted, locale.time_zone, organisation.id)
    lines = [_line(entry, locale, for_operator=False) for entry in found.entries]
    people = await people_of(organisation.id)
    return _page(request, "/organisation/audit", found, lines, people, {})


async def whole_log(request: Request) -> Response:
    """Show what happened in all organisations, for operators."""
    locale = locale_of(request)
    found = await find_entries(read_wanted(request.query_params), locale.time_zone)
    lines = [_line(entry, locale, for_operator=True) for entry in found.entries]
    names = await Organisation.all().order_by("name", "id").values_list("public_id", "name")
    organisations = {str(public_id): str(name) for public_id, name in names}
    return _page(request, "/operator/audit", found, lines, await people_of(), organisations)


def _page(
    request: Request,
    path: str,
    found: Found,
    lines: list[Line],
    people: dict[str, str],
    organisations: dict[str, str],
) -> Response:
    return page(
        request,
        "audit/page.html",
        path=path,
        lines=lines,
        older=found.older,
        wanted=read_wanted(request.query_params),
        people=people,
        by_command=COMMAND,
        actions=actions.WORDS,
        organisations=organisations,
    )


def _line(entry: AuditEntry, locale: Locale, *, for_operator: bool) -> Line:
    """An entry in words. Where an operator works from is nobody's business but operators'."""
    is_operators = entry.details.get("operator") is True
    hidden = is_operators and not for_operator
    who = BY_OPERATOR if hidden else "" if entry.actor else BY_COMMAND
    words = {action.value: word for action, word in actions.WORDS.items()}
    return Line(
        at=entry.at,
        organisation=entry.organisation,
        who=locale.gettext(who) or entry.actor_name,
        address="" if hidden else entry.address,
        what=locale.gettext(words.get(entry.action, "")) or entry.action,
        target=entry.target,
        target_name=entry.target_name,
        changes=changes_of(entry, locale),
    )
