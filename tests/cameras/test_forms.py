"""Adding and changing a camera."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import make_camera
from tests.html import error_of, one, parsed, text_of
from tests.people import Person
from webapp.models import Camera, Organisation
from webapp.services import Services

HTTP = {
    "name": "東口",
    "connector": "http_snapshot",
    "url": "http://192.168.0.10/snapshot.jpg",
    "user": "viewer",
    "password": "streng-geheim",
    "engine": "standard",
}
FILE = {
    "name": "西口",
    "connector": "file",
    "path": "west.mp4",
    "engine": "standard",
}


def source(services: Services, camera: Camera) -> dict[str, Any]:
    return services.sealer.unseal(camera.source)


async def test_a_network_camera_is_added_with_its_source_sealed(
    alice: Person, services: Services
) -> None:
    answer = await alice.send_form("/cameras/new", **HTTP)
    camera = await Camera.get().select_related("latest")
    assert answer.headers["location"] == f"/cameras/{camera.public_id}?done=camera_added"
    assert "geheim" not in camera.source
    assert source(services, camera) == {
        "url": HTTP["url"],
        "user": "viewer",
        "password": "streng-geheim",
    }
    assert camera.organisation_id == alice.member.organisation_id
    assert camera.latest.state.value == "waiting"
    page = await alice.get(answer.headers["location"])
    assert "カメラを追加しました" in text_of(page, ".notice-done")


async def test_name_and_password_inside_an_address_move_to_their_fields(
    alice: Person, services: Services
) -> None:
    url = "http://root:p%40ss@192.168.0.10:8080/s.jpg"
    await alice.send_form("/cameras/new", **{**HTTP, "url": url, "user": "", "password": ""})
    kept = source(services, await Camera.get())
    assert kept == {"url": "http://192.168.0.10:8080/s.jpg", "user": "root", "password": "p@ss"}


async def test_a_file_camera_is_added_with_its_crop(alice: Person, services: Services) -> None:
    crop = {"crop_x": "0", "crop_y": "10", "crop_width": "320", "crop_height": "200"}
    await alice.send_form("/cameras/new", **FILE, **crop)
    kept = source(services, await Camera.get())
    assert kept == {"path": "west.mp4", "crop": [0, 10, 320, 200]}


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"name": ""}, "name", "名前を入力してください"),
        ({"name": "あ" * 61}, "name", "60文字以内"),
        ({"url": ""}, "url", "URLを入力してください"),
        ({"url": "file:///etc/passwd"}, "url", "http:// または https://"),
        ({"url": "http://"}, "url", "http:// または https://"),
        ({"url": "concat:http://a|http://b"}, "url", "http:// または https://"),
        ({"url": "http://[::1"}, "url", "http:// または https://"),
        ({"user": "x" * 201}, "user", "200文字以内"),
        ({"password": "x" * 201}, "password", "200文字以内"),
    ],
)
async def test_what_is_wrong_is_told_beside_the_field_and_the_rest_is_kept(
    alice: Person, change: dict[str, str], field: str, message: str
) -> None:
    entered = {**HTTP, **change}
    answer = await alice.send_form("/cameras/new", **entered)
    assert answer.status_code == 422
    assert message in error_of(answer, field)
    for name in ("name", "url", "user"):
        assert one(answer, f"#{name}").get("value", "") == entered[name]
    assert "geheim" not in answer.text
    assert not one(answer, "#password").get("value")
    assert not await Camera.exists()


@pytest.mark.parametrize("path", ["", "../secret.mp4", "/etc/passwd", "a\\b", "x" * 600])
async def test_a_file_outside_the_folder_is_refused(alice: Person, path: str) -> None:
    answer = await alice.send_form("/cameras/new", **{**FILE, "path": path})
    assert answer.status_code == 422
    assert "映像フォルダ" in error_of(answer, "path")


@pytest.mark.parametrize("number", ["-1", "1.5", "１", "999999", "x"])
async def test_a_crop_that_makes_no_sense_is_refused(alice: Person, number: str) -> None:
    crop = {"crop_x": number, "crop_y": "0", "crop_width": "15", "crop_height": "20"}
    answer = await alice.send_form("/cameras/new", **FILE, **crop)
    assert answer.status_code == 422
    assert "切り抜き" in text_of(answer, "#crop-error")


@pytest.mark.parametrize(
    "change", [{"engine": "nope"}, {"connector": "rtmp"}, {"level": "9"}, {"level": "x"}]
)
async def test_a_choice_that_is_not_offered_is_refused(
    alice: Person, change: dict[str, str]
) -> None:
    assert (await alice.send_form("/cameras/new", **{**HTTP, **change})).status_code == 422
    assert not await Camera.exists()


async def test_an_empty_password_keeps_the_one_that_is_stored(
    alice: Person, services: Services, organisation: Organisation
) -> None:
    await alice.send_form("/cameras/new", **HTTP)
    camera = await Camera.get()
    page = await alice.get(f"/cameras/{camera.public_id}/edit")
    assert "変更する場合のみ入力" in text_of(page, "#password-hint")
    changed = {**HTTP, "name": "北口", "password": ""}
    answer = await alice.save(f"/cameras/{camera.public_id}/edit", **changed)
    assert answer.status_code == 303
    kept = await Camera.get()
    assert kept.name == "北口"
    assert source(services, kept)["password"] == "streng-geheim"


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://192.168.0.66/snapshot.jpg"},
        {"url": "http://192.168.0.10:81/snapshot.jpg"},
        {"user": "root"},
        {"any_certificate": "1"},
    ],
)
async def test_a_stored_password_goes_to_no_other_address(
    alice: Person, services: Services, change: dict[str, str]
) -> None:
    await alice.send_form("/cameras/new", **HTTP)
    camera = await Camera.get()
    path = f"/cameras/{camera.public_id}"
    changed = {**HTTP, "password": "", **change}
    answer = await alice.send_form(f"{path}/edit", **changed)
    assert answer.status_code == 422
    assert "もう一度入力" in error_of(answer, "password")
    trial = await alice.send_htmx(f"{path}/test", **changed)
    assert (trial.status_code, "もう一度入力" in trial.text) == (422, True)
    stored = source(services, await Camera.get())
    assert stored["url"] == HTTP["url"]
    assert not stored.get("any_certificate")


async def test_certificates_are_checked_again_without_the_password(
    alice: Person, services: Services
) -> None:
    trusting = {**HTTP, "any_certificate": "1"}
    await alice.send_form("/cameras/new", **trusting)
    path = f"/cameras/{(await Camera.get()).public_id}/edit"
    for form, trusts in ((trusting, True), (HTTP, False)):
        assert (await alice.save(path, **{**form, "password": ""})).status_code == 303
        stored = source(services, await Camera.get())
        assert (stored["password"], bool(stored.get("any_certificate"))) == (
            "streng-geheim",
            trusts,
        )


async def test_an_address_with_a_query_is_kept_without_being_shown(
    alice: Person, services: Services
) -> None:
    url = "http://192.168.0.10/snap?pwd=geheim"
    await alice.send_form("/cameras/new", **{**HTTP, "url": url})
    camera = await Camera.get()
    page = await alice.get(f"/cameras/{camera.public_id}/edit")
    assert "geheim" not in page.text
    assert one(page, "#url").get("value", "") == ""
    kept = {**HTTP, "url": "", "password": ""}
    answer = await alice.save(f"/cameras/{camera.public_id}/edit", **kept)
    assert answer.status_code == 303
    assert source(services, await Camera.get())["url"] == url


async def test_the_engines_are_offered_in_the_readers_language(alice: Person) -> None:
    page = await alice.get("/cameras/new/network")
    assert parsed(page).select_one('input[name="engine"][value="standard"][checked]')
    assert "標準" in page.text
    await alice.send_form("/language", language="en")
    assert "Standard" in (await alice.get("/cameras/new/network")).text


async def test_general_members_and_strangers_change_nothing(
    bob: Person, charlie: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation)
    path = f"/cameras/{camera.public_id}/edit"
    assert (await bob.get("/cameras/new")).status_code == 403
    assert (await bob.send_form("/cameras/new", **HTTP)).status_code == 403
    assert (await bob.send_form(path, **HTTP)).status_code == 403
    assert (await charlie.get(path)).status_code == 404
    assert (await charlie.send_form(path, **HTTP)).status_code == 404
    assert (await Camera.get()).name == "正面入口"
