"""The settings of a camera in a real browser: added, renamed, tried, replaced, removed."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Dialog, expect

from tests.builders import make_background, make_camera, picture
from tests.e2e.conftest import serious_problems
from tests.e2e.test_screens import quiet
from webapp.models import Background, Camera, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e


async def test_the_mode_is_tried_and_kept_by_keyboard(
    admin: BrowserContext, origin: str, services: Services, organisation: Organisation
) -> None:
    (services.settings.footage_dir / "still.png").write_bytes(picture(320, 240, ".png"))
    camera = await make_camera(organisation, sealed=services.sealer.seal({"path": "still.png"}))
    await make_background(services, camera)
    page = await admin.new_page()
    complaints = quiet(page)
    await page.goto(f"{origin}/cameras/{camera.public_id}/mode")
    await expect(page.locator("#level")).to_be_hidden()
    await expect(page.locator("[data-save]")).to_be_disabled()
    await page.focus("input[value=standard]")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#level")).to_be_visible()
    await expect(page.locator("#hints-detailed")).to_be_visible()
    await expect(page.locator("#hints-standard")).to_be_hidden()
    await page.focus("#level")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("output[for=level]")).to_have_text("4")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.once("dialog", stay)
    async with page.expect_event("dialog"):
        await page.click(".settings-tabs a >> nth=-1", no_wait_after=True)
    assert asked == ["beforeunload"]
    await page.click("button[formaction$='/try']")
    await expect(page.locator(".trial-wait")).to_be_visible()
    modes = page.locator("#modes .mode")
    await expect(modes).to_have_count(len(services.engines.infos), timeout=60_000)
    await expect(page.locator("#modes .is-chosen .mode-title")).to_contain_text("詳細")
    assert await serious_problems(page) == []
    await page.click("[data-save]")
    await expect(page.locator(".notice-done")).to_contain_text("次の解析から")
    kept = await Camera.get(id=camera.id)
    assert (kept.engine, kept.level) == ("detailed", 4)
    assert complaints == []


async def test_a_camera_is_added_renamed_replaced_and_deleted(
    admin: BrowserContext, origin: str, services: Services
) -> None:
    for name in ("a.png", "b.png"):
        (services.settings.footage_dir / name).write_bytes(picture(320, 240, ".png"))
    page = await admin.new_page()
    complaints = quiet(page)
    await page.set_viewport_size({"width": 375, "height": 800})
    await page.goto(f"{origin}/cameras")
    await page.click(".empty-state a[href='/cameras/new']")
    await page.click(".ways a[href$='/network']")
    await page.wait_for_url("**/cameras/new/network*")
    await page.fill("#name", "東口")
    await page.check("[name=connector][value=file]")
    await page.fill("#path", "a.png")
    await page.click("[data-save]")
    await expect(page.locator("h1")).to_have_text("東口")
    camera = await Camera.get()
    await make_background(services, camera)

    await page.goto(f"{origin}/cameras")
    await page.click("[data-rename]")
    await page.fill("input[name=name]", "東口（改札前）")
    # Somebody else was quicker: the second is told, and confirms.
    await Camera.filter(id=camera.id).update(name="西口")
    await page.keyboard.press("Enter")
    await expect(page.locator(".rename .invalid-feedback")).to_contain_text("「西口」")
    await page.click(".rename button[type=submit]")
    await expect(page.locator(".camera-name-text")).to_have_text("東口（改札前）")

    await page.goto(f"{origin}/cameras/{camera.public_id}/edit")
    await page.click("a[href$='/replace']")
    await page.wait_for_url("**/replace*")
    await page.check("[name=connector][value=file]")
    await page.fill("#path", "b.png")
    await page.click("[data-save]")
    await expect(page.locator(".notice-done")).to_contain_text("差し替えました")
    assert not await Background.exists()
    assert services.sealer.unseal((await Camera.get()).source)["path"] == "b.png"

    await page.goto(f"{origin}/cameras/manage")
    await page.click("#rows .menu > summary")
    await page.click("#rows .menu-item.is-danger")
    await expect(page.locator("main")).to_contain_text("契約数は変わりません")
    await page.click("button.btn-danger")
    await expect(page.locator(".notice-done")).to_contain_text("削除しました")
    assert not await Camera.exists()
    assert [c for c in complaints if "409" not in c] == []
