"""What every operation of the read API has in common: one definition that also describes it.

1. A token that may ask (``gate``), or 401, 403, 429.
2. The address is read (``parameters``), or 422 with every parameter that cannot be used.
3. The work: it loads what the path names by the token's organisation, or 404.
4. The answer, with an ETag: whoever has it already gets 304.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from webapp.access import PUBLIC_ID
from webapp.api.gate import admit
from webapp.api.parameters import Nothing, Query, read_query
from webapp.api.problems import Problem, locale_of, response_of
from webapp.api.schemas import Answer
from webapp.domain.api_tokens import Scope
from webapp.http import services_of
from webapp.i18n import N_, Locale
from webapp.models import Camera, CameraGroup, Organisation
from webapp.services import Services

NOT_FOUND = N_("見つかりません。識別子を確認してください。削除されたのかもしれません。")
Row = TypeVar("Row")

# Seconds for which an answer stays true: what is now, and what was.
NOW, THEN = 0, 300


@dataclass(frozen=True, slots=True)
class Call:
    """One question: who asks, in which language and zone, with which parameters, and when."""

    request: Request
    organisation: Organisation
    query: Any
    locale: Locale
    at: datetime

    @property
    def services(self) -> Services:
        """The parts this process was built with."""
        return services_of(self.request)

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's zone."""
        return ZoneInfo(self.organisation.time_zone)

    def local(self, at: datetime | None) -> datetime | None:
        """An instant as answers have it: in the organisation's zone, to the second."""
        return at and at.astimezone(self.zone).replace(microsecond=0)

    async def camera(self, *also: str) -> Camera:
        """The camera that the path names, with ``latest`` and what else; 404 if it is no such."""
        rows = Camera.filter(public_id=self._id(), organisation_id=self.organisation.id)
        return _found(await rows.select_related("latest", *also).first())

    async def group(self) -> CameraGroup:
        """The group that the path names; 404 if it is no such."""
        rows = CameraGroup.filter(public_id=self._id(), organisation_id=self.organisation.id)
        return _found(await rows.first())

    async def thing(self) -> Camera | CameraGroup:
        """The camera or the group that the path names."""
        return await (self.group() if "group" in self.request.path_params else self.camera())

    def _id(self) -> str:
        [given] = self.request.path_params.values()
        return given if PUBLIC_ID.fullmatch(given) else ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as ``webapp.urls`` serves and ``openapi`` describes it.

    ``scope`` None: any token may ask. ``fresh`` is for how many seconds an answer may be kept
    without asking again.
    """

    name: str
    summary: str
    work: Callable[[Call], Awaitable[Answer]]
    answers: type[Answer]
    takes: type[Query] = Nothing
    scope: Scope | None = None
    fresh: int = NOW

    async def respond(self, request: Request) -> Response:
        """Answer a request."""
        at = datetime.now(UTC)
        try:
            token = await admit(request, services_of(request), self.scope, at)
            organisation = token.organisation
            locale = locale_of(request, organisation.time_zone)
            query = read_query(self.takes, request.query_params)
            answer = await self.work(Call(request, organisation, query, locale, at))
        except Problem as problem:
            return response_of(request, problem)
        body = answer.model_dump_json().encode()
        headers = {
            "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
            "Cache-Control": f"private, max-age={self.fresh}"
            if self.fresh
            else "private, no-cache",
            "Content-Language": locale.language,
            "Vary": "Authorization, Accept-Language",
        }
        if _knows(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)


def _found(row: Row | None) -> Row:
    if row is None:
        raise Problem(404, "not_found", NOT_FOUND)
    return row


def _knows(request: Request, tag: str) -> bool:
    """Whether the program has this very answer already."""
    given = request.headers.get("if-none-match", "")
    return tag in (one.strip() for one in given.split(","))
