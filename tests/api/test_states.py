"""Lists and states: what embeds and screens say, in pages, in a fixed number of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tortoise.backends.sqlite.client import SqliteClient

from tests.builders import counted, lost, make_camera, make_embed, make_group
from tests.people import Person
from webapp.api.schemas import Word
from webapp.cameras.selection import KINDS
from webapp.domain.health import CameraState
from webapp.models import Alert, AlertState, Camera, Organisation


def test_programs_know_every_state_that_people_see() -> None:
    assert set(Word) == set(KINDS)


async def state_of(program: Person, camera: Camera) -> dict[str, Any]:
    answer = await program.get(f"/api/v1/cameras/{camera.public_id}/state")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_a_camera_says_how_it_is(program: Person, organisation: Organisation) -> None:
    at = datetime.now(UTC)
    change = at + timedelta(hours=3)
    camera = await make_camera(organisation, latest=counted(3, at), opening_changes_at=change)
    said = await state_of(program, camera)
    analysed, changes = said.pop("analysed_at"), said.pop("opening_changes_at")
    assert said == {
        "id": camera.public_id,
        "name": "正面入口",
        "kind": "camera",
        "state": "done",
        "text": "Analysed",
        "is_deciding": False,
        "count": 3,
        "at_least": False,
        "is_open": True,
        "time_zone": "Asia/Tokyo",
    }
    assert analysed.endswith("+09:00")
    assert datetime.fromisoformat(analysed) == at.replace(microsecond=0)
    assert datetime.fromisoformat(changes) == change.replace(microsecond=0)


@pytest.mark.parametrize(
    ("latest", "fields", "state"),
    [
        (lost(), {}, "unknown"),
        (counted(3, datetime(2026, 1, 1, tzinfo=UTC)), {}, "unknown"),
        (counted(3), {"is_open": False}, "closed"),
        (counted(3), {"stopped": "ended"}, "stopped"),
        ({}, {}, "waiting"),
        (lost(CameraState.BAD_PICTURE, 1), {}, "unknown"),
    ],
)
async def test_what_is_not_known_is_null_and_never_nought(
    latest: dict[str, Any],
    fields: dict[str, Any],
    state: str,
    program: Person,
    organisation: Organisation,
) -> None:
    said = await state_of(program, await make_camera(organisation, latest=latest, **fields))
    assert (said["state"], said["count"]) == (state, None)
    assert said["is_open"] is fields.get("is_open", True)


@pytest.mark.parametrize(
    ("count", "stage", "state", "is_deciding"),
    [(0, 1, "free", False), (5, 2, "some", False), (12, 3, "busy", False), (12, 1, "free", True)],
)
async def test_with_an_alert_the_smoothed_state_is_told(
    count: int,
    stage: int,
    state: str,
    is_deciding: bool,
    program: Person,
    anonymous: Person,
    organisation: Organisation,
) -> None:
    camera = await make_camera(organisation, latest=counted(count))
    alert = await Alert.create(organisation=organisation, camera=camera, thresholds=[4, 10])
    await AlertState.create(organisation=organisation, alert=alert, stage=stage)
    said = await state_of(program, camera)
    assert (said["state"], said["count"], said["is_deciding"]) == (state, count, is_deciding)
    embed = await anonymous.get(
        f"{await make_embed(camera)}.json", headers={"Accept-Language": "en"}
    )
    assert (embed.json()["state"], embed.json()["text"]) == (said["state"], said["text"])


async def test_a_group_is_the_sum_and_says_when_some_is_missing(
    program: Person, organisation: Organisation
) -> None:
    at = datetime.now(UTC)
    known = await make_camera(organisation, latest=counted(3, at))
    missing = await make_camera(organisation, name="裏口", latest=lost())
    group = await make_group(organisation, "駅前", [known, missing])
    answer = await program.get(f"/api/v1/groups/{group.public_id}/state")
    said = answer.json()
    assert (said["kind"], said["count"], said["at_least"]) == ("group", 3, True)
    assert (said["state"], said["is_open"]) == ("done", True)
    assert datetime.fromisoformat(said["analysed_at"]) == at.replace(microsecond=0)
    empty = await make_group(organisation, "空")
    said = (await program.get(f"/api/v1/groups/{empty.public_id}/state")).json()
    assert (said["state"], said["count"], said["at_least"]) == ("waiting", None, False)
    every = (await program.get("/api/v1/groups/state")).json()["items"]
    assert [one["id"] for one in every] == sorted([group.public_id, empty.public_id])


async def test_lists_come_in_pages_without_a_gap(
    program: Person, organisation: Organisation, other_organisation: Organisation
) -> None:
    cameras = [await make_camera(organisation, f"カメラ{number}") for number in range(7)]
    groups = [await make_group(organisation, f"{number}", cameras[:2]) for number in range(5)]
    await make_group(other_organisation, "x", [await make_camera(other_organisation)])
    wanted = {
        "/api/v1/cameras": cameras,
        "/api/v1/cameras/state": cameras,
        "/api/v1/groups": groups,
        "/api/v1/groups/state": groups,
    }
    for path, things in wanted.items():
        found: list[str] = []
        after = ""
        while after is not None:
            said = (await program.get(path, params={"limit": "3", "after": after})).json()
            assert len(said["items"]) <= 3
            found += [item["id"] for item in said["items"]]
            after = said["next"]
        assert found == sorted(thing.public_id for thing in things), path
        whole = (await program.get(path)).json()
        assert ([item["id"] for item in whole["items"]], whole["next"]) == (found, None)
    first = (await program.get("/api/v1/groups")).json()["items"][0]
    assert first["cameras"] == [camera.public_id for camera in cameras[:2]]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e2", "limit"),
        ("limit=%D9%A3", "limit"),
        (f"limit={'9' * 400}", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("after=%00", "after"),
        ("after=A", "after"),
        ("after=abc%0A", "after"),
        (f"after={'a' * 17}", "after"),
        ("page=2", "page"),
        ("%00%E2%80%AE=2", ""),
    ],
)
async def test_an_odd_part_of_a_list_is_refused_by_name(
    query: str, parameter: str, program: Person
) -> None:
    for path in ("cameras", "groups", "cameras/state", "groups/state"):
        answer = await program.get(f"/api/v1/{path}?{query}")
        assert answer.status_code == 422
        assert answer.json()["code"] == "bad_parameters"
        [wrong] = answer.json()["parameters"]
        assert wrong["name"] == parameter
        assert wrong["detail"]


@pytest.mark.parametrize("given", ["unknown00000", "x" * 100, "UPPER", "%00", "..", "'--", "é"])
async def test_what_there_is_not_is_not_found(given: str, program: Person) -> None:
    for path in ("cameras/{}/state", "groups/{}/state", "cameras/{}/forecast/weekly"):
        answer = await program.get(f"/api/v1/{path.format(given)}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_answer_that_is_known_is_not_sent_again(
    program: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, latest=counted(3))
    path = f"/api/v1/cameras/{camera.public_id}/state"
    first = await program.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Accept-Language"} <= set(first.headers["vary"].split(", "))
    known = {"If-None-Match": f'"x", {first.headers["etag"]}'}
    again = await program.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (await program.get(path, headers={**known, "Accept-Language": "ja"})).status_code == 200
    await Camera.filter(id=camera.id).update(name="東口")
    assert (await program.get(path, headers=known)).status_code == 200


@pytest.mark.parametrize("path", ["cameras", "cameras/state", "groups", "groups/state"])
async def test_the_number_of_queries_does_not_grow(
    path: str, program: Person, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    plain = SqliteClient.execute_query

    async def counting(self: SqliteClient, query: str, values: list | None = None) -> object:
        asked.append(query)
        return await plain(self, query, values)

    async def ask() -> int:
        monkeypatch.setattr(SqliteClient, "execute_query", counting)
        asked.clear()
        assert (await program.get(f"/api/v1/{path}")).status_code == 200
        monkeypatch.setattr(SqliteClient, "execute_query", plain)
        return len(asked)

    cameras = [await make_camera(organisation, latest=counted())]
    await make_group(organisation, "0", cameras)
    await program.get("/api/v1/cameras")  # the use of this minute is written down
    few = await ask()
    for number in range(30):
        cameras.append(await make_camera(organisation, f"{number}", latest=counted()))
        await make_group(organisation, f"{number}", cameras[-3:])
    assert await ask() == few <= 7
