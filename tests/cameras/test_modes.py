"""The AI modes side by side on the current frame."""

from __future__ import annotations

import base64
import shutil
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
import pytest
from nigiwai_engine_api import EngineFailure

from tests.builders import make_background, make_camera, picture
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp.cameras import look as looking
from webapp.cameras.look import GREY, Busy, Question, look
from webapp.cameras.trial import Tried
from webapp.models import Camera, Organisation
from webapp.services import Services
from webapp.settings import ROOT

PETS = ROOT / "webapp" / "demo" / "pets09_s2l1.mp4"
FORM = {"engine": "standard", "level": "3"}


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    shutil.copy(PETS, services.settings.footage_dir / "pets.mp4")
    return await make_camera(organisation, sealed=services.sealer.seal({"path": "pets.mp4"}))


def pixels_of(source: str) -> np.ndarray:
    data = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


async def test_every_mode_that_is_on_shows_a_masked_picture_and_its_count(
    alice: Person, services: Services, camera: Camera
) -> None:
    before = await Camera.get(id=camera.id).values()
    answer = await alice.send_htmx(f"/cameras/{camera.public_id}/mode/try", **FORM)
    assert answer.status_code == 200
    modes = parsed(answer).select(".mode")
    assert len(modes) == len(services.engines.infos) >= 2
    for mode, info in zip(modes, services.engines.infos, strict=True):
        assert info.titles["ja"] in mode.get_text()
        assert mode.select_one(".count-value")
        shown = pixels_of(str(mode.select_one("img")["src"]))  # type: ignore[index]
        # No background yet: everything but the figures is the plain grey.
        assert (np.abs(shown.astype(int) - GREY).max(axis=2) < 8).mean() > 0.8
    assert "選択中" in text_of(answer, ".mode.is-chosen")
    assert await Camera.get(id=camera.id).values() == before
    assert not list(services.storage.list_sync("masked/"))


async def test_the_background_stands_behind_the_figures(
    alice: Person, services: Services, camera: Camera
) -> None:
    await make_background(services, camera)
    answer = await alice.send_htmx(f"/cameras/{camera.public_id}/mode/try", **FORM)
    shown = pixels_of(str(parsed(answer).select(".mode img")[0]["src"]))
    assert np.ptp(shown[10].astype(int)) > 60, "the ramp of the background"


async def test_without_script_the_page_comes_back_with_the_modes(
    alice: Person, camera: Camera
) -> None:
    answer = await alice.send_form(
        f"/cameras/{camera.public_id}/mode/try", engine="detailed", level="5", version="v"
    )
    assert one(answer, "input[name=engine][checked]")["value"] == "detailed"
    assert one(answer, "#level")["value"] == "5"
    assert one(answer, "input[name=version]")["value"] == "v"
    assert parsed(answer).select("#modes .mode")


async def test_a_camera_that_gives_nothing_is_told(
    alice: Person, services: Services, camera: Camera
) -> None:
    path = f"/cameras/{camera.public_id}/mode/try"
    await Camera.filter(id=camera.id).update(source=services.sealer.seal({"path": "none.mp4"}))
    answer = await alice.send_htmx(path, **FORM)
    assert answer.status_code == 422
    assert "そのファイルがありません" in text_of(answer, ".notice-danger")
    await Camera.filter(id=camera.id).update(source="nonsense")
    assert (await alice.send_htmx(path, **FORM)).status_code == 422
    assert "一覧から選び直してください" in (await alice.send_htmx(path, engine="x")).text


async def test_one_look_at_a_time(alice: Person, services: Services, camera: Camera) -> None:
    assert looking._LOOKING.acquire(blocking=False)
    try:
        answer = await alice.send_htmx(f"/cameras/{camera.public_id}/mode/try", **FORM)
    finally:
        looking._LOOKING.release()
    assert answer.status_code == 422
    assert "少し待ってからもう一度" in text_of(answer, ".notice-danger")
    assert (
        await alice.send_htmx(f"/cameras/{camera.public_id}/mode/try", **FORM)
    ).status_code == 200


