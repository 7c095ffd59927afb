"""The description (OpenAPI 3.1) says what is served: every route, parameter and field."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest

from tests.builders import counted, make_camera, make_group
from tests.people import Person
from webapp.access import Access
from webapp.domain.api_tokens import Scope
from webapp.models import Organisation
from webapp.urls import ENTRIES

RANGE = "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
SERVED = [entry.path for entry in ENTRIES if entry.access is Access.TOKEN]


async def described(person: Person) -> dict[str, Any]:
    answer = await person.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    return said


async def test_every_route_for_programs_is_described(anonymous: Person) -> None:
    said = await described(anonymous)
    assert said["openapi"].startswith("3.1")
    assert list(said["paths"]) == SERVED
    names = [path["get"]["operationId"] for path in said["paths"].values()]
    assert len(set(names)) == len(names)
    scopes = {
        scope
        for path in said["paths"].values()
        for one in path["get"]["security"]
        for scope in one["token"]
    }
    assert scopes == set(Scope)


@pytest.mark.parametrize("path", SERVED)
async def test_every_field_of_an_answer_is_described_and_there(
    path: str, anonymous: Person, program: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(3))
    group = await make_group(organisation, "駅前", [camera])
    said = await described(anonymous)
    operation = said["paths"][path]["get"]
    asked = path.replace("{camera}", camera.public_id).replace("{group}", group.public_id)
    good = await program.get(asked + (RANGE if asked.endswith("/history") else ""))
    bad = await program.get(f"{asked}?nonsense=1")
    for answer, media in ((good, "application/json"), (bad, "application/problem+json")):
        content = operation["responses"][str(answer.status_code)]["content"]
        assert list(content) == [media] == [answer.headers["content-type"].partition(";")[0]]
        schema = {**content[media]["schema"], "components": said["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        assert validator.is_valid(answer.json()), list(validator.iter_errors(answer.json()))
    named = {one["name"] for one in operation["parameters"]}
    assert set(re.findall(r"{(\w+)}", path)) <= named


async def test_what_is_described_is_all_that_may_be_asked(anonymous: Person) -> None:
    said = await described(anonymous)
    parameters = {
        (path.rpartition("/")[2], one["name"])
        for path, item in said["paths"].items()
        for one in item["get"]["parameters"]
        if one["in"] == "query"
    }
    assert parameters == {
        *((part, name) for part in ("cameras", "groups", "state") for name in ("limit", "after")),
        *(("history", name) for name in ("from", "to", "step")),
        ("dated", "date"),
    }


async def test_it_is_a_valid_description(anonymous: Person) -> None:
    """Every reference leads somewhere, and every schema is one of JSON Schema 2020-12."""
    said = await described(anonymous)
    schemas = said["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', str(said).replace("'", '"')))
    assert references == set(schemas)
    for schema in schemas.values():
        jsonschema_rs.meta.validate({**schema, "components": said["components"]})
