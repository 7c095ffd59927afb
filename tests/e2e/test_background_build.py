"""自動で作る with the simulated cloud, in a real browser: begun, watched, registered, proposed.

It takes half a minute: a background is built of 60 captures, and looked through for people.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from jobs.deliver import deliver_due
from jobs.observe import Workshop
from tests.camera_cloud.conftest import give_consent
from tests.cloud_server import Simulated
from tests.e2e.conftest import serious_problems
from tests.e2e.test_health import (  # noqa: F401 - fixtures
    Turns,
    cloud_camera,
    services,
    shop,
    switch,
    there,
)
from webapp.domain.health import CameraState
from webapp.models import AuditEntry, Background, BackgroundBuildPart, Latest, Member, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("SCREENSHOTS", "")
FOOTAGE = 79.5  # seconds
APART = 1.3  # of the footage, between two captures


async def look(page: Page, name: str) -> None:
    """Keep pictures of the page in every form for whoever wants to look."""
    if not SHOTS:
        return
    for language in ("ja", "en"):
        await Member.all().update(language=language)
        for width in (1280, 375):
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)
                await page.set_viewport_size({"width": width, "height": 800})
                await page.reload()
                file = Path(SHOTS) / f"build-{name}-{language}-{width}-{scheme}.png"
                await page.screenshot(path=file, full_page=True)
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await Member.all().update(language="ja")
    await page.reload()


async def test_a_background_is_built_watched_and_registered(
    admin: BrowserContext,
    origin: str,
    services: Services,  # noqa: F811
    there: Simulated,  # noqa: F811
    shop: Workshop,  # noqa: F811
    organisation: Organisation,
) -> None:
    assert services.camera_cloud is not None
    consent = await give_consent(services.camera_cloud, there, organisation)
    camera = await cloud_camera(services, organisation, consent.public_id)
    await Background.all().delete()
    turns, page = Turns(shop, camera), await admin.new_page()
    turns.minute -= timedelta(hours=1)
    begins, numbers = datetime.now(UTC).timestamp() // FOOTAGE * FOOTAGE, count()

    async def captures(many: int) -> Latest:
        """As many minutes, each with another picture: the footage from its beginning on."""
        latest = None
        for _ in range(many):
            at = datetime.fromtimestamp(begins + APART * next(numbers), UTC)
            there.cloud.clock = partial(lambda at: at, at)
            latest = await turns.take()
        assert latest is not None
        return latest

    path = f"{origin}/cameras/{camera.public_id}/background"
    await page.goto(path)
    assert await serious_problems(page) == []
    await look(page, "0-off")
    await page.click("#build button")
    await expect(page.locator("#build")).to_contain_text("次の解析から")
    await captures(20)
    await page.reload()
    await expect(page.locator("#build")).to_contain_text("確かめられた部分 0%")
    await expect(page.locator("#build")).to_contain_text("撮影 20回")
    await captures(18)
    await page.reload()
    assert await serious_problems(page) == []
    await look(page, "1-on-the-way")
    await captures(22)
    await page.goto(f"{origin}/cameras/{camera.public_id}")
    await expect(page.locator("main")).to_contain_text("自動で作った背景画像ができました")
    await look(page, "2-camera-page")
    await page.goto(path)
    await expect(page.locator("#build")).to_contain_text("背景画像ができました")
    assert await serious_problems(page) == []
    await look(page, "3-ready")

    await page.click("#build form[action$='/use'] button")
    register = page.locator("form[action$='/register']")
    await expect(register).to_be_visible(timeout=60_000)
    await expect(register.locator(".notice-warning")).to_have_count(0)
    await register.locator("button[type=submit]").click()
    done = page.locator(".notice-done")
    await expect(done).to_contain_text("背景画像を登録しました", timeout=60_000)
    while await deliver_due(services, datetime.now(UTC)):
        continue
    assert list(services.storage.list_sync("building")) == []
    assert not await BackgroundBuildPart.exists()
    latest = await captures(2)
    assert (latest.state, bool(latest.picture)) == (CameraState.OK, True)

    await switch(page, there, "moved", on=True)
    assert (await captures(2)).detail == "moved"
    await page.goto(path)
    await expect(page.locator("#build")).to_contain_text("今の向きの背景画像を自動で作れます")
    await look(page, "4-moved")
    await page.click("#build button")
    await expect(page.locator("#build")).to_contain_text("次の解析から", timeout=60_000)
    await captures(1)
    await page.reload()
    await expect(page.locator("#build")).to_contain_text("撮影 1回")
    await page.click("#build summary")
    await page.click("#build form[action$='/cancel'] button")
    await expect(done).to_contain_text("自動作成を中止し", timeout=60_000)
    actions = await AuditEntry.filter(action__startswith="background").order_by("id")
    assert [entry.action for entry in actions] == [
        "background_build_started",
        "background_registered",
        "background_build_started",
        "background_build_ended",
    ]
