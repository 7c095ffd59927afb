"""Two admins at once: the second is told, and nothing is overwritten in silence (S9)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.builders import counted, make_camera
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.audit.actions import Action
from webapp.models import AuditEntry, Camera, Organisation
from webapp.services import Services
from webapp.versions import version_of

FILE = {"name": "西口", "connector": "file", "path": "west.mp4"}


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    sealed = services.sealer.seal({"path": "east.mp4"})
    return await make_camera(organisation, latest=counted(), sealed=sealed)


async def version(alice: Person, path: str) -> str:
    return str(one(await alice.get(path), "input[name=version]")["value"])


async def test_the_second_connection_is_told_and_keeps_what_was_typed(
    alice: Person, services: Services, camera: Camera
) -> None:
    path = f"/cameras/{camera.public_id}/edit"
    old = await version(alice, path)
    assert (await alice.save(path, **{**FILE, "name": "北口"})).status_code == 303
    answer = await alice.send_form(path, version=old, **{**FILE, "path": "mine.mp4"})
    assert answer.status_code == 409
    told = text_of(answer, "#changed-meanwhile")
    assert "ほかの管理ユーザが設定を変更しました" in told
    assert "北口" in told
    assert one(answer, "#name")["value"] == "西口"
    assert one(answer, "#path")["value"] == "mine.mp4"
    assert "data-unsaved" in one(answer, "main form").attrs
    kept = await Camera.get(id=camera.id)
    assert (kept.name, services.sealer.unseal(kept.source)) == ("北口", {"path": "west.mp4"})
    # Saving once more is done knowingly.
    again = str(one(answer, "input[name=version]")["value"])
    assert (await alice.send_form(path, version=again, **FILE)).status_code == 303
    assert (await Camera.get(id=camera.id)).name == "西口"


async def test_a_camera_is_removed_once_however_often_it_is_pressed(
    alice: Person, camera: Camera
) -> None:
    path = f"/cameras/{camera.public_id}/delete"
    answers = await asyncio.gather(*(alice.send_form(path) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {303, 404}
    assert not await Camera.exists()
    assert await AuditEntry.filter(action=Action.CAMERA_REMOVED).count() == 1


async def test_the_second_mode_is_told(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}/mode"
    old = await version(alice, path)
    assert (await alice.save(path, engine="detailed", level="5")).status_code == 303
    answer = await alice.send_form(path, version=old, engine="wide", level="2")
    assert answer.status_code == 409
    told = text_of(answer, "#changed-meanwhile")
    assert "詳細" in told
    assert "5" in told
    assert one(answer, "input[name=engine][checked]")["value"] == "wide"
    kept = await Camera.get(id=camera.id)
    assert (kept.engine, kept.level) == ("detailed", 5)


async def test_an_error_does_not_hide_what_somebody_else_saved(
    alice: Person, camera: Camera
) -> None:
    path = f"/cameras/{camera.public_id}/edit"
    old = await version(alice, path)
    await alice.save(path, **{**FILE, "name": "北口"})
    refused = await alice.send_form(path, version=old, **{**FILE, "name": ""})
    assert refused.status_code == 422
    assert one(refused, "input[name=version]")["value"] == old
    assert (await alice.send_form(path, version=old, **FILE)).status_code == 409


async def test_other_tabs_do_not_get_in_the_way(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}"
    old = await version(alice, f"{path}/edit")
    await alice.save(f"{path}/mode", engine="wide", level="3")
    assert (await alice.send_form(f"{path}/edit", version=old, **FILE)).status_code == 303
    kept = await Camera.get(id=camera.id)
    assert (kept.name, kept.engine) == ("西口", "wide")


async def test_the_second_name_is_told_and_confirmed(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}/rename"
    assert (await alice.send_htmx(path, name="北口", was="正面入口")).status_code == 200
    told = await alice.send_htmx(path, name="東口", was="正面入口")
    assert told.status_code == 409
    assert "名前を「北口」に変更しました" in text_of(told, ".invalid-feedback")
    assert one(told, "input[name=name]")["value"] == "東口"
    assert (await Camera.get(id=camera.id)).name == "北口"
    was = str(one(told, "input[name=was]")["value"])
    assert (await alice.send_htmx(path, name="東口", was=was)).status_code == 200
    assert (await Camera.get(id=camera.id)).name == "東口"


async def test_a_form_of_nobodys_is_told_too(alice: Person, camera: Camera) -> None:
    answer = await alice.send_form(f"/cameras/{camera.public_id}/mode", engine="wide", level="3")
    assert answer.status_code == 409
    assert parsed(answer).select("#changed-meanwhile")


def test_a_version_names_values() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert version_of(1, "a", {"b": [at]}) == version_of(1, "a", {"b": [at]})
    assert version_of(1, "a") != version_of("1", "a")
    assert version_of("ab", "c") != version_of("a", "bc")
    assert len(version_of()) == 32
