"""CSV一括ダウンロード: asking for the ZIP of all cameras, watching it grow, fetching it (F3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from webapp.access import PUBLIC_ID, member_of, organisation_of
from webapp.audit.actions import Action
from webapp.audit.log import record
from webapp.database import transaction
from webapp.errors import UserError
from webapp.history import files
from webapp.history.csv_form import NO_DATA, has_any_rows, offered_months, read_month
from webapp.history.csv_routes import AS_IT_IS, disposition
from webapp.http import form_of, page, redirect, services_of
from webapp.models import Camera, FileKind, FileState, PreparedFile

MEDIA_TYPES = {"zip": "application/zip", "pdf": "application/pdf"}


async def bulk_page(request: Request) -> Response:
    """Ask for the month, and show what was asked for."""
    return await _page(request)


async def rows(request: Request) -> Response:
    """Answer the list alone, while something is being made."""
    return page(request, "history/_files.html", files=await _files(request))


async def ask(request: Request) -> Response:
    """Have the ZIP of a month made."""
    form = await form_of(request)
    entered = str(form.get("month", ""))
    try:
        month = read_month(request, entered)
    except UserError as error:
        return await _page(request, entered, error.message)
    if not await has_any_rows(request, month):
        return await _page(request, entered, NO_DATA)
    member = member_of(request)
    wanted = PreparedFile(
        organisation_id=member.organisation_id,
        member_id=member.id,
        kind=FileKind.CSV,
        month=f"{month:%Y-%m}",
        wants_mail=form.get("mail") == "on",
    )
    try:
        await ask_and_record(request, wanted, Action.CSV_ASKED)
    except UserError as error:
        return await _page(request, entered, error.message)
    return redirect("/csv", "file_asked")


async def ask_and_record(
    request: Request, wanted: PreparedFile, action: Action, name: str = ""
) -> None:
    """Have a file made, and write down who asked; ``UserError`` when too many are under way."""
    async with transaction():
        if await files.ask(wanted, datetime.now(UTC)) is wanted:
            target = f"{name} {wanted.month}".strip()
            await record(request, action, target=wanted.public_id, target_name=target)


async def download(request: Request) -> Response:
    """Send a file that is ready."""
    return await send(request, FileKind.CSV)


async def send(request: Request, kind: FileKind) -> Response:
    """Send the file that the path names, if it is the organisation's, ready and not expired."""
    public_id = request.path_params["file"]
    file = None
    if PUBLIC_ID.fullmatch(public_id):
        file = await PreparedFile.get_or_none(
            public_id=public_id,
            organisation_id=organisation_of(request).id,
            kind=kind,
            state=FileState.READY,
            expires_at__gt=datetime.now(UTC),
        )
    if file is None:
        raise HTTPException(404)
    extension = file.key.rpartition(".")[2]
    name = f"nigiwai_{file.kind.value}_{file.month}.{extension}"
    return StreamingResponse(
        services_of(request).storage.chunks(file.key),
        media_type=MEDIA_TYPES[extension],
        headers={
            **AS_IT_IS,
            "Content-Length": str(file.size),
            "Content-Disposition": disposition(name, name),
        },
    )


async def _files(request: Request) -> list[PreparedFile]:
    return await PreparedFile.filter(
        organisation_id=organisation_of(request).id,
        kind=FileKind.CSV,
        expires_at__gt=datetime.now(UTC),
    ).order_by("-created_at", "-id")


async def _page(request: Request, entered: str = "", error: str = "") -> Response:
    values: dict[str, Any] = {
        "months": offered_months(request),
        "has_cameras": await Camera.exists(organisation_id=organisation_of(request).id),
        "entered": entered,
        "error": error,
        "files": await _files(request),
    }
    return page(request, "history/bulk.html", 422 if error else 200, **values)
