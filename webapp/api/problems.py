"""What the read API says when it cannot answer: problem+json (RFC 9457), in two languages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapp.i18n import N_, Locale, accepted_language

API = "/api/"
MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="nigiwai"'

# What stands for an HTTP status that no operation has a word of its own for: code and detail.
_OF_HTTP = {
    404: ("not_found", N_("このアドレスには何もありません。OpenAPIの記述を確認してください。")),
    405: ("method_not_allowed", N_("APIは読み取り専用です。GETを使ってください。")),
    413: ("too_large", N_("要求が大きすぎます。")),
}
_OTHERWISE = ("error", N_("処理中に問題が起きました。しばらくしてからもう一度お試しください。"))


@dataclass(frozen=True, slots=True)
class Wrong:
    """A parameter that cannot be used, and the message id of why."""

    parameter: str
    detail: str


@dataclass(eq=False, slots=True)
class Problem(Exception):
    """Why there is no answer.

    ``code`` is for programs and never changes; ``detail`` is a message id, filled with ``values``.
    """

    status: int
    code: str
    detail: str
    values: Mapping[str, Any] = field(default_factory=dict)
    wrong: Sequence[Wrong] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def locale_of(request: Request, time_zone: str = "UTC") -> Locale:
    """The language that the program asks for; Japanese when it says nothing."""
    return Locale(accepted_language(request.headers.get("accept-language", "")), time_zone)


def response_of(request: Request, problem: Problem) -> Response:
    """The problem as an answer."""
    locale = locale_of(request)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": locale.text(problem.detail, problem.values),
    }
    if problem.wrong:
        body["parameters"] = [
            {"name": one.parameter, "detail": locale.text(one.detail, problem.values)}
            for one in problem.wrong
        ]
    return Response(
        json.dumps(body, ensure_ascii=False),
        problem.status,
        media_type=MEDIA_TYPE,
        headers={
            "Content-Language": locale.language,
            "Cache-Control": "no-store",
            "Vary": "Authorization, Accept-Language",
            **problem.headers,
        },
    )


def of_http(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to an error of HTTP below ``/api/``: no such address, no such method, a crash."""
    code, detail = _OF_HTTP.get(status, _OTHERWISE)
    return response_of(request, Problem(status, code, detail, headers=headers or {}))