async def test_an_engine_that_fails_or_is_slow_does_not_take_the_others_away(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    (services.settings.footage_dir / "one.jpg").write_bytes(picture())
    question = Question(
        Tried("file", {"path": "one.jpg"}, "standard", 3), services.engines.infos, None
    )
    engine = services.engines.get("standard")

    def fails(*args: Any) -> None:
        raise EngineFailure("no")

    monkeypatch.setattr(type(engine), "find_people", fails)
    first, second, *_ = await look(services, question, datetime.now(UTC))
    assert "解析できませんでした" in first.problem
    assert second.preview is not None
    hurried = services.settings.model_copy(update={"analysis_timeout": 0})
    object.__setattr__(services, "settings", hurried)
    slow = await look(services, question, datetime.now(UTC))
    assert len(slow) == len(services.engines.infos)
    assert all("時間がかかりすぎ" in seen.problem for seen in slow)
    assert not looking._LOOKING.locked()


async def test_looking_is_refused_while_somebody_looks(services: Services) -> None:
    question = Question(Tried("file", {}, "standard", 3), (), None)
    with looking._LOOKING, pytest.raises(Busy):
        await look(services, question, datetime.now(UTC))


async def test_three_cards_tell_the_manuals_table(alice: Person, camera: Camera) -> None:
    page = await alice.get(f"/cameras/{camera.public_id}/mode")
    told = {
        str(card.select_one("input")["value"]): card.get_text(" ")  # type: ignore[index]
        for card in parsed(page).select(".mode-card")
    }
    assert set(told) == {"standard", "detailed", "wide"}
    for name, words in {
        "standard": ("大きさに応じて", "最大15m程度"),
        "detailed": ("ポーズを推定", "最大7m程度"),
        "wide": ("広域密集状態", "10m〜最大30m程度"),
    }.items():
        assert all(word in told[name] for word in words)
    level = one(page, "#level")
    assert (level["min"], level["max"], level["value"]) == ("1", "5", "3")
    assert "レベル3で問題ありません" in text_of(page, "#level-hint")


async def test_hints_for_each_mode_have_eight_rows_with_drawings(
    alice: Person, camera: Camera
) -> None:
    page = await alice.get(f"/cameras/{camera.public_id}/mode")
    for name, range_, subject in (
        ("standard", "最大15m程度", "腰から上"),
        ("detailed", "最大7m程度", "腰から上"),
        ("wide", "10m〜最大30m程度", "肩から上"),
    ):
        rows = parsed(page).select(f"#hints-{name} .hint")
        assert len(rows) == len(parsed(page).select(f"#hints-{name} svg")) == 8
        told = text_of(page, f"#hints-{name}")
        assert all(word in told for word in (range_, subject, "500〜1000ルクス", "360°"))


async def test_a_mode_is_kept_with_its_level(alice: Person, camera: Camera) -> None:
    path = f"/cameras/{camera.public_id}/mode"
    answer = await alice.save(path, engine="detailed", level="5")
    assert answer.headers["location"] == f"{path}?done=mode_saved"
    kept = await Camera.get(id=camera.id)
    assert (kept.engine, kept.level) == ("detailed", 5)


@pytest.mark.parametrize(
    "change", [{"engine": "nope"}, {"level": "9"}, {"level": "0"}, {"level": "x"}]
)
async def test_a_mode_that_is_not_offered_is_refused(
    alice: Person, camera: Camera, change: dict[str, str]
) -> None:
    answer = await alice.save(
        f"/cameras/{camera.public_id}/mode", **{"engine": "wide", "level": "4", **change}
    )
    assert answer.status_code == 422
    assert "一覧から選び直してください" in text_of(answer, ".notice-danger")
    assert (await Camera.get(id=camera.id)).engine == "standard"


async def test_a_general_member_looks_at_the_mode_and_changes_nothing(
    bob: Person, camera: Camera
) -> None:
    path = f"/cameras/{camera.public_id}/mode"
    page = await bob.get(path)
    assert "disabled" in one(page, "main fieldset").attrs
    assert not parsed(page).select("[data-save], [formaction]")
    assert (await bob.send_form(path, engine="wide", level="3")).status_code == 403
    assert (await bob.send_form(f"{path}/try", engine="wide", level="3")).status_code == 403
