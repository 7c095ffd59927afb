"""The description of the read API (OpenAPI 3.1), made from the operations that are served."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from webapp.api.operation import Operation
from webapp.api.problems import MEDIA_TYPE
from webapp.api.schemas import ProblemAnswer
from webapp.domain.api_tokens import Scope
from webapp.http import services_of

VERSION = "1.0.0"
_ABOUT = """\
Read how busy the cameras and groups of an organisation are, were and will be.

Tokens are made by admins in 組織設定; each call brings one as `Authorization: Bearer …`. What is \
not known is null or absent, and never 0. Keep tokens on a server: whoever has one reads all of \
the organisation's counts. Pages for the public use the JSON of an embed instead. Calls are not \
metered as views; they are limited a minute and token (429, `Retry-After`).\
"""
_PROBLEMS = {
    "401": "No token, or one that is wrong, revoked or past its end.",
    "403": "The token lacks the scope, or the organisation is suspended.",
    "404": "The organisation has no such camera or group.",
    "422": "Parameters that cannot be used; each is named, with why.",
    "429": "Too many calls in a minute.",
}
_HEADERS = {
    "401": {"WWW-Authenticate": "How to bring a token (RFC 6750)."},
    "429": {"Retry-After": "Seconds to wait."},
}


async def description(request: Request) -> Response:
    """Answer the description to anybody: it says nothing of any organisation."""
    state = request.app.state
    if not hasattr(state, "api_description"):
        origin = services_of(request).settings.origin
        state.api_description = describe(request.app.routes, origin)
    return JSONResponse(
        state.api_description,
        headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )


def describe(routes: Iterable[BaseRoute], origin: str) -> dict[str, Any]:
    """The description of the operations among these routes."""
    served = dict(_operations(routes))
    models = {one.answers for one in served.values()} | {ProblemAnswer}
    _, schemas = models_json_schema(
        [(model, "serialization") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Nigiwai read API",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": origin}],
        "security": [{"token": []}],
        "paths": {path: {"get": _get(path, one)} for path, one in served.items()},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Scopes: " + ", ".join(Scope),
                }
            },
        },
    }


def _operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, Operation]]:
    for route in routes:
        owner = getattr(route.endpoint, "__self__", None) if isinstance(route, Route) else None
        if isinstance(route, Route) and isinstance(owner, Operation):
            yield route.path, owner


def _get(path: str, operation: Operation) -> dict[str, Any]:
    scope = operation.scope
    named = re.findall(r"{(\w+)}", path)
    query = operation.takes.model_json_schema(mode="validation")
    needed = query.get("required", [])
    problems = {status: text for status, text in _PROBLEMS.items() if status != "404" or named}
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Needs the scope `{scope}`." if scope else "Any token will do.",
        "security": [{"token": [scope.value] if scope else []}],
        "parameters": [
            *(_in_path(name) for name in named),
            *(
                _in_query(name, schema, query, is_needed=name in needed)
                for name, schema in query["properties"].items()
            ),
            _LANGUAGE,
        ],
        "responses": {
            "200": {
                "description": "The answer.",
                "headers": {"ETag": _header("For `If-None-Match`.")},
                "content": {"application/json": {"schema": _ref(operation.answers)}},
            },
            "304": {"description": "It is what `If-None-Match` names."},
            **{status: _problem(status, text) for status, text in problems.items()},
        },
    }


_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "`ja` or `en`: the language of words and problems.",
    "schema": {"type": "string", "default": "ja"},
}


def _in_path(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": "Its id.",
        "schema": {"type": "string", "pattern": "^[a-z0-9]{1,16}$"},
    }


def _in_query(
    name: str, schema: dict[str, Any], model: dict[str, Any], *, is_needed: bool
) -> dict[str, Any]:
    schema = {key: value for key, value in schema.items() if key != "title"}
    said = schema.pop("description")
    if "$ref" in schema:  # the steps: written out, as parameters have no other use for them
        named = model["$defs"][schema.pop("$ref").rpartition("/")[2]]
        schema |= {"type": named["type"], "enum": named["enum"]}
    if schema.get("default", "") is None:
        del schema["default"]
    return {
        "name": name,
        "in": "query",
        "required": is_needed,
        "description": said,
        "schema": schema,
    }


def _problem(status: str, text: str) -> dict[str, Any]:
    headers = {name: _header(said) for name, said in _HEADERS.get(status, {}).items()}
    return {
        "description": text,
        **({"headers": headers} if headers else {}),
        "content": {MEDIA_TYPE: {"schema": _ref(ProblemAnswer)}},
    }


def _header(said: str) -> dict[str, Any]:
    return {"description": said, "schema": {"type": "string"}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
