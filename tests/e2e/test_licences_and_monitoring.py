"""Licences and monitoring in a real browser: notices, ▶, the frame, the full screen, ■."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from jobs.monitoring import keep_frame
from tests.builders import counted, make_camera, make_embed, make_masked, picture
from tests.e2e.conftest import serious_problems
from webapp.connectors import Still
from webapp.licences.calls import count_calls
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


async def test_where_the_calls_of_a_month_went(
    admin: BrowserContext, origin: str, services: Services, organisation: Organisation
) -> None:
    page, now = await admin.new_page(), datetime.now(UTC)
    await page.goto(f"{origin}/licences/usage")
    await expect(page.locator("main")).to_contain_text("埋め込み用コード")
    await shoot(page, "usage-empty")
    assert await serious_problems(page) == []
    office = open_office(services.settings)
    await set_licence(office, now, organisation=organisation.public_id, cameras="1")
    names = ("北口", "南口", "とても長い名前のカメラ" * 5, "<b>東口</b>", "西口")
    for number, name in enumerate(names):
        camera = await make_camera(organisation, name, latest=counted(4))
        key = (await make_embed(camera)).split("/")[2]
        for ago in range(28):
            calls = {key: 10 + 7 * ((ago * 5 + number * 3) % 11)}
            await count_calls(organisation, calls, now - timedelta(days=ago))
        if name == "西口":
            await camera.delete()
    for language in ("ja", "en"):
        await Organisation.filter(id=organisation.id).update(language=language)
        for width in (1280, 375):
            await page.set_viewport_size({"width": width, "height": 800})
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                await page.goto(f"{origin}/licences/usage")
                await expect(page.locator("#keys tbody tr")).to_have_count(len(names))
                await shoot(page, f"usage-{language}-{width}-{scheme}")
                assert await serious_problems(page) == []
                assert await page.evaluate("document.body.scrollWidth") <= width
        await page.goto(f"{origin}/licences")
        await shoot(page, f"usage-licence-{language}")
    await page.locator("main a[href='/licences/usage']").click()
    await page.locator("#keys a", has_text="西口").click()
    await expect(page.locator(".usage-chosen")).to_contain_text("西口")
    await expect(page.locator(".usage-chosen .usage-tag")).to_have_text("deleted")
    await shoot(page, "usage-one")
    async with page.expect_download() as download:
        await page.locator("a[download]").click()
    assert (await download.value).suggested_filename.startswith("calls_")


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
    await expect(frame).to_be_visible()
    assert await frame.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    await shoot(page, "monitoring-started")
    assert await serious_problems(page) == []
    await card.get_by_role("button", name="最大化").click()
    await expect(page.locator(":fullscreen")).to_have_count(1)
    await shoot(page, "monitoring-full")
    # Without a window Chromium hands no Escape to its full screen: what Escape does is done.
    await page.evaluate("document.exitFullscreen()")
    await expect(page.locator(":fullscreen")).to_have_count(0)
    await card.get_by_role("button", name="モニタリングを終了").click()
    await expect(card.get_by_role("button", name="北口のモニタリングを開始")).to_be_visible()
    assert not list(services.storage.list_sync("live"))
    for width in (375, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(f"{origin}/cameras/{camera.public_id}/monitoring")
        await shoot(page, f"monitoring-camera-{width}")
        assert await page.evaluate("document.body.scrollWidth") <= width
