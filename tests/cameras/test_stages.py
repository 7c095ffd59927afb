"""How far a connection test came."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.builders import picture
from tests.html import parsed, text_of
from tests.people import Person
from webapp.cameras.stages import OUTCOMES, TITLES, Outcome, Part, failed_stages, passed_stages
from webapp.connectors import CameraUnreachable, Phase, Step, Still
from webapp.domain.pictures import PictureProblem, PictureRefused
from webapp.errors import PermanentFailure
from webapp.services import Services

STILL = Still(b"", datetime.now(UTC), {"sign_in": "digest"}, {Step.CONNECT: 0.25, Step.TLS: 0.25})


def marks(error: Exception, still: Still | None = None, *, local: bool = False) -> str:
    letters = {Outcome.DONE: "+", Outcome.FAILED: "x", Outcome.OPEN: "-"}
    return "".join(letters[s.outcome] for s in failed_stages(error, still, is_local=local))


@pytest.mark.parametrize(
    ("phase", "step", "expected"),
    [
        (Phase.SETTINGS, None, "x----"),
        (Phase.ADDRESS, None, "x----"),
        (Phase.CONNECT, None, "+x---"),
        (Phase.SIGN_IN, None, "++x--"),
        (Phase.ANSWER, None, "+++x-"),
        (Phase.TIMEOUT, None, "+x---"),
        (Phase.TIMEOUT, Step.RESOLVE, "x----"),
        (Phase.TIMEOUT, Step.TLS, "+x---"),
        (Phase.TIMEOUT, Step.BODY, "+++x-"),
    ],
)
def test_a_failure_stands_at_its_stage(phase: Phase, step: Step | None, expected: str) -> None:
    assert marks(CameraUnreachable(phase, "x", step)) == expected


def test_what_comes_after_the_picture_is_told_apart() -> None:
    refused = PictureRefused(PictureProblem.TRUNCATED, "x")
    assert marks(refused, STILL) == "+++x-"
    assert marks(RuntimeError("engine"), STILL) == "++++x"
    assert marks(PermanentFailure("sealed")) == "+++x-"
    assert marks(CameraUnreachable(Phase.FILE, "x"), local=True) == "x-"
    assert marks(RuntimeError("engine"), STILL, local=True) == "+x"
    assert {Phase(phase) for phase in Phase} == set(Phase)
    for phase in Phase:
        assert marks(CameraUnreachable(phase, "x")).count("x") == 1


def test_a_good_test_tells_times_and_the_sign_in() -> None:
    stages = {stage.part: stage for stage in passed_stages(STILL, 40, is_local=False)}
    assert list(stages) == list(Part)
    assert stages[Part.CONNECT].ms == 500
    assert stages[Part.SIGN_IN].note == "Digest認証"
    assert stages[Part.ANALYSIS].ms == 40
    assert stages[Part.PICTURE].ms is None
    assert set(TITLES) == set(Part)
    assert set(OUTCOMES) == set(Outcome)


async def test_the_stages_stand_on_the_page(alice: Person, services: Services) -> None:
    (services.settings.footage_dir / "one.jpg").write_bytes(picture())
    form = {"connector": "file", "engine": "standard", "path": "one.jpg"}
    answer = await alice.send_htmx("/cameras/test", **form)
    words = [stage.get_text(" ", strip=True) for stage in parsed(answer).select(".stage-done")]
    assert [word.split()[0] for word in words] == ["画像", "解析"]
    assert "成功" in words[0]
    assert "所要時間" in text_of(answer, ".trial-caption")
    form = {**form, "connector": "http_snapshot", "url": "http://169.254.169.254/"}
    failed = await alice.send_htmx("/cameras/test", **form)
    assert text_of(failed, ".stage-failed") == "アドレス : 失敗"
    assert len(parsed(failed).select(".stage-open")) == 4
