"""An admin saves an alert while somebody else is at it: neither undoes the other (S3)."""

from __future__ import annotations

import asyncio
import contextvars
from datetime import UTC, datetime

import pytest

from tests.alerts.test_editor import GOOD, version
from tests.alerts.test_live import make_alert
from tests.builders import make_camera
from tests.people import Person
from webapp.alerts import unsubscribing
from webapp.alerts.rules import read_stages
from webapp.database import transaction
from webapp.models import Alert, AlertEvent, EventKind, Organisation
from webapp.settings import Settings


@pytest.fixture
def database(postgres: Settings) -> Settings:
    """SQLite has one writer: what happens at once is PostgreSQL's."""
    return postgres


async def test_saving_does_not_bring_back_whoever_just_unsubscribed(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, "正面入口")
    alert = await make_alert(camera, addresses=("a@shop.test", "b@shop.test"))
    path = f"/cameras/{camera.public_id}/alerts"
    fields = {**GOOD, "version": await version(alice, path), "address_3_1": "a@shop.test"}
    outside = contextvars.copy_context()  # of the transaction, that is
    async with transaction():
        await unsubscribing.unsubscribe(alert.id, "a@shop.test", "203.0.113.7")
        saving = asyncio.create_task(alice.send_form(path, **fields), context=outside)
        done, _ = await asyncio.wait({saving}, timeout=2)
        assert not done, "it waits for the row"
    assert (await saving).status_code == 409, "the admin is told"
    stages = read_stages((await Alert.get()).stage_settings)
    assert {address for stage in stages for address in stage.addresses} == {"b@shop.test"}


async def test_saving_and_a_worker_that_closes_do_not_wait_for_each_other_for_ever(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, "正面入口")
    alert = await make_alert(camera)
    path = f"/cameras/{camera.public_id}/alerts"
    fields = {**GOOD, "version": await version(alice, path)}
    outside = contextvars.copy_context()
    async with transaction():  # what a worker does: the alert is held, then its event is written
        await Alert.filter(id=alert.id).select_for_update().first()
        saving = asyncio.create_task(alice.send_form(path, **fields), context=outside)
        done, _ = await asyncio.wait({saving}, timeout=2)
        assert not done, "it waits for the row"
        await AlertEvent.create(
            organisation_id=organisation.id,
            camera_id=camera.id,
            minute=datetime.now(UTC),
            kind=EventKind.CLOSED,
        )
    assert (await saving).status_code == 303
