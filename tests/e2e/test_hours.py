"""Business hours in a real browser: by keyboard, the month beside it, and without script."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.builders import make_camera
from tests.e2e.test_screens import look
from webapp.models import Camera, CameraGroup, CameraGroupMember, Organisation

pytestmark = pytest.mark.e2e

KEPT = {
    "basic": [
        {"days": [0, 1, 2, 3, 4], "span": [540, 1260]},
        {"days": [5, 6, 7], "span": [600, 1080]},
    ],
    "special": [
        {"dates": {"repeat": "weekday", "nth": 3, "weekday": 4}, "span": [540, 1500]},
    ],
    "closed": [{"dates": {"repeat": "weekday", "nth": 2, "weekday": 1}}],
}


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, has_hours=True, hours=KEPT)


async def test_the_screens_are_accessible(
    admin: BrowserContext, origin: str, camera: Camera, organisation: Organisation
) -> None:
    page = await admin.new_page()
    await look(page, origin, f"/cameras/{camera.public_id}/hours")
    group = await CameraGroup.create(
        organisation=organisation, name="出入口", default_camera=camera
    )
    await CameraGroupMember.create(organisation=organisation, group=group, camera=camera)
    await look(page, origin, f"/groups/{group.public_id}/hours", looks=2)


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_hours_are_set_by_keyboard_alone(
    admin: BrowserContext, origin: str, organisation: Organisation
) -> None:
    camera = await make_camera(organisation)
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras/{camera.public_id}/hours")
    save = page.locator("[data-save]")
    await expect(save).to_be_disabled()
    await page.locator("[name=has_hours]").focus()
    await press(page, "Space", "Tab", "Enter")  # on; 基本営業時間を追加
    await expect(page.locator("[name='r1-days'][value='0']")).to_be_focused()
    for _ in range(7):
        await press(page, "Tab")
    await press(page, "Space", "Tab")  # 祝, then the start
    await page.keyboard.insert_text("10:00")
    await press(page, "Tab")
    await page.keyboard.insert_text("25:00")
    preview = page.locator("[data-preview] table")
    await expect(preview.get_by_text("10:00–25:00").first).to_be_attached()
    await expect(page.locator("[data-summary]").first).to_have_text("月–金・祝 10:00–25:00")
    saved = page.locator(".hours-calendars > div:first-child table")
    await expect(saved.get_by_text("10:00–25:00")).to_have_count(0)
    month = str(await page.locator("#calendars").get_attribute("data-month"))
    await page.get_by_label("次の月").focus()
    await press(page, "Enter")
    await expect(page.locator("#calendars")).not_to_have_attribute("data-month", month)
    await expect(page.get_by_label("次の月")).to_be_focused()
    await save.focus()
    await press(page, "Enter")
    await expect(page.get_by_text("営業時間を保存しました。")).to_be_visible()
    await page.wait_for_load_state()
    kept = await Camera.get(id=camera.id)
    assert kept.hours["basic"] == [{"days": [0, 1, 2, 3, 4, 7], "span": [600, 1500]}]
    # The bin takes the card away, and what has focus is never lost.
    await page.locator("[data-remove]").focus()
    await press(page, "Enter")
    await expect(page.locator("form .hours-card")).to_have_count(0)
    await expect(page.locator("[data-add=basic]")).to_be_focused()
    await expect(save).to_be_enabled()


async def test_without_script_nothing_is_missing(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    """The same form, answered by the server: with the sign-in of the other browser."""
    browser = admin.browser
    assert browser
    plain = await browser.new_context(
        storage_state=await admin.storage_state(), java_script_enabled=False, locale="ja-JP"
    )
    page = await plain.new_page()
    await page.goto(f"{origin}/cameras/{camera.public_id}/hours")
    await page.get_by_label("特別休業日を追加").click()
    new = page.locator("[data-cards=closed] .hours-card").last
    await new.locator("select").first.select_option("monthly")
    await new.get_by_label("日", exact=True).fill("25")
    await page.get_by_role("button", name="編集中の設定を表示").click()
    await expect(page.locator("[data-preview] td.is-closed.is-special")).to_have_count(2)
    await page.locator("[data-save]").click()
    await expect(page.get_by_text("営業時間を保存しました。")).to_be_visible()
    kept = await Camera.get(id=camera.id)
    assert [item["dates"]["repeat"] for item in kept.hours["closed"]] == ["weekday", "monthly"]
    await plain.close()
