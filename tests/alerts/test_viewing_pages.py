"""The manual's table of what a viewer sees (2-2-4), as pages show it: cameras and groups (S8)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.alerts.test_viewing_table import PICTURES
from tests.builders import counted, make_camera, make_embed, make_group, make_masked, picture
from tests.html import one, text_of
from tests.people import Person
from webapp.alerts.rules import StageSettings, write_stages
from webapp.embeds.shown import Displays
from webapp.models import Alert, AlertState, Camera, CameraGroup, Latest, Organisation
from webapp.services import Services

TWO, THREE = (10,), (10, 20)
COUNTS = {1: 3, 2: 12, 3: 25}
WORDS = {2: ("空", "混雑"), 3: ("空", "やや混雑", "混雑")}
TABLE = [
    # Thresholds, which stages have a picture, the stage, and whether its picture is shown.
    (TWO, "2段ともアラート設定なし", 1, False),
    (TWO, "2段ともアラート設定なし", 2, False),
    (TWO, "2段目のみアラート設定", 1, False),
    (TWO, "2段目のみアラート設定", 2, True),
    (TWO, "1・2段共にアラート設定", 1, True),
    (TWO, "1・2段共にアラート設定", 2, True),
    (THREE, "3段目のみ", 2, False),
    (THREE, "3段目のみ", 3, True),
    (THREE, "すべて", 1, True),
    (THREE, "すべて", 2, True),
    (THREE, "すべて", 3, True),
]


async def stage_key(services: Services, subject: Camera | CameraGroup, stage: int) -> str:
    key = f"alerts/{subject.public_id}/{stage:032x}.jpg"
    await services.storage.put(key, picture(shade=stage))
    return key


async def stand(
    services: Services,
    subject: Camera | CameraGroup,
    thresholds: tuple[int, ...],
    case: str,
    stage: int,
) -> None:
    """An alert of these thresholds, with pictures as the case has them, in this stage."""
    stages = []
    for number in (1, 2, 3):
        key = await stage_key(services, subject, number)
        stages.append(StageSettings(picture_on=number in PICTURES[case], picture=key))
    whose = {"group": subject} if isinstance(subject, CameraGroup) else {"camera": subject}
    alert = await Alert.create(
        organisation_id=subject.organisation_id,
        thresholds=list(thresholds),
        stage_settings=write_stages(stages),
        **whose,
    )
    await AlertState.create(
        organisation_id=subject.organisation_id,
        alert=alert,
        stage=stage,
        minute=datetime.now(UTC),
    )


async def counting(services: Services, organisation: Organisation, count: int) -> Camera:
    camera = await make_camera(organisation, latest=counted(count))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    return camera


@pytest.mark.parametrize("whose", ["camera", "group"])
@pytest.mark.parametrize(("thresholds", "case", "stage", "is_stage_shown"), TABLE)
async def test_the_table_of_the_manual_on_pages(
    alice: Person,
    anonymous: Person,
    services: Services,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
    *,
    thresholds: tuple[int, ...],
    case: str,
    stage: int,
    is_stage_shown: bool,
    whose: str,
) -> None:
    """A camera by its embed, a group by its own; closed, neither shows a stage."""
    monkeypatch.setattr(Displays, "FRESH", 0.0)
    camera = await counting(services, organisation, COUNTS[stage])
    subject: Camera | CameraGroup = camera
    viewer, path, part = anonymous, await make_embed(camera), "#shown"
    if whose == "group":
        subject = await make_group(organisation, cameras=[camera])
        viewer, path, part = alice, f"/groups/{subject.public_id}/live", ".group-live"
    await stand(services, subject, thresholds, case, stage)
    page = await viewer.get(path)
    src = str(one(page, f"{part} .sight img")["src"])
    shown = f"alerts/{subject.public_id}" if is_stage_shown else f"masked/{camera.public_id}"
    assert shown in src
    if is_stage_shown:
        assert f"{stage:032x}" in src
    assert (await viewer.get(src)).headers["content-type"] == "image/jpeg"
    assert WORDS[len(thresholds) + 1][stage - 1] in text_of(page, f"{part} > .state")
    await Camera.filter(id=camera.id).update(is_open=False)
    page = await viewer.get(path)
    assert "img/closed" in str(one(page, f"{part} .sight img")["src"])
    assert "営業時間外" in text_of(page, f"{part} > .state")
