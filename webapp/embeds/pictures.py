"""Masked pictures by their signed address."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.embeds.signing import seconds_left
from webapp.errors import TemporaryFailure
from webapp.http import services_of

KINDS = {".jpg": "image/jpeg", ".png": "image/png"}


async def picture(request: Request) -> Response:
    """Answer one masked picture; 404 for a spent address and for anything else in the store.

    What is stored under a key never changes: whoever has it already gets 304.
    """
    services = services_of(request)
    key = request.path_params["path"]
    query = request.query_params
    left = seconds_left(
        services.settings, key, query.get("e", ""), query.get("s", ""), datetime.now(UTC)
    )
    kind = KINDS.get(key[-4:])
    try:
        data = await services.storage.get(key) if left and kind else None
    except TemporaryFailure:
        raise HTTPException(503) from None
    if data is None:
        raise HTTPException(404)
    headers = {
        "Cache-Control": f"public, max-age={left}, immutable",
        "Content-Security-Policy": "default-src 'none'",
        # An <img> of another site leads here, too.
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"',
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)
