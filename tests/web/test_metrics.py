"""``/metrics`` is there for whoever brings the token, and for nobody else."""

from __future__ import annotations

import platform
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from tests.builders import counted, make_camera
from tests.people import NO_PROVIDER, ORIGIN, Person, visitor
from webapp import __version__
from webapp.app import build_app
from webapp.domain.health import CameraState
from webapp.figures import Step
from webapp.models import CallMonth, Latest, Observation, Organisation, Outbox, Slot
from webapp.models.job import SlotState
from webapp.plugins import Engines
from webapp.services import Services, build_services
from webapp.settings import Settings

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


async def samples_of(monitor: Person) -> dict[tuple[str, ...], float]:
    """What is told, by name and labels; read by Prometheus's own parser."""
    response = await monitor.get("/metrics", headers=BEARER)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(response.text))
    assert len({family.name for family in families}) == len(families), "each is told once"
    assert all(family.documentation for family in families)
    samples = [sample for family in families for sample in family.samples]
    found = {(one.name, *(v for _, v in sorted(one.labels.items()))): one.value for one in samples}
    assert len(found) == len(samples)
    return found


async def test_what_the_process_did(monitor: Person, with_token: Services) -> None:
    figures = with_token.figures
    figures.asked(0.3)
    with figures.step(Step.FETCH):
        pass
    figures.minute(CameraState.OK, "")
    figures.minute(CameraState.UNREACHABLE, "timeout")
    figures.minute(CameraState.ENGINE_FAILED, "")
    samples = await samples_of(monitor)
    assert samples["nigiwai_camera_failures_total", "timeout"] == 1
    assert samples["nigiwai_camera_failures_total", "engine_failed"] == 1
    assert samples["nigiwai_minutes_total", "ok"] == 1
    assert samples["nigiwai_capture_delay_seconds_bucket", "0.5"] == 1
    assert samples["nigiwai_step_seconds_count", "fetch"] == 1
    assert samples["process_start_time_seconds",] > 0
    assert samples["nigiwai_build_info", platform.python_version(), __version__] == 1


async def test_how_cameras_stand(
    monitor: Person, organisation: Organisation, other_organisation: Organisation
) -> None:
    now = datetime.now(UTC)
    await make_camera(organisation, latest=counted(3, now))
    await make_camera(other_organisation, latest=counted(3, now - timedelta(seconds=100)))
    stopped = counted(1, now - timedelta(days=9))
    await make_camera(organisation, latest=stopped, stopped="excess")
    bad = {"detail": "timeout", "failures": 4, "count": None, "state": CameraState.UNREACHABLE}
    for number in range(3):
        camera = await make_camera(organisation, f"{number}")
        await Latest.filter(camera_id=camera.id).update(**bad)
    await Latest.filter(camera_id=camera.id).update(detail="a sentence of somebody's camera")
    samples = await samples_of(monitor)
    assert samples["nigiwai_workers",] == 0
    assert samples["nigiwai_cameras", "ok"] == samples["nigiwai_cameras", "unreachable"] == 3
    assert samples["nigiwai_cameras", "skipped"] == 0
    assert samples["nigiwai_cameras_failing", "timeout"] == 2
    assert samples["nigiwai_cameras_failing", "unreachable"] == 1
    assert 0 <= samples["nigiwai_camera_answer_age_seconds", "0.5"] <= 160
    assert 100 <= samples["nigiwai_camera_answer_age_seconds", "1.0"] < 160


async def test_the_minutes_of_every_process(monitor: Person, organisation: Organisation) -> None:
    """By the ledger: whoever did them, and none that is older or not over yet."""
    camera = await make_camera(organisation)
    this = datetime.now(UTC).replace(second=0, microsecond=0)
    for age, state in ((20, "ok"), (4, "ok"), (3, "ok"), (2, "unreachable"), (-20, "ok")):
        minute = this - timedelta(minutes=age)
        slot = {"camera": camera, "minute": minute, "organisation": organisation}
        await Slot.create(**slot, due_at=minute, state=SlotState.DONE)
        await Observation.create(**slot, state=CameraState(state))
    samples = await samples_of(monitor)
    assert samples["nigiwai_minutes_lately", "ok"] == 2
    assert samples["nigiwai_minutes_lately", "unreachable"] == 1
    assert samples["nigiwai_minutes_lately", "missed"] == 0


async def test_what_waits(monitor: Person, organisation: Organisation) -> None:
    empty = await samples_of(monitor)
    assert empty["nigiwai_slot_lag_seconds",] == empty["nigiwai_outbox_lag_seconds",] == 0
    assert empty["nigiwai_metered_views",] == 0
    now = datetime.now(UTC)
    for number, (state, due) in enumerate(
        ((SlotState.DUE, 30), (SlotState.DUE, -30), (SlotState.CLAIMED, 40), (SlotState.DONE, 50))
    ):
        camera = await make_camera(organisation, f"{number}")
        await Slot.create(
            organisation=organisation,
            camera=camera,
            minute=now,
            due_at=now - timedelta(seconds=due),
            state=state,
        )
    for number, (kind, changes) in enumerate(
        (("mail", {}), ("mail", {}), ("webhook", {"done_at": now}), ("mqtt", {"given_up_at": now}))
    ):
        await Outbox.create(
            organisation=organisation,
            kind=kind,
            payload={},
            dedupe_key=str(number),
            due_at=now - timedelta(seconds=70),
            **changes,
        )
    for month, calls in (("2026-01", 30), ("2026-02", 12)):
        await CallMonth.create(organisation=organisation, month=month, calls=calls)
    samples = await samples_of(monitor)
    assert (samples["nigiwai_slots", "due"], samples["nigiwai_slots", "claimed"]) == (1, 1)
    assert 30 <= samples["nigiwai_slot_lag_seconds",] < 90
    assert samples["nigiwai_outbox", "mail"] == 2
    assert ("nigiwai_outbox", "webhook") not in samples
    assert 70 <= samples["nigiwai_outbox_lag_seconds",] < 130
    assert samples["nigiwai_outbox_given_up",] == 1
    assert samples["nigiwai_metered_views",] == 42


async def test_nobody_is_named(
    monitor: Person, with_token: Services, organisation: Organisation
) -> None:
    """Names are the organisations' own, and a label a camera would be thousands."""
    camera = await make_camera(organisation, latest=counted(3))
    with_token.figures.minute(CameraState.UNREACHABLE, "timeout")
    told = (await monitor.get("/metrics", headers=BEARER)).text
    for name in (camera.name, camera.public_id, organisation.name, organisation.public_id):
        assert name not in told


async def test_the_same_on_postgresql(postgres: Settings, engines: Engines) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    await make_camera(organisation, latest=counted(3))
    named = {"origin": ORIGIN, "identity_origin": NO_PROVIDER, "metrics_token": SecretStr(TOKEN)}
    services = build_services(postgres.model_copy(update=named), engines)
    async with visitor(build_app(services)) as person:
        samples = await samples_of(person)
    assert samples["nigiwai_cameras", "ok"] == 1
    assert samples["nigiwai_metered_views",] == 0
