"""背景画像: upload or capture, blur, registration, removal (M4)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import time_machine
from nigiwai_engine_api import EngineFailure

from tests.builders import counted, make_background, make_camera, picture
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.backgrounds import candidates, routes
from webapp.backgrounds.in_force import background_at
from webapp.domain.daylight import Daylight, Part, read_time
from webapp.errors import TemporaryFailure
from webapp.evaluation_set import every_frame
from webapp.models import Background, Camera, KeptBackground, Latest, Organisation, Outbox
from webapp.services import Services
from webapp.settings import ROOT

PETS = ROOT / "webapp" / "demo" / "pets09_s2l1.mp4"


@pytest.fixture
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching takes seconds, and test_bystanders.py is about that."""

    async def search(*_: object) -> np.ndarray:
        return np.zeros((0, 4), np.float32)

    monkeypatch.setattr(candidates, "bystanders", search)


@pytest.fixture
async def camera(services: Services, organisation: Organisation, nobody_there: None) -> Camera:
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
) -> None:  # at one scale: people are found in the whole picture already
    _, pixels = next(every_frame(PETS, 25))
    cv2.imwrite(str(services.settings.footage_dir / "people.png"), pixels)
    sealed = services.sealer.seal({"path": "people.png"})
    camera = await make_camera(organisation, sealed=sealed)
    shown = await alice.send_form(path_of(camera, "/take"))
    assert "背景に人が写っている可能性があります" in text_of(shown, "form .notice-warning")
    assert parsed(shown).select("svg rect.found")
    token = draft_of(shown)
    step = path_of(camera, "/register")
    undecided = await alice.send_form(step, draft=token, blur="2")
    assert undecided.status_code == 422
    assert "選んでください" in text_of(undecided, "#decision-error")
    assert one(undecided, "input[name=blur]")["value"] == "2"
    unconfirmed = await alice.send_form(step, draft=token, blur="2", people="keep")
    assert "チェック" in text_of(unconfirmed, "#decision-error")
    assert not await Background.exists()
    kept = await alice.send_form(step, draft=token, blur="0", people="keep", confirmed="yes")
    assert kept.status_code == 303
    plain = await registered(services)
    await Background.all().delete()

    shown = await alice.send_form(path_of(camera, "/take"))
    box = parsed(shown).select("svg rect.found")[0]
    await alice.send_form(step, draft=draft_of(shown), blur="0", people="hide")
    hidden = await registered(services)
    x, y, w, h = (int(float(str(box[name]))) for name in ("x", "y", "width", "height"))
    inside = (slice(y, y + h), slice(x, x + w))
    assert hidden[inside].std() < plain[inside].std() / 2
    assert np.array_equal(hidden[-40:], plain[-40:])


