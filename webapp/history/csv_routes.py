"""CSVダウンロード of one camera: the month is chosen, the ZIP is made while it is sent (F3)."""

from __future__ import annotations

from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from webapp.access import camera_of, organisation_of
from webapp.domain.csv_rows import file_name
from webapp.errors import UserError
from webapp.history.csv_file import has_rows, zip_of_month
from webapp.history.csv_form import NO_DATA, offered_months, read_month
from webapp.http import page

# A ZIP is packed already: this keeps the app from packing it again on its way.
AS_IT_IS = {"Content-Encoding": "identity", "Cache-Control": "private, no-store"}


async def csv_page(request: Request) -> Response:
    """Ask for the month."""
    return await _page(request)


async def download(request: Request) -> Response:
    """Send the ZIP of the month; a month without rows says so instead."""
    camera, organisation = await camera_of(request), organisation_of(request)
    entered = request.query_params.get("month", "")
    try:
        month = read_month(request, entered)
    except UserError as error:
        return await _page(request, entered, error.message)
    if not await has_rows(camera, month, ZoneInfo(organisation.time_zone)):
        return await _page(request, entered, NO_DATA)
    name = file_name(camera.name, camera.public_id, month).removesuffix(".csv") + ".zip"
    plain = f"{camera.public_id}_{month:%Y-%m}.zip"
    return StreamingResponse(
        zip_of_month(camera, organisation, month),
        media_type="application/zip",
        headers={**AS_IT_IS, "Content-Disposition": disposition(name, plain)},
    )


def disposition(name: str, plain: str) -> str:
    """A header that has a browser keep the file as ``name``; ``plain`` is for old ones."""
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _page(request: Request, entered: str = "", error: str = "") -> Response:
    return page(
        request,
        "history/csv.html",
        422 if error else 200,
        camera=await camera_of(request),
        months=offered_months(request),
        entered=entered,
        error=error,
    )
