"""昼・夜切り替え in a real browser: switched on, the night's background kept, removed (M4)."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

from tests.builders import counted, make_background, make_camera, picture
from tests.e2e.conftest import serious_problems
from tests.e2e.test_screens import quiet
from webapp.models import Background, Camera, Member, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("language", "width"), [("ja", 1280), ("en", 375)])
async def test_day_and_night_have_a_background_each(
    admin: BrowserContext,
    origin: str,
    services: Services,
    organisation: Organisation,
    language: str,
    width: int,
) -> None:
    camera = await make_camera(organisation, latest=counted())
    await make_background(services, camera)
    await Member.all().update(language=language)
    page = await admin.new_page()
    complaints = quiet(page)
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(f"{origin}/cameras/{camera.public_id}/background")
    await expect(page.locator("#day_starts")).to_be_hidden()
    await page.check("input[name=pattern][value=day_night]")
    await page.fill("#day_starts", "7:30")
    await page.fill("#day_ends", "6:00")
    await page.click("#pattern [data-save]")
    await expect(page.locator("#day_ends-error")).to_be_visible()
    await page.fill("#day_ends", "18:00")
    await page.click("#pattern [data-save]")
    await expect(page.locator(".notice-done").first).to_be_visible()
    kept = await Camera.get(id=camera.id)
    assert (kept.has_night, kept.day_starts, kept.day_ends) == (True, 450, 1080)

    night = "a[href$='/background?part=night']"
    await page.click(night)
    await expect(page.locator(night).first).to_have_attribute("aria-current", "page")
    dark = {"name": "night.png", "mimeType": "image/png", "buffer": picture(320, 240, ".png", 60)}
    await page.set_input_files("#picture", dark)  # type: ignore[arg-type]
    await page.click("form[action$='/upload'] button[type=submit]")
    await expect(page.locator("form[action$='/register']")).to_be_visible(timeout=60_000)
    assert await serious_problems(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.click("form[action$='/register'] button[type=submit]")
    await expect(page.locator("#live")).to_be_visible()
    assert await Background.filter(camera_id=camera.id).order_by("id").values_list(
        "part", flat=True
    ) == ["all", "night"]

    await page.goto(f"{origin}/cameras/{camera.public_id}/background?part=night")
    assert await serious_problems(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.click("summary.btn-quiet-danger")
    await page.click("form[action$='/remove'] .btn-danger")
    await expect(page.locator(".notice-done").first).to_be_visible()
    assert (await Background.get()).part == "all"
    assert [c for c in complaints if "422" not in c] == []
