"""The read API on PostgreSQL: the same answers, and no more tokens at once than there may be."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import time_machine

from tests.api.conftest import bearer
from tests.builders import counted, make_api_token, make_camera, make_group
from tests.history.conftest import make_past
from tests.people import NO_PROVIDER, ORIGIN, hire, sign_in, visitor
from webapp.app import build_app
from webapp.domain.api_tokens import MOST_TOKENS
from webapp.models import ApiToken, Organisation, Role
from webapp.plugins import Engines
from webapp.services import Services, build_services
from webapp.settings import Settings
from webapp.urls import ENTRIES, Access

NOW = datetime(2026, 11, 27, 3, 7, tzinfo=UTC)  # 12:07 in Tokyo
RANGE = {"from": "2026-11-27T09:00:00+09:00", "to": "2026-11-27T12:00:00+09:00"}


@pytest.fixture
def services(postgres: Settings, engines: Engines) -> Services:
    named = {"origin": ORIGIN, "identity_origin": NO_PROVIDER}
    return build_services(postgres.model_copy(update=named), engines)


@time_machine.travel(NOW, tick=False)  # what is older than a year is not kept
async def test_every_operation_answers(services: Services) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    camera = await make_camera(organisation, latest=counted(3))
    await make_past(camera, datetime(2026, 11, 27, 1, 0, tzinfo=UTC), [4] * 15 + [None] * 15)
    group = await make_group(organisation, "駅前", [camera])
    headers = bearer(await make_api_token(organisation))
    async with visitor(build_app(services)) as program:
        for entry in ENTRIES:
            if entry.access is not Access.TOKEN:
                continue
            path = entry.path.replace("{camera}", camera.public_id)
            path = path.replace("{group}", group.public_id)
            query = RANGE if path.endswith("/history") else {}
            answer = await program.get(path, params=query, headers=headers)
            assert answer.status_code == 200, (path, answer.text)
            if entry.path == "/api/v1/cameras/{camera}/history":
                [item] = answer.json()["items"]
                assert (item["starts_at"], item["mean"]) == ("2026-11-27T10:00:00+09:00", 4.0)
        page = await program.get("/api/v1/cameras/state", params={"after": "0"}, headers=headers)
        assert [item["id"] for item in page.json()["items"]] == [camera.public_id]


async def test_there_are_no_more_tokens_than_there_may_be(services: Services) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    for number in range(MOST_TOKENS - 1):
        await make_api_token(organisation, name=f"{number}")
    app = build_app(services)
    async with await sign_in(app, await hire(organisation, "Alice", Role.ADMIN)) as alice:
        form = {"scope": "state:read"}
        answers = await asyncio.gather(
            *(alice.send_form("/organisation/tokens", **form, name=f"同{n}") for n in range(5))
        )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    assert await ApiToken.all().count() == MOST_TOKENS
