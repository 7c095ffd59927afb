"""接続テスト: what the engine sees, or in which phase it failed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from tests.builders import make_camera, picture
from tests.html import one, parsed, text_of
from tests.people import Person
from webapp import words
from webapp.cameras.trial import Tried, fetch
from webapp.connectors import CameraUnreachable, Phase
from webapp.domain.pictures import PictureProblem
from webapp.domain.remarks import Remark
from webapp.models import Camera, Organisation
from webapp.services import Services
from webapp.settings import ROOT

PETS = ROOT / "webapp" / "demo" / "pets09_s2l1.mp4"
FORM = {"connector": "file", "engine": "standard"}


async def test_it_shows_the_picture_with_everybody_framed_and_keeps_nothing(
    alice: Person, services: Services
) -> None:
    shutil.copy(PETS, services.settings.footage_dir / "pets.mp4")
    answer = await alice.send_htmx("/cameras/test", path="pets.mp4", **FORM)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    frames = parsed(answer).select("svg rect.found")
    assert f"{len(frames)}人を検知しました" in text_of(answer, ".trial-caption strong")
    assert len(frames) >= 1
    assert str(one(answer, "svg image")["href"]).startswith("data:image/jpeg;base64,")
    assert not list(services.storage.list_sync("drafts/"))
    assert not await Camera.exists()


async def test_without_script_the_whole_form_comes_back_with_the_answer(
    alice: Person, services: Services, organisation: Organisation
) -> None:
    (services.settings.footage_dir / "one.jpg").write_bytes(picture(1600, 1200))
    camera = await make_camera(organisation)
    answer = await alice.send_form(
        f"/cameras/{camera.public_id}/test", name="北口", path="one.jpg", **FORM
    )
    assert one(answer, "#name")["value"] == "北口"
    assert one(answer, "#trial svg.framed")["viewbox"] == "0 0 960 720"
    assert "0人を検知しました" in text_of(answer, ".trial-caption")
    assert "1600×1200" in text_of(answer, ".trial-caption")


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("none.jpg", None, "そのファイルがありません"),
        ("page.jpg", b"<html>not a picture</html>", "画像ではありません"),
        ("cut.jpg", picture()[:2000], "途中で切れています"),
        ("tiny.png", picture(8, 8, ".png"), "小さすぎます"),
        ("text.txt", b"hello", "動画のファイルを指定"),
    ],
)
async def test_each_failure_says_what_to_do(
    alice: Person, services: Services, path: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (services.settings.footage_dir / path).write_bytes(content)
    answer = await alice.send_htmx("/cameras/test", path=path, **FORM)
    assert answer.status_code == 422
    assert message in text_of(answer, ".notice-danger")


async def test_an_address_outside_the_allowed_networks_is_told_so(alice: Person) -> None:
    form = {**FORM, "connector": "http_snapshot", "url": "http://169.254.169.254/latest"}
    answer = await alice.send_htmx("/cameras/test", **form)
    assert answer.status_code == 422
    assert "許可されたネットワーク" in text_of(answer, ".notice-danger")


async def test_nothing_entered_is_told_without_asking_any_camera(alice: Person) -> None:
    form = {**FORM, "connector": "http_snapshot", "url": ""}
    answer = await alice.send_htmx("/cameras/test", **form)
    assert "URLを入力してください" in text_of(answer, ".notice-danger")


def test_everything_that_may_be_wrong_has_words() -> None:
    assert set(words.PHASES) == set(Phase)
    assert set(words.PICTURE_PROBLEMS) == set(PictureProblem)
    assert set(words.REMARKS) == set(Remark)
    codes = [*Phase, *PictureProblem, *Remark]
    assert len({code.value for code in codes}) == len(codes)
    assert all(words.detail(code.value) for code in codes)
    assert words.detail("something new") == ""


def test_what_connectors_say_exactly_is_still_what_they_say() -> None:
    folder = ROOT / "webapp" / "connectors"
    said = " ".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [sentence for sentence in words.ANSWERS if sentence not in said] == []
    assert "The crop lies outside" in said


@pytest.mark.parametrize("kind", [ValueError, KeyError, OverflowError, RecursionError])
async def test_whatever_breaks_in_a_connector_is_an_answer(
    services: Services, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    async def broken(*_: object) -> None:
        raise kind("hush-hush-9")

    monkeypatch.setattr(services.connectors["file"], "fetch", broken)
    tried = Tried("file", {"password": "hush-hush-9"}, "standard", 1)
    with capture_logs() as lines, pytest.raises(CameraUnreachable) as caught:
        await fetch(services, tried, datetime(2026, 4, 1, tzinfo=UTC))
    assert caught.value.phase is Phase.ANSWER
    assert [line["error"] for line in lines] == [kind.__name__]
    assert "hush" not in f"{lines} {caught.value}"
