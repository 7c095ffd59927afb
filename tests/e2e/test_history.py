"""検知人数履歴 in a real browser: the chart is drawn, zooms, and its table follows."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.builders import counted, make_camera
from tests.e2e.conftest import serious_problems
from tests.history.conftest import make_past
from webapp.models import Camera, Organisation

pytestmark = pytest.mark.e2e


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, name="中央広場", latest=counted(4))
    start = (datetime.now(UTC) - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    counts = [
        None if 600 < minute % 1440 < 660 else round(8 + 7 * math.sin(minute / 200))
        for minute in range(2 * 1440)
    ]
    await make_past(camera, start, counts)
    return camera


async def rows_of(page: Page) -> int:
    return await page.locator("#history-table tbody tr").count()


async def test_the_chart_is_walked_by_mouse_and_keyboard(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda m: failures.append(m.text) if m.type == "error" else None)
    await page.goto(f"{origin}/cameras?view=history")
    await page.get_by_role("link", name="チャートを見る").click()
    await expect(page.locator(".u-over")).to_be_visible()
    assert await rows_of(page) == 96
    await page.get_by_role("button", name="統計値").click()
    await page.get_by_label("最大値").uncheck()
    await expect(page.locator(".u-over")).to_be_visible()
    box = await page.locator(".u-over").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    await expect(page.locator("[data-value]")).to_contain_text("平均値")
    await expect(page.locator("[data-value]")).not_to_contain_text("最大値")
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60, steps=4)
    await page.mouse.up()
    await expect(page.locator("#history-table tbody tr")).to_have_count(25)
    assert await serious_problems(page) == []
    await page.get_by_role("button", name="元の範囲に戻す").press("0")
    await expect(page.locator("#history-table tbody tr")).to_have_count(96)
    await page.get_by_role("button", name="拡大").press("+")
    await expect(page.locator("#history-table tbody tr")).to_have_count(48)
    await page.set_viewport_size({"width": 375, "height": 800})
    await expect(page.locator(".u-over")).to_be_visible()
    await page.evaluate(  # a moment later it is drawn anew
        """() => new Promise((done) => {
          const look = () => document.documentElement.scrollWidth <= innerWidth
            ? done(null) : setTimeout(look, 50);
          look();
        })"""
    )
    await page.get_by_role("link", name="CSVダウンロード").click()
    assert await serious_problems(page) == []
    async with page.expect_download() as download:
        await page.get_by_role("button", name="ダウンロード").click()
    assert (await download.value).suggested_filename.startswith("中央広場_")
    assert failures == []
    await page.close()


async def test_a_range_that_cannot_be_fetched_is_told_and_the_chart_stays(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras/{camera.public_id}/history")
    await expect(page.locator(".u-over")).to_be_visible()
    lost, closer = page.locator("#history-lost"), page.get_by_role("button", name="拡大")
    await page.route("**/history/data?*", lambda route: route.abort())
    await closer.click()
    await expect(lost).to_be_visible()
    assert await rows_of(page) == 96
    assert await serious_problems(page) == []
    await page.unroute("**/history/data?*")
    await closer.click()
    await expect(lost).to_be_hidden()
    await expect(page.locator("#history-table tbody tr").nth(49)).to_have_count(0)
    assert await rows_of(page) >= 48  # half of it, and a quarter hour more between full ones
