"""``/healthz`` says what the screens say: nothing that is old counts as known (M7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette

from tests.builders import counted, make_camera, make_embed, make_group, make_variant
from tests.people import Person, visitor
from webapp import heartbeat
from webapp.database import close_database
from webapp.models import Organisation, Site


async def test_a_living_camera_with_its_public_count(
    anonymous: Person, organisation: Organisation
) -> None:
    now = datetime.now(UTC)
    await heartbeat.beat("one", now)
    camera = await make_camera(organisation, latest=counted(6, now, "masked/a/1.jpg"))
    await make_embed(camera)
    body = (await anonymous.get("/healthz")).json()
    assert (body["status"], body["workers"]) == ("ok", 1)
    [entry] = body["cameras"]
    assert (entry["state"], entry["count"]) == ("ok", 6)
    assert 0 <= entry["picture_age_seconds"] < 30


async def test_a_count_that_an_embed_hides_or_none_shows_is_not_there(
    anonymous: Person, organisation: Organisation
) -> None:
    hidden = await make_camera(organisation, latest=counted(7))
    await make_variant(await make_embed(hidden), counts=False)
    await make_camera(organisation, "裏口", latest=counted(7))
    entries = (await anonymous.get("/healthz")).json()["cameras"]
    assert len(entries) == 2
    assert all("count" not in entry for entry in entries)


@pytest.mark.parametrize("where", ["site", "embed"])
async def test_a_count_that_a_group_hides_is_not_there(
    anonymous: Person, organisation: Organisation, where: str
) -> None:
    camera = await make_camera(organisation, latest=counted(7))
    await make_embed(camera)
    group = await make_group(organisation, "駅前", [camera])
    if where == "site":
        await Site.create(organisation=organisation, group=group, name="駅前", options={})
    else:
        await make_variant(await make_embed(group), counts=False)
    [entry] = (await anonymous.get("/healthz")).json()["cameras"]
    assert ("count" in entry) is False


async def test_an_old_answer_is_no_longer_known(
    anonymous: Person, organisation: Organisation
) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    camera = await make_camera(organisation, latest=counted(6, at, "masked/a/1.jpg"))
    await make_embed(camera)
    body = (await anonymous.get("/healthz")).json()
    assert body["status"] == "degraded", "no worker gives a sign of life"
    [entry] = body["cameras"]
    assert (entry["state"], entry["count"]) == ("missed", None)
    assert entry["picture_age_seconds"] > 10_000


async def test_a_camera_without_a_picture_has_no_age(
    anonymous: Person, organisation: Organisation
) -> None:
    await make_camera(organisation, latest=counted(6))
    [entry] = (await anonymous.get("/healthz")).json()["cameras"]
    assert entry["picture_age_seconds"] is None


async def test_without_a_database_it_says_so_whatever_cookie_comes(
    alice: Person, app: Starlette
) -> None:
    await close_database()
    response = await alice.get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "no database"


async def test_a_crash_is_answered_with_all_the_headers(app: Starlette, alice: Person) -> None:
    await close_database()
    async with visitor(app) as anonymous:
        assert (await anonymous.get("/signed-out")).status_code == 200
    response = await alice.get("/cameras")
    assert response.status_code == 500
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "max-age=" in response.headers["strict-transport-security"]
    assert response.headers["cache-control"] == "no-store"
