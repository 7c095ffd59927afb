"""混雑予測 in a real browser: by mouse, keyboard and finger, and without any script (F1, B5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from jobs.forecast import forecast_due
from tests.builders import counted, make_camera, make_group
from tests.e2e.conftest import serious_problems
from tests.forecast.conftest import make_quarters
from webapp.models import Alert, Camera, Organisation
from webapp.settings import Settings

pytestmark = pytest.mark.e2e

TOKYO = ZoneInfo("Asia/Tokyo")
DAYS = 40


def by_hour(at: datetime) -> int:
    """Few in the morning, most in the afternoon."""
    return (1, 3, 9, 5)[at.hour // 6] + (at.weekday() >= 5) * 4


@pytest.fixture
async def camera(organisation: Organisation, database: Settings) -> Camera:
    camera = await make_camera(organisation, name="中央広場", latest=counted(4))
    await make_group(organisation, "駅前", [camera])
    await Alert.create(
        organisation_id=organisation.id, camera=camera, is_on=True, thresholds=[6, 12]
    )
    first = datetime.now(TOKYO).date() - timedelta(days=DAYS)
    await make_quarters(camera, first, DAYS, TOKYO, by_hour)

    async def clock() -> datetime:
        return datetime.now(UTC)

    await forecast_due(database, clock)
    return camera


async def test_the_graph_is_walked_by_mouse_keyboard_and_finger(
    admin: BrowserContext, browser: Browser, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda m: failures.append(m.text) if m.type == "error" else None)
    await page.goto(f"{origin}/cameras")
    await page.get_by_role("navigation", name="表示の切り替え").get_by_text("混雑予測").click()
    assert await serious_problems(page) == []
    await page.get_by_role("link", name="混雑予測を見る").click()
    await page.get_by_role("link", name="月", exact=True).click()
    await expect(page.locator(".forecast-tab[aria-current]")).to_have_text("月")
    await page.wait_for_load_state()  # a pointer moves once: the script has to be there
    tip = page.locator("[data-tip]")
    await expect(tip).to_be_hidden()
    box = await page.locator(".forecast-plot").bounding_box()
    assert box is not None
    # A quarter of the day's width is 12:00.
    await page.mouse.move(box["x"] + box["width"] * 24.5 / 96, box["y"] + 20)
    await expect(tip).to_have_text("12:00 9.0人")
    graph = page.locator("[data-forecast]")
    await graph.focus()
    await page.keyboard.press("ArrowRight")
    await expect(tip).to_have_text("12:15 9.0人")
    await page.keyboard.press("Home")
    await expect(tip).to_have_text("6:00 3.0人")
    await page.keyboard.press("End")
    await expect(tip).to_have_text("29:45 1.0人")
    await page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()
    assert await serious_problems(page) == []
    await page.get_by_role("link", name="これからの7日間").click()
    await expect(page.locator(".day-band").first).to_be_attached()
    await page.locator(".forecast-tab").nth(6).click()
    await expect(page.locator(".forecast-tab")).to_have_count(7)
    assert await serious_problems(page) == []
    await page.goto(f"{origin}/groups?view=forecast")
    await page.get_by_role("link", name="混雑予測を見る").click()
    # It begins with the weekday of today.
    await page.get_by_role("link", name="月", exact=True).click()
    await expect(page.locator(".forecast-tab[aria-current]")).to_have_text("月")
    await expect(page.locator(".day-bar").first).to_be_attached()
    address = page.url
    await page.close()

    cookies = await admin.cookies()
    phone = await browser.new_context(
        locale="ja-JP", has_touch=True, is_mobile=True, viewport={"width": 375, "height": 800}
    )
    await phone.add_cookies(cookies)  # type: ignore[arg-type]
    page = await phone.new_page()
    await page.goto(address)
    box = await page.locator(".forecast-plot").bounding_box()
    assert box is not None
    await page.touchscreen.tap(box["x"] + box["width"] * 24.5 / 96, box["y"] + 30)
    await expect(page.locator("[data-tip]")).to_have_text("12:00 9.0人")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await phone.close()

    plain = await browser.new_context(locale="ja-JP", java_script_enabled=False)
    await plain.add_cookies(cookies)  # type: ignore[arg-type]
    page = await plain.new_page()
    await page.goto(address)
    assert await page.locator(".day-bar").count() == 96
    await page.get_by_text("表で見る").click()
    await expect(page.get_by_role("cell", name="9.0").first).to_be_visible()
    await plain.close()
    assert failures == []
