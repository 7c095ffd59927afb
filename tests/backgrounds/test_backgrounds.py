"""背景画像: upload or capture, blur, registration, removal (M4)."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime, timedelta

import cv2
import httpx
import numpy as np
import pytest
import time_machine

from tests.builders import counted, make_background, make_camera, picture
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.models import Background, Camera, Latest, Organisation, Outbox
from webapp.services import Services
from webapp.settings import ROOT

PETS = ROOT / "webapp" / "demo" / "pets09_s2l1.mp4"


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    """A camera of 320 x 240 that shows one picture."""
    (services.settings.footage_dir / "still.png").write_bytes(picture(320, 240, ".png"))
    sealed = services.sealer.seal({"path": "still.png"})
    return await make_camera(organisation, latest=counted(), sealed=sealed)


def path_of(camera: Camera, step: str = "") -> str:
    return f"/cameras/{camera.public_id}/background{step}"


def draft_of(response: httpx.Response) -> str:
    return str(one(response, 'form[action$="/register"] input[name=draft]')["value"])


def stored(services: Services, prefix: str) -> list[str]:
    return [key for key, _ in services.storage.list_sync(prefix)]


async def registered(services: Services) -> np.ndarray:
    row = await Background.get()
    data = await services.storage.get(row.picture)
    assert data is not None
    assert hashlib.sha256(data).hexdigest() == row.sha256
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


async def test_an_uploaded_picture_is_shown_then_registered(
    alice: Person, services: Services, camera: Camera
) -> None:
    shown = await alice.send_file(path_of(camera, "/upload"), "picture", picture())
    assert shown.status_code == 200
    assert str(one(shown, "svg image")["href"]).startswith("data:image/jpeg")
    assert not await Background.exists()
    answer = await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur="0")
    assert answer.headers["location"] == f"/cameras/{camera.public_id}?done=background_registered"
    row = await Background.get()
    assert (row.width, row.height, row.blur) == (320, 240, 0)
    assert row.picture.startswith(f"backgrounds/{camera.public_id}/")
    assert (await registered(services)).shape == (240, 320, 3)
    assert stored(services, "drafts/") == []


async def test_the_current_picture_is_taken_and_blurred(
    alice: Person, services: Services, camera: Camera
) -> None:
    shown = await alice.send_form(path_of(camera, "/take"))
    plain = cv2.imdecode(np.frombuffer(picture(320, 240, ".png"), np.uint8), cv2.IMREAD_COLOR)
    await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur="10")
    assert (await Background.get()).blur == 10
    blurred = await registered(services)
    assert not np.array_equal(blurred, plain)
    edge = np.abs(np.diff(blurred[:, 160].astype(int), axis=0)).max()
    assert edge < np.abs(np.diff(plain[:, 160].astype(int), axis=0)).max()


async def test_people_in_it_are_warned_of_and_framed(
    alice: Person, services: Services, organisation: Organisation
) -> None:
    shutil.copy(PETS, services.settings.footage_dir / "pets.mp4")
    sealed = services.sealer.seal({"path": "pets.mp4"})
    camera = await make_camera(organisation, sealed=sealed)
    shown = await alice.send_form(path_of(camera, "/take"))
    assert "背景に人が写っている可能性があります" in text_of(shown, "form .notice-warning")
    assert parsed(shown).select("svg rect.found")


async def test_nobody_in_it_needs_no_warning(alice: Person, camera: Camera) -> None:
    shown = await alice.send_form(path_of(camera, "/take"))
    assert not parsed(shown).select("form .notice-warning, rect.found")


async def test_the_same_aspect_is_scaled_another_refused(
    alice: Person, services: Services, camera: Camera
) -> None:
    shown = await alice.send_file(path_of(camera, "/upload"), "picture", picture(1280, 960))
    await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur="0")
    assert (await registered(services)).shape == (240, 320, 3)
    wide = await alice.send_file(path_of(camera, "/upload"), "picture", picture(1280, 720))
    assert wide.status_code == 422
    assert "縦横の比率が違います" in text_of(wide, "#picture-error")
    assert stored(services, "drafts/") == []


async def test_without_a_first_analysis_the_camera_itself_says_how_large_it_is(
    alice: Person, services: Services, camera: Camera
) -> None:
    await Latest.filter(camera_id=camera.id).update(picture_width=0, picture_height=0)
    wide = await alice.send_file(path_of(camera, "/upload"), "picture", picture(1280, 720))
    assert wide.status_code == 422
    await Camera.filter(id=camera.id).update(source=services.sealer.seal({"path": "gone.png"}))
    wide = await alice.send_file(path_of(camera, "/upload"), "picture", picture(1280, 720))
    assert wide.status_code == 200


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "選んでください"),
        (b"GIF89a" + bytes(100), "画像ではありません"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "画像ではありません"),
        (picture()[:-400], "途中で切れています"),
        (picture(1, 1, ".png"), "小さすぎます"),
    ],
)
async def test_what_is_no_picture_is_refused_in_words(
    alice: Person, services: Services, camera: Camera, data: bytes, message: str
) -> None:
    answer = await alice.send_file(path_of(camera, "/upload"), "picture", data)
    assert answer.status_code == 422
    assert message in text_of(answer, "#picture-error")
    assert one(answer, "#picture")["aria-invalid"] == "true"
    assert stored(services, "") == []


async def test_the_name_of_a_file_means_nothing(alice: Person, camera: Camera) -> None:
    png = picture(320, 240, ".png")
    answer = await alice.send_file(path_of(camera, "/upload"), "picture", png, "../../x.jpg")
    assert answer.status_code == 200


async def test_nothing_of_the_file_but_its_pixels_is_stored(
    alice: Person, services: Services, camera: Camera
) -> None:
    jpeg = picture()
    comment = b"\xff\xfe\x00\x12GPS 35.68 139.76"
    shown = await alice.send_file(
        path_of(camera, "/upload"), "picture", jpeg[:2] + comment + jpeg[2:]
    )
    await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur="0")
    data = await services.storage.get((await Background.get()).picture)
    assert data is not None
    assert data.startswith(b"\x89PNG")
    assert b"GPS" not in data


async def test_a_draft_in_the_store_shows_nobody_anything(
    alice: Person, services: Services, camera: Camera
) -> None:
    shown = await alice.send_form(path_of(camera, "/take"))
    (key,) = stored(services, "drafts/")
    token = draft_of(shown)
    assert token not in key
    data = await services.storage.get(key)
    assert data is not None
    assert b"PNG" not in data
    again = await alice.send_form(path_of(camera, "/take"), draft=token)
    assert stored(services, "drafts/") != [key]
    assert len(stored(services, "drafts/")) == 1
    assert draft_of(again) != token


async def test_a_draft_is_good_for_its_camera_and_for_half_an_hour(
    alice: Person, services: Services, camera: Camera, organisation: Organisation
) -> None:
    shown = await alice.send_form(path_of(camera, "/take"))
    other = await make_camera(organisation, "別のカメラ")
    for wrong in (draft_of(shown)[:-2], "", "x" * 200, "../../secret"):
        answer = await alice.send_form(path_of(camera, "/register"), draft=wrong, blur="0")
        assert (answer.status_code, "破棄しました" in answer.text) == (422, True)
    answer = await alice.send_form(path_of(other, "/register"), draft=draft_of(shown), blur="0")
    assert answer.status_code == 422
    late = datetime.now(UTC) + timedelta(minutes=31)
    with time_machine.travel(late, tick=True):
        answer = await alice.send_form(
            path_of(camera, "/register"), draft=draft_of(shown), blur="0"
        )
    assert answer.status_code == 422
    assert not await Background.exists()


@pytest.mark.parametrize("blur", ["11", "-1", "x", "1.5"])
async def test_a_blur_that_is_not_offered_is_refused(
    alice: Person, camera: Camera, blur: str
) -> None:
    shown = await alice.send_form(path_of(camera, "/take"))
    answer = await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur=blur)
    assert answer.status_code == 422
    assert not await Background.exists()


async def test_a_camera_that_gives_no_picture_says_why(
    alice: Person, services: Services, camera: Camera
) -> None:
    (services.settings.footage_dir / "still.png").unlink()
    answer = await alice.send_form(path_of(camera, "/take"))
    assert answer.status_code == 422
    assert "そのファイルがありません" in text_of(answer, ".notice-danger")


async def test_a_new_background_retires_the_old_one(
    alice: Person, services: Services, camera: Camera
) -> None:
    old = await make_background(services, camera)
    shown = await alice.send_form(path_of(camera, "/take"))
    await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur="0")
    assert (await Background.get()).id != old.id
    row = await Outbox.get()
    assert row.payload["keys"] == [old.picture]


async def test_removing_takes_the_picture_with_it(
    alice: Person, services: Services, camera: Camera
) -> None:
    await make_background(services, camera)
    await Latest.filter(camera_id=camera.id).update(picture="masked/x/1.jpg")
    assert "削除します" in (await alice.get(path_of(camera))).text
    answer = await alice.send_form(path_of(camera, "/remove"))
    assert answer.status_code == 303
    assert not await Background.exists()
    assert (await Latest.get(camera_id=camera.id)).picture == ""


async def test_only_the_admins_of_the_organisation_may(
    bob: Person, charlie: Person, camera: Camera
) -> None:
    for step in ("/take", "/register", "/remove"):
        assert (await bob.send_form(path_of(camera, step))).status_code == 403
        assert (await charlie.send_form(path_of(camera, step))).status_code == 404
    assert (await bob.send_file(path_of(camera, "/upload"), "picture", b"x")).status_code == 403
    assert (await charlie.send_file(path_of(camera, "/upload"), "picture", b"x")).status_code == 404
    assert (await charlie.get(path_of(camera))).status_code == 404


async def test_a_background_missing_in_the_store_is_no_error_page(
    alice: Person, services: Services, camera: Camera
) -> None:
    row = await make_background(services, camera)
    await services.storage.delete([row.picture])
    assert (await alice.get(path_of(camera))).status_code == 200
