"""Licences and monitoring in a real browser: notices, ▶, the frame, the full screen, ■."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from jobs.monitoring import keep_frame
from tests.builders import counted, make_camera, make_masked, picture
from tests.e2e.conftest import serious_problems
from webapp.connectors import Still
from webapp.models import CallMonth, Organisation
from webapp.operator.licences import set_licence
from webapp.operator.office import open_office
from webapp.services import Services

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("SCREENSHOTS", "")


async def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page, for whoever wants to look at it."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def test_every_page_says_what_stands_still_and_the_notice_is_put_away(
    admin: BrowserContext, origin: str, services: Services, organisation: Organisation
) -> None:
    for name in ("北口", "南口", "とても長い名前のカメラ" * 5):
        await make_camera(organisation, name, latest=counted(4))
    await Organisation.filter(id=organisation.id).update(time_zone="UTC")
    now = datetime.now(UTC)
    office = open_office(services.settings)
    await set_licence(office, now, organisation=organisation.public_id, cameras="1")
    month = f"{now:%Y-%m}"
    await CallMonth.create(organisation=organisation, month=month, calls=9_000)
    page = await admin.new_page()
    for width in (1280, 375):
        await page.set_viewport_size({"width": width, "height": 800})
        for path in ("/cameras", "/licences"):
            await page.goto(f"{origin}{path}")
            await expect(page.locator(".notice-danger.licence-notice")).to_contain_text("2台")
            await shoot(page, f"licence-{path[1:]}-{width}")
            assert await serious_problems(page) == []
            assert await page.evaluate("document.body.scrollWidth") <= width
    few = page.locator(".notice-warning.licence-notice")
    await expect(few).to_contain_text("1,000")
    await few.locator("button").press("Enter")
    await expect(few).to_have_count(0)
    await page.reload()
    await expect(page.locator(".notice-danger.licence-notice")).to_be_visible()
    await expect(few).to_have_count(0)


async def test_a_camera_is_watched_from_the_list(
    admin: BrowserContext, origin: str, services: Services, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, "北口")
    key = await make_masked(services, camera)
    await type(camera.latest).filter(id=camera.latest.id).update(**counted(4, picture=key))
    await make_camera(organisation, "南口", latest=counted(2))
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras?view=monitoring")
    await shoot(page, "monitoring-list")
    card = page.locator(f"#card-{camera.public_id}")
    await card.get_by_role("button", name="北口のモニタリングを開始").press("Enter")
    await expect(card.locator(".monitor-empty")).to_contain_text("次に解析した画像から")
    now = datetime.now(UTC)
    assert await keep_frame(services, camera, Still(picture(), now), now)
    frame = card.locator(".monitor-frame")
    await expect(frame).to_be_visible(timeout=8_000)
    assert await frame.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    await shoot(page, "monitoring-started")
    assert await serious_problems(page) == []
    await card.get_by_role("button", name="最大化").click()
    await page.wait_for_function("document.fullscreenElement !== null")
    await shoot(page, "monitoring-full")
    # Without a window Chromium hands no Escape to its full screen: what Escape does is done.
    await page.evaluate("document.exitFullscreen()")
    await page.wait_for_function("document.fullscreenElement === null")
    await card.get_by_role("button", name="モニタリングを終了").click()
    await expect(card.get_by_role("button", name="北口のモニタリングを開始")).to_be_visible()
    assert not list(services.storage.list_sync("live"))
    for width in (375, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(f"{origin}/cameras/{camera.public_id}/monitoring")
        await shoot(page, f"monitoring-camera-{width}")
        assert await page.evaluate("document.body.scrollWidth") <= width
