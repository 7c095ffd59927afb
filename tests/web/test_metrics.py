"""``/metrics`` is there for whoever brings the token, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import counted, make_camera
from tests.people import Person, visitor
from webapp.app import build_app
from webapp.domain.health import CameraState
from webapp.figures import Step
from webapp.models import Latest, Organisation
from webapp.services import Services

TOKEN = "t" * 24
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def with_token(services: Services) -> Services:
    settings = services.settings.model_copy(
        update={"metrics_token": type(services.settings.secret_key)(TOKEN)}
    )
    return replace(services, settings=settings)


@pytest.fixture
async def monitor(with_token: Services) -> AsyncIterator[Person]:
    async with visitor(build_app(with_token)) as person:
        yield person


async def test_without_the_setting_there_is_nothing(anonymous: Person, alice: Person) -> None:
    for given in ({}, BEARER, {"Authorization": "Bearer "}):
        assert (await anonymous.get("/metrics", headers=given)).status_code == 404
    assert (await alice.get("/metrics")).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", f"bearer {TOKEN}", TOKEN, "Bearer あ"])
async def test_a_wrong_token_finds_nothing(monitor: Person, given: str) -> None:
    response = await monitor.get("/metrics", headers={"Authorization": given.encode()})
    assert response.status_code == 404


async def test_the_figures(
    monitor: Person, with_token: Services, organisation: Organisation
) -> None:
    good = await make_camera(organisation, latest=counted(3, datetime.now(UTC)))
    bad = await make_camera(organisation, name="裏口", latest=counted(1, datetime.now(UTC)))
    await Latest.filter(camera_id=bad.id).update(
        state=CameraState.UNREACHABLE, detail="timeout", failures=4, count=None
    )
    figures = with_token.figures
    figures.asked(0.3)
    with figures.step(Step.FETCH):
        pass
    figures.minute(good.public_id, CameraState.OK, "")
    figures.minute(bad.public_id, CameraState.UNREACHABLE, "timeout")
    response = await monitor.get("/metrics", headers=BEARER)
    assert response.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert samples["nigiwai_workers",] == 0
    assert samples["nigiwai_cameras", "ok"] == samples["nigiwai_cameras", "unreachable"] == 1
    assert samples["nigiwai_camera_bad_minutes", bad.public_id, "timeout"] == 4
    assert samples["nigiwai_camera_failures_total", bad.public_id, "timeout"] == 1
    assert samples["nigiwai_minutes_total", "ok"] == 1
    assert samples["nigiwai_capture_delay_seconds_bucket", "0.5"] == 1
    assert samples["nigiwai_step_seconds_count", "fetch"] == 1
    assert 0 <= samples["nigiwai_camera_answer_age_seconds", good.public_id] < 60
    assert not [
        key for key in samples if key[0].endswith("failures_total") and good.public_id in key
    ]
    assert "裏口" not in response.text  # names are the organisations' own
