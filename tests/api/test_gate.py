"""Who may ask the read API: scopes, ends, revoking, limits; and where a token is never found."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from starlette.applications import Starlette

from tests.api.conftest import bearer
from tests.builders import make_api_token, make_camera
from tests.people import Person, visitor
from tests.rows import every_row
from webapp.app import build_app
from webapp.domain.api_tokens import PREFIX, Scope
from webapp.embeds.visitors import Shares
from webapp.models import ApiToken, Camera, Organisation
from webapp.services import Services
from webapp.tokens import token_hash

CAMERA = "camera000001"
RANGE = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
PATHS = {
    Scope.STATE: ("/api/v1/cameras/state", f"/api/v1/cameras/{CAMERA}/state"),
    Scope.HISTORY: (f"/api/v1/cameras/{CAMERA}/history?{RANGE}",),
    Scope.FORECAST: (
        f"/api/v1/cameras/{CAMERA}/forecast/weekly",
        f"/api/v1/cameras/{CAMERA}/forecast/dated",
    ),
}


@pytest.fixture(autouse=True)
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, public_id=CAMERA)


@pytest.mark.parametrize("scope", Scope)
async def test_a_token_reads_what_its_scopes_say(
    scope: Scope, anonymous: Person, organisation: Organisation
) -> None:
    headers = bearer(await make_api_token(organisation, scope))
    assert (await anonymous.get("/api/v1/cameras", headers=headers)).status_code == 200
    for needed, paths in PATHS.items():
        for path in paths:
            answer = await anonymous.get(path, headers=headers)
            assert answer.status_code == (200 if needed is scope else 403), path
            if needed is not scope:
                assert answer.json()["code"] == "insufficient_scope"
                assert f'scope="{needed}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("Bearer", "token_missing"),
        ("Bearer ", "token_missing"),
        ("Basic dXNlcjpwYXNz", "token_missing"),
        (f"Bearer {PREFIX}{'x' * 43}", "token_invalid"),
        (f"Bearer {PREFIX}", "token_invalid"),
        ("Bearer x", "token_invalid"),
        (f"Bearer {'x' * 5000}", "token_invalid"),
        ("Bearer é\x01", "token_invalid"),
        ("Bearer ' OR 1=1 --", "token_invalid"),
    ],
)
async def test_without_a_good_token_there_is_a_challenge(
    header: str | None, code: str, anonymous: Person
) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = await anonymous.get("/api/v1/cameras", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_problem_is_told_in_the_callers_language(anonymous: Person) -> None:
    said = {}
    for language in ("ja", "en-GB", "fr"):
        headers = {"Accept-Language": language}
        answer = await anonymous.get("/api/v1/cameras", headers=headers)
        said[language] = answer.json()["detail"], answer.headers["content-language"]
    assert said["en-GB"][0].startswith("A token is needed.")
    assert said["ja"] == said["fr"]
    assert (said["ja"][1], said["en-GB"][1]) == ("ja", "en")


async def test_it_ends_when_it_says(anonymous: Person, organisation: Organisation) -> None:
    end = datetime(2026, 4, 1, 15, tzinfo=UTC)
    headers = bearer(await make_api_token(organisation, expires_at=end))
    for at, status in ((end - timedelta(seconds=1), 200), (end, 401)):
        with time_machine.travel(at, tick=False):
            assert (await anonymous.get("/api/v1/cameras", headers=headers)).status_code == status


async def test_a_revoked_one_opens_nothing_at_the_very_next_request(
    program: Person, alice: Person
) -> None:
    assert (await program.get("/api/v1/cameras")).status_code == 200
    token = await ApiToken.get()
    await alice.send_form(f"/organisation/tokens/{token.public_id}/revoke")
    answer = await program.get("/api/v1/cameras")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_a_suspended_organisation_reads_nothing(
    program: Person, organisation: Organisation
) -> None:
    await Organisation.filter(id=organisation.id).update(suspended_at=datetime.now(UTC))
    answer = await program.get("/api/v1/cameras")
    assert (answer.status_code, answer.json()["code"]) == (403, "suspended")


async def test_a_cookie_opens_nothing_and_closes_nothing(alice: Person, program: Person) -> None:
    assert (await alice.get("/api/v1/cameras")).status_code == 401
    both = await alice.get("/api/v1/cameras", headers=dict(program.headers))
    assert both.status_code == 200
    assert "set-cookie" not in both.headers


async def test_its_use_is_written_down_once_a_minute(program: Person) -> None:
    at = datetime(2026, 4, 1, 12, tzinfo=UTC)
    for seconds, known in ((0, 0), (59, 0), (60, 60), (90, 60)):
        with time_machine.travel(at + timedelta(seconds=seconds), tick=False):
            await program.get("/api/v1/cameras")
            used = (await ApiToken.get()).last_used_at
            assert used == at + timedelta(seconds=known)


async def test_one_token_has_its_share_of_a_minute(
    services: Services, organisation: Organisation
) -> None:
    settings = services.settings.model_copy(update={"api_calls_a_minute": 3})
    app: Starlette = build_app(replace(services, settings=settings, api_shares=Shares(3)))
    async with visitor(app) as client:
        greedy = bearer(await make_api_token(organisation, Scope.HISTORY))
        # What is refused is a call as well: whoever tries scopes is slowed down.
        paths = ("/api/v1/cameras", "/api/v1/cameras/state", "/api/v1/groups", "/api/v1/cameras")
        answers = [await client.get(path, headers=greedy) for path in paths]
        assert [answer.status_code for answer in answers] == [200, 403, 200, 429]
        assert answers[-1].headers["retry-after"] == "60"
        assert "3" in answers[-1].json()["detail"]
        other = bearer(await make_api_token(organisation, name="もう1つ"))
        assert (await client.get("/api/v1/cameras", headers=other)).status_code == 200


async def test_a_token_is_nowhere_but_with_its_owner(
    alice: Person, anonymous: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """At rest there is its hash, on pages its last letters, in logs nothing (TRUST 30)."""
    caplog.set_level(logging.DEBUG)
    form = {"name": "案内板", "scope": ["state:read", "history:read"]}
    page = await alice.send_form("/organisation/tokens", **form)
    [token] = [part for part in page.text.split('"') if part.startswith(PREFIX) and "…" not in part]
    assert (await anonymous.get("/api/v1/cameras", headers=bearer(token))).status_code == 200
    await anonymous.get("/api/v1/cameras", headers=bearer(token[:-1]))
    await anonymous.get(f"/api/v1/cameras/state?token={token}", headers=bearer(token))
    rows = str(every_row("sqlite", "identity_sqlite"))
    assert token_hash(token) in rows
    assert token.removeprefix(PREFIX)[:20] not in rows
    assert token.removeprefix(PREFIX)[:20] not in caplog.text
    assert token not in (await alice.get("/organisation/tokens")).text
    assert token not in (await alice.get("/organisation/audit")).text


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/cameras"])
async def test_what_is_not_there_says_so_to_programs(path: str, program: Person) -> None:
    answer = await program.get(path)
    assert answer.status_code == 404
    if path != "/api":
        assert answer.headers["content-type"] == "application/problem+json"


async def test_only_reading_is_offered(program: Person) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await program.request(method, "/api/v1/cameras", content=b"x" * 100)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
        assert answer.json()["code"] == "method_not_allowed"
    assert (await program.head("/api/v1/cameras")).status_code == 200
