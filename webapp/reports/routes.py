"""月次レポート: having one made, fetching it, and wanting it by mail (F5)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import PUBLIC_ID, member_of, organisation_of
from webapp.audit.actions import Action
from webapp.errors import UserError
from webapp.history.bulk_routes import ask_and_record, send
from webapp.history.csv_form import NO_MONTH, offered_months, read_month, today_of
from webapp.http import form_of, locale_of, page, redirect
from webapp.i18n import LANGUAGES, N_
from webapp.models import Camera, CameraGroup, FileKind, PreparedFile, ReportWish

NO_SUBJECT = N_("対象を選び直してください。")


async def reports_page(request: Request) -> Response:
    """Ask for a report, and show those that are kept."""
    return await _page(request)


async def rows(request: Request) -> Response:
    """Answer the list alone, while something is being made."""
    return page(request, "reports/_files.html", files=await _files(request))


async def ask(request: Request) -> Response:
    """Have a report made."""
    form = await form_of(request)
    entered = {name: str(form.get(name, "")) for name in ("month", "subject", "language")}
    try:
        month = read_month(request, entered["month"])
        wanted, name = await _subject(request, entered["subject"])
        wanted.month = f"{month:%Y-%m}"
        language = entered["language"]
        wanted.language = language if language in LANGUAGES else locale_of(request).language
        await ask_and_record(request, wanted, Action.REPORT_ASKED, name)
    except UserError as error:
        return await _page(request, entered, {str(error.field): error.message})
    return redirect("/reports", "file_asked")


async def wish(request: Request) -> Response:
    """Want each month's report by mail, or no longer: it is the member's own choice."""
    form = await form_of(request)
    member = member_of(request)
    if form.get("mail") == "on":
        row = ReportWish(organisation_id=member.organisation_id, member_id=member.id)
        await ReportWish.bulk_create([row], ignore_conflicts=True)
    else:
        await ReportWish.filter(member_id=member.id).delete()
    return redirect("/reports", "wish_saved")


async def download(request: Request) -> Response:
    """Send a report that is ready."""
    return await send(request, FileKind.REPORT)


async def _subject(request: Request, entered: str) -> tuple[PreparedFile, str]:
    """About whom, with the name: the organisation, or one of its cameras or groups."""
    organisation = organisation_of(request)
    member = member_of(request)
    wanted = PreparedFile(
        organisation_id=organisation.id, member_id=member.id, kind=FileKind.REPORT
    )
    kind, _, public_id = entered.partition(":")
    if not entered:
        return wanted, ""
    if not PUBLIC_ID.fullmatch(public_id) or kind not in {"camera", "group"}:
        raise UserError(NO_SUBJECT, "subject")
    model = Camera if kind == "camera" else CameraGroup
    found = await model.get_or_none(public_id=public_id, organisation_id=organisation.id)
    if found is None:
        raise UserError(NO_SUBJECT, "subject")
    setattr(wanted, f"{kind}_id", found.id)
    return wanted, found.name


async def _files(request: Request) -> list[PreparedFile]:
    return (
        await PreparedFile.filter(
            organisation_id=organisation_of(request).id,
            kind=FileKind.REPORT,
            expires_at__gt=datetime.now(UTC),
        )
        .order_by("-month", "-created_at", "-id")
        .select_related("camera", "group")
    )


async def _page(
    request: Request, entered: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> Response:
    organisation = organisation_of(request)
    values: dict[str, Any] = {
        "months": _months(request),
        "cameras": await Camera.filter(organisation_id=organisation.id).order_by("id"),
        "groups": await CameraGroup.filter(organisation_id=organisation.id).order_by("id"),
        "files": await _files(request),
        "wants_mail": await ReportWish.exists(member_id=member_of(request).id),
        "entered": entered or {},
        "errors": errors or {},
        "no_month": NO_MONTH,
    }
    return page(request, "reports/page.html", 422 if errors else 200, **values)


def _months(request: Request) -> list[date]:
    """The months that have a report, newest first; the whole ones before this one's part."""
    this = today_of(request).replace(day=1)
    return sorted(offered_months(request), key=lambda month: (month == this, -month.toordinal()))
