"""The public page that says how a picture was made and checks it, and its files (B1).

Everything here is for whoever has the address of a picture, for 30 days, while its camera is
published somewhere; its organisation's members may look in any case. It is gone at once with its
camera. Nothing is kept by caches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapp.access import session_of
from webapp.domain.manifests import write_signed
from webapp.domain.pictures import encode_jpeg
from webapp.domain.verification import Verdict
from webapp.embeds.signing import is_verify_sign
from webapp.errors import TemporaryFailure
from webapp.http import page, services_of
from webapp.i18n import Locale, accepted_language
from webapp.plugins import Engines
from webapp.services import Services
from webapp.verification import words
from webapp.verification.checking import (
    Asked,
    Checked,
    background_file_of,
    check,
    find,
    picture_file_of,
)
from webapp.verification.keys import published_keys
from webapp.verification.signing import as_jws


async def verify_page(request: Request) -> Response:
    """Say in plain words what the picture is, check it, and how anybody can do so."""
    asked = await _asked(request)
    if asked is None:
        return page(request, "verification/none.html", 404, locale=_locale(request))
    checked = await _check(request, asked)
    locale = _locale(request, asked)
    engines, sign = services_of(request).engines, _sign_of(request)
    return page(
        request,
        "verification/page.html",
        locale=locale,
        asked=asked,
        manifest=asked.manifest,
        checked=checked,
        words_of=words,
        headline=words.VERDICTS[checked.verdict],
        is_verified=checked.verdict is Verdict.VERIFIED,
        is_failed=checked.verdict is Verdict.FAILED,
        engine=_title(engines, asked, locale.language),
        file_name=_file_name(asked),
        path=f"/verify/{asked.camera.public_id}/{asked.name}",
        query=f"?s={sign}" if sign else "",
    )


async def about(request: Request) -> Response:
    """Say of a picture that somebody chose that nobody is drawn on it."""
    text = words.NOT_DRAWN.get(request.path_params["kind"])
    if text is None:
        raise HTTPException(404)
    return page(request, "verification/about.html", locale=_locale(request), text=text)


async def manifest_file(request: Request) -> Response:
    """The signed manifest."""
    asked = await _asked_for_file(request)
    if asked.manifest is None or not asked.is_its_own:
        raise HTTPException(404)
    jws = as_jws(asked.manifest, bytes(asked.row.signature))
    return _file(write_signed(asked.manifest, jws), "application/json", _file_name(asked) + ".json")


async def keys_file(request: Request) -> Response:
    """The published keys of the camera, as a JSON Web Key Set."""
    asked = await _asked_for_file(request)
    keys = await published_keys(asked.camera, datetime.now(UTC))
    name = f"nigiwai-{asked.camera.public_id}-keys.json"
    return JSONResponse(keys, headers=_attached(name))


async def background_file(request: Request) -> Response:
    """The background, as it was registered."""
    asked = await _asked_for_file(request)
    data = await _fetched(request, asked, background_file_of)
    name = f"nigiwai-{asked.camera.public_id}-background-{asked.row.background_id}.png"
    return _file(data, "image/png", name)


async def picture_file(request: Request) -> Response:
    """The published file, while it is kept."""
    asked = await _asked_for_file(request)
    data = await _fetched(request, asked, picture_file_of)
    return _file(data, "image/jpeg", _file_name(asked) + ".jpg")


async def redrawn_file(request: Request) -> Response:
    """The picture as it was drawn anew from background and figures, for the page to show."""
    asked = await _asked_for_file(request)
    frame = (await _check(request, asked)).redrawn.frame
    if frame is None:
        raise HTTPException(404)
    data = await anyio.to_thread.run_sync(encode_jpeg, frame)
    return Response(data, media_type="image/jpeg")


async def _asked(request: Request) -> Asked | None:
    """The picture, if whoever asks has not asked for too much; 429 otherwise."""
    if not services_of(request).verification.shares.take(request.state.address):
        raise HTTPException(429)
    parts, session = request.path_params, session_of(request)
    member = None if session is None else session.member
    has_sign = bool(_sign_of(request))
    return await find(
        parts["camera"], parts["picture"], datetime.now(UTC), member, has_sign=has_sign
    )


def _sign_of(request: Request) -> str:
    """What the address ends in, if it leads from where the count is shown; else empty."""
    parts, given = request.path_params, request.query_params.get("s", "")
    settings = services_of(request).settings
    return given if is_verify_sign(settings, parts["camera"], parts["picture"], given) else ""


async def _asked_for_file(request: Request) -> Asked:
    asked = await _asked(request)
    if asked is None:
        raise HTTPException(404)
    return asked


async def _fetched(
    request: Request, asked: Asked, fetch: Callable[[Services, Asked], Awaitable[bytes | None]]
) -> bytes:
    """One of the picture's files; 404 without it, 503 while the store is away."""
    services = services_of(request)
    if not asked.is_its_own:
        raise HTTPException(404)
    try:
        async with services.verification.turn():
            data = await fetch(services, asked)
    except TemporaryFailure:
        raise HTTPException(503) from None
    if data is None:
        raise HTTPException(404)
    return data


async def _check(request: Request, asked: Asked) -> Checked:
    """Check it; 503 while the store is away."""
    try:
        return await check(services_of(request), asked, datetime.now(UTC))
    except TemporaryFailure:
        raise HTTPException(503) from None


def _locale(request: Request, asked: Asked | None = None) -> Locale:
    """A visitor's browser decides the language, and the organisation's zone the time."""
    language = accepted_language(request.headers.get("accept-language", ""))
    return Locale(language, asked.camera.organisation.time_zone) if asked else Locale(language)


def _title(engines: Engines, asked: Asked, language: str) -> str:
    """What users call the engine, or its bare name when it is not installed any more."""
    if asked.manifest is None:
        return ""
    name = asked.manifest.engine
    return str(engines.info(name).titles[language]) if name in engines.names else name


def _file_name(asked: Asked) -> str:
    return f"nigiwai-{asked.camera.public_id}-{asked.name[:15]}"


def _file(data: bytes, kind: str, name: str) -> Response:
    return Response(data, media_type=kind, headers=_attached(name))


def _attached(name: str) -> dict[str, Any]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