async def test_whom_no_engine_can_tell_must_be_looked_for_by_the_admin(
    alice: Person, services: Services, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> np.ndarray:
        raise EngineFailure("nothing works")

    monkeypatch.setattr(candidates, "bystanders", fail)
    shown = await alice.send_form(path_of(camera, "/take"))
    assert "確認できませんでした" in text_of(shown, "form .notice-warning")
    step, token = path_of(camera, "/register"), draft_of(shown)
    assert (await alice.send_form(step, draft=token, blur="0")).status_code == 422
    done = await alice.send_form(step, draft=token, blur="0", people="keep", confirmed="yes")
    assert done.status_code == 303


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


async def test_a_draft_that_cannot_be_deleted_makes_no_registration_fail(
    alice: Person, services: Services, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await alice.send_form(path_of(camera, "/take"))

    def away(*_: object) -> None:
        raise TemporaryFailure("The picture store deletes nothing.")

    monkeypatch.setattr(type(services.storage), "delete_sync", away)
    answer = await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur="0")
    assert answer.headers["location"].endswith("done=background_registered")
    assert await Background.exists()


@pytest.mark.parametrize("change", ["source", "rotation"])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_a_draft_of_what_the_camera_looked_at_before_is_no_background(
    alice: Person,
    services: Services,
    camera: Camera,
    change: str,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = await alice.send_form(path_of(camera, "/take"))
    other = {"source": services.sealer.seal({"path": "elsewhere.png"}), "rotation": 90}[change]

    async def change_it() -> None:
        await Camera.filter(id=camera.id).update(**{change: other})

    if when == "before":
        await change_it()
    else:
        opened = routes.open_draft

        async def open_and_change(*of: Any) -> Any:
            found = await opened(*of)
            await change_it()
            return found

        monkeypatch.setattr(routes, "open_draft", open_and_change)
    answer = await alice.send_form(path_of(camera, "/register"), draft=draft_of(shown), blur="0")
    assert (answer.status_code, "破棄しました" in answer.text) == (422, True)
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
    kept = await KeptBackground.get()
    assert (kept.id, kept.picture) == (old.id, old.picture)
    assert not await Outbox.exists()


async def test_a_tick_lets_those_of_before_go_at_once(
    alice: Person, services: Services, camera: Camera
) -> None:
    first = await alice.send_form(path_of(camera, "/take"))
    assert not parsed(first).select("input[name=forgets]")  # there is none before
    await alice.send_form(path_of(camera, "/register"), draft=draft_of(first), blur="0")
    shown = await alice.send_form(path_of(camera, "/take"))
    tick = one(shown, "input[name=forgets]")
    assert not tick.has_attr("checked")
    assert "検証できなくなります" in text_of(shown, ".choice-forgets")
    again = await alice.send_form(
        path_of(camera, "/register"), draft=draft_of(shown), blur="11", forgets="yes"
    )
    assert one(again, "input[name=forgets]").has_attr("checked")
    old = await Background.get()
    await alice.send_form(
        path_of(camera, "/register"), draft=draft_of(shown), blur="0", forgets="yes"
    )
    assert (await Background.get()).id != old.id
    assert not await KeptBackground.exists()
    assert old.picture in (await Outbox.get()).payload["keys"]


async def test_removing_takes_the_picture_with_it(
    alice: Person, services: Services, camera: Camera
) -> None:
    await make_background(services, camera)
    await Latest.filter(camera_id=camera.id).update(picture="masked/x/1.jpg")
    assert "削除します" in (await alice.get(path_of(camera))).text
    answer = await alice.send_form(path_of(camera, "/remove"))
    assert answer.status_code == 303
    assert not await Background.exists()
    assert not await KeptBackground.exists()
    assert (await Outbox.get()).payload["keys"]
    assert (await Latest.get(camera_id=camera.id)).picture == ""


async def version_of_form(alice: Person, path: str) -> str:
    return str(one(await alice.get(path), "input[name=version]")["value"])


@pytest.mark.parametrize("how", ["edit", "address", "replace"])
async def test_a_picture_of_the_new_shape_is_taken_at_once(
    alice: Person, services: Services, camera: Camera, how: str
) -> None:
    """A camera was turned, or another one took its place: its last picture says nothing now."""
    (services.settings.footage_dir / "tall.png").write_bytes(picture(240, 320, ".png"))
    changes = {"edit": {"path": "still.png", "rotation": "90"}}
    fields = {"name": camera.name, "connector": "file"} | changes.get(how, {"path": "tall.png"})
    path = f"/cameras/{camera.public_id}/{'replace' if how == 'replace' else 'edit'}"
    answer = await alice.send_form(path, version=await version_of_form(alice, path), **fields)
    assert answer.status_code == 303
    wide = await alice.send_file(path_of(camera, "/upload"), "picture", picture(320, 240))
    assert "縦横の比率が違います" in text_of(wide, "#picture-error")
    tall = await alice.send_file(path_of(camera, "/upload"), "picture", picture(480, 640))
    assert tall.status_code == 200
    await alice.send_form(path_of(camera, "/register"), draft=draft_of(tall), blur="0")
    row = await Background.get()
    assert (row.width, row.height) == (240, 320)


def test_a_day_has_its_hours_and_the_rest_is_night() -> None:
    day = Daylight(changes=True, starts=480, ends=1020)
    times = {time(7, 59): Part.NIGHT, time(8): Part.ALL, time(16, 59): Part.ALL}
    times |= {time(17): Part.NIGHT, time(0): Part.NIGHT}
    assert {at: day.part(at) for at in times} == times
    assert Daylight().part(time(3)) is Part.ALL
    texts = {"8:00": 480, "08:05": 485, "24:00": 1440, "24:01": None, "8": None, "八:00": None}
    texts |= {"-1:00": None, "1:60": None, "": None, "٨:00": None, "008:00": None, "8:0": None}
    assert {text: read_time(text) for text in texts} == texts


async def set_pattern(alice: Person, camera: Camera, **fields: str) -> httpx.Response:
    shown = await alice.get(path_of(camera))
    version = str(one(shown, "#pattern input[name=version]")["value"])
    values = {"pattern": "day_night", "day_starts": "8:00", "day_ends": "17:00", **fields}
    return await alice.send_form(path_of(camera, "/pattern"), version=version, **values)


async def test_day_and_night_each_have_a_picture_and_the_day_serves_without_one(
    alice: Person, services: Services, camera: Camera
) -> None:
    day = await make_background(services, camera)
    assert (await set_pattern(alice, camera)).status_code == 303
    camera = await Camera.get(id=camera.id).select_related("latest", "organisation")
    noon, midnight = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (3, 15))  # Tokyo: 12, 0
    zone = "Asia/Tokyo"
    assert (await background_at(camera, zone, midnight)) == day
    shown = await alice.get(path_of(camera) + "?part=night")
    assert "夜も昼の背景画像を使います" in shown.text
    shown = await alice.send_file(path_of(camera, "/upload"), "picture", picture(), part="night")
    await alice.send_form(
        path_of(camera, "/register"), draft=draft_of(shown), blur="0", part="night"
    )
    assert (await background_at(camera, zone, noon)) == day
    night = await background_at(camera, zone, midnight)
    assert night is not None
    assert night.part == Part.NIGHT
    assert "次の解析から" in (await alice.get(path_of(camera))).text
    await Latest.filter(camera_id=camera.id).update(
        good_at=datetime.now(UTC) + timedelta(minutes=1)
    )
    assert "次の解析から画像に反映" not in (await alice.get(path_of(camera))).text
    await alice.send_form(path_of(camera, "/remove"), part="night")
    assert (await background_at(camera, zone, midnight)) == day


async def test_pages_ask_often_for_the_first_picture_on_a_new_background(
    alice: Person, camera: Camera
) -> None:
    pages = ("/cameras", f"/cameras/{camera.public_id}")
    for path in pages:
        assert not parsed(await alice.get(path)).select("#soon")
    candidate = await alice.send_file(path_of(camera, "/upload"), "picture", picture())
    await alice.send_form(path_of(camera, "/register"), draft=draft_of(candidate), blur="0")
    for path in pages:
        assert one(await alice.get(path), "#soon")["hx-trigger"] == "every 10s"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        for path in pages:
            assert not parsed(await alice.get(path)).select("#soon")
    await Latest.filter(camera_id=camera.id).update(good_at=datetime.now(UTC))
    for path in pages:
        assert not parsed(await alice.get(path)).select("#soon")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"day_starts": "25:00"}, "day_starts"),
        ({"day_ends": "x"}, "day_ends"),
        ({"day_starts": "17:00"}, "day_ends"),
    ],
)
async def test_hours_that_make_no_day_are_told_at_their_field(
    alice: Person, camera: Camera, fields: dict[str, str], field: str
) -> None:
    answer = await set_pattern(alice, camera, **fields)
    assert answer.status_code == 422
    assert text_of(answer, f"#{field}-error")
    entered = {"day_starts": "8:00", "day_ends": "17:00", **fields}
    assert {name: one(answer, f"#{name}")["value"] for name in entered} == entered
    assert not (await Camera.get(id=camera.id)).has_night


async def test_who_saves_the_pattern_second_is_told(alice: Person, camera: Camera) -> None:
    await Camera.filter(id=camera.id).update(day_ends=1080)
    answer = await alice.send_form(
        path_of(camera, "/pattern"), version="old", pattern="day_night", day_starts="9:00",
        day_ends="17:00",
    )  # fmt: skip
    assert answer.status_code == 409
    assert one(answer, "#day_starts")["value"] == "9:00"
    assert "ほかの管理ユーザ" in text_of(answer, "#changed-meanwhile")


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
