"""ライセンス管理 (L1): everybody of an organisation may look; the operator changes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import member_of, organisation_of
from webapp.domain.licences import good_until, local_day, month_name
from webapp.http import form_of, locale_of, page, redirect
from webapp.licences.reach import SHORT, reach_in_words
from webapp.licences.standing import standing_of
from webapp.licences.usage import outlook_of


async def licence_page(request: Request) -> Response:
    """Show what may be used and how much of it is."""
    organisation, at = organisation_of(request), datetime.now(UTC)
    standing = await standing_of(organisation, at)
    outlook = await outlook_of(organisation, standing, at)
    return page(
        request,
        "licences/page.html",
        standing=standing,
        good_until=good_until,
        reach=reach_in_words(outlook, locale_of(request)),
        is_short=outlook.reach in SHORT,
    )


async def hide_few_calls(request: Request) -> Response:
    """Put the notice of few calls away, for this member and until the end of the month."""
    await form_of(request)
    member = member_of(request)
    day = local_day(datetime.now(UTC), ZoneInfo(member.organisation.time_zone))
    member.few_calls_hidden = month_name(day)
    await member.save(update_fields=["few_calls_hidden"])
    if request.headers.get("hx-request"):
        return Response("", media_type="text/html")
    return redirect("/cameras")
