"""The screen of areas (B3): its form, what it refuses, and the effect before saving."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.builders import counted, make_background, make_camera
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.areas.forms import PROBLEMS, RULES
from webapp.cameras import look as looking
from webapp.domain.areas import AreaProblem, Rule, read_areas
from webapp.models import Camera, Organisation
from webapp.services import Services
from webapp.settings import ROOT

PETS = ROOT / "webapp" / "demo" / "pets09_s2l1.mp4"
EVERYWHERE = "0,0 100,0 100,100 0,100"
TRIANGLE = "10,20 80,20 80,90.5"


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    shutil.copy(PETS, services.settings.footage_dir / "pets.mp4")
    sealed = services.sealer.seal({"path": "pets.mp4"})
    return await make_camera(organisation, sealed=sealed, latest=counted())


def path(camera: Camera) -> str:
    return f"/cameras/{camera.public_id}/areas"


async def test_areas_are_saved_and_shown_again(alice: Person, camera: Camera) -> None:
    fields: dict[str, Any] = {"rule": ["count", "leave_out"], "points": [TRIANGLE, EVERYWHERE]}
    answer = await alice.send_form(path(camera), **fields)
    assert answer.headers["location"] == f"{path(camera)}?done=areas_saved"
    kept = (await Camera.get(id=camera.id)).areas
    assert kept[0] == {"rule": "count", "points": [[0.1, 0.2], [0.8, 0.2], [0.8, 0.905]]}
    assert [area.rule for area in read_areas(kept)] == [Rule.COUNT, Rule.LEAVE_OUT]
    page = await alice.get(answer.headers["location"])
    shown = [field.get_text() for field in parsed(page).select("[data-list] textarea")]
    assert shown == [TRIANGLE, EVERYWHERE]
    assert "エリアを保存しました" in text_of(page, ".notice-done")
    assert "2か所" in (await alice.get(f"/cameras/{camera.public_id}")).text


async def test_an_area_without_corners_is_taken_away(alice: Person, camera: Camera) -> None:
    await alice.send_form(path(camera), rule=["count", "count"], points=["", TRIANGLE])
    assert len((await Camera.get(id=camera.id)).areas) == 1
    await alice.send_form(path(camera))
    assert (await Camera.get(id=camera.id)).areas == []


@pytest.mark.parametrize(
    ("rule", "points", "message"),
    [
        ("count", "10,10 20,20", "点を3つ以上"),
        ("count", "10,10 20,20 30,30", "一直線"),
        ("count", "0,0 100,100 100,0 0,100", "線が交わって"),
        ("count", "0,0 100,0 101,50", "画像の外"),
        ("count", "-1,0 100,0 50,50", "画像の外"),
        ("count", "a,b c,d e,f", "空白で区切って"),
        ("count", "1e1,2 3,4 5,9", "空白で区切って"),
        ("count", "1,2,3 4,5 6,9", "空白で区切って"),
        ("count", "nan,2 3,4 5,9", "空白で区切って"),
        ("dance", TRIANGLE, "「数える」か「数えない」"),
        ("count", " ".join(f"{x},0 {x},1" for x in range(26)), "50個以下"),
    ],
)
async def test_what_is_wrong_is_told_in_words_and_kept_for_mending(
    alice: Person, camera: Camera, rule: str, points: str, message: str
) -> None:
    fields: dict[str, Any] = {"rule": ["count", rule], "points": [TRIANGLE, points]}
    answer = await alice.send_form(path(camera), **fields)
    assert answer.status_code == 422
    assert message in text_of(answer, "#areas-error")
    assert "エリア2" in text_of(answer, "#areas-error")
    wrong = one(answer, 'textarea[aria-invalid="true"]')
    assert wrong.get_text() == points
    assert (await Camera.get(id=camera.id)).areas == []
    tried = await alice.send_htmx(f"{path(camera)}/try", **fields)
    assert (tried.status_code, message in text_of(tried, ".notice-danger")) == (422, True)


async def test_too_many_areas_are_refused(alice: Person, camera: Camera) -> None:
    fields: dict[str, Any] = {"rule": ["count"] * 21, "points": [TRIANGLE] * 21}
    answer = await alice.send_form(path(camera), **fields)
    assert answer.status_code == 422
    assert "20個まで" in text_of(answer, "#areas-error")


@pytest.mark.parametrize(
    ("rule", "counts"), [("count", True), ("leave_out", False)], ids=["count", "leave out"]
)
@pytest.mark.parametrize("with_background", [True, False])
async def test_the_effect_is_seen_before_it_is_saved(
    alice: Person,
    services: Services,
    camera: Camera,
    rule: str,
    counts: bool,
    with_background: bool,
) -> None:
    if with_background:
        await make_background(services, camera)
    answer = await alice.send_htmx(f"{path(camera)}/try", rule=rule, points=EVERYWHERE)
    assert answer.status_code == 200
    count = int(text_of(answer, ".count-value").split()[0])
    assert (count > 0) is counts
    assert ("人を除きました" in answer.text) is not counts
    assert str(one(answer, "img")["src"]).startswith("data:image/jpeg")
    assert (await Camera.get(id=camera.id)).areas == []


async def test_the_effect_without_script_keeps_what_was_entered(
    alice: Person, camera: Camera
) -> None:
    answer = await alice.send_form(f"{path(camera)}/try", rule="count", points=TRIANGLE)
    assert one(answer, "[data-list] textarea").get_text() == TRIANGLE
    assert one(answer, "#effect img")


async def test_what_cannot_be_tried_is_told(
    alice: Person, services: Services, organisation: Organisation, camera: Camera
) -> None:
    gone = await make_camera(organisation, sealed=services.sealer.seal({"path": "none.jpg"}))
    answer = await alice.send_htmx(f"{path(gone)}/try")
    assert "そのファイルがありません" in text_of(answer, ".notice-danger")
    other = await make_camera(organisation, sealed="not ours")
    assert "接続先を読み取れません" in (await alice.send_htmx(f"{path(other)}/try")).text
    for field, message in (("engine", "AIモードは使えなく"), ("connector", "種類は使えなく")):
        await Camera.filter(id=other.id).update(**{field: "gone", "source": gone.source})
        assert message in (await alice.send_htmx(f"{path(other)}/try")).text
        await Camera.filter(id=other.id).update(engine="standard")
    with looking._LOOKING:
        assert "少し待って" in (await alice.send_htmx(f"{path(camera)}/try")).text


async def test_areas_that_cannot_be_read_any_more_are_told(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, areas=[{"rule": "dance", "points": []}])
    page = await alice.get(path(camera))
    assert page.status_code == 200
    assert text_of(page, "#areas-error")


async def test_the_screen_is_for_admins_of_the_organisation(
    bob: Person, charlie: Person, camera: Camera
) -> None:
    assert (await bob.get(path(camera))).status_code == 403
    assert (await bob.send_form(path(camera), rule="count", points=TRIANGLE)).status_code == 403
    assert (await charlie.get(path(camera))).status_code == 404
    assert not parsed(await bob.get(f"/cameras/{camera.public_id}")).select(
        f'a[href="{path(camera)}"]'
    )


def test_every_problem_and_rule_has_words() -> None:
    assert set(PROBLEMS) == set(AreaProblem)
    assert set(RULES) == set(Rule)
