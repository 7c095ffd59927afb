"""The screens in a real browser: readable, reachable, and still when a minute arrives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.builders import (
    counted,
    lost,
    make_background,
    make_camera,
    make_embed,
    make_hour,
    make_masked,
    picture,
)
from tests.e2e.conftest import serious_problems
from webapp.models import Camera, Latest, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e

LONG = (
    "とても長い名前のカメラ：みなと商店街アーケード東側入口の"
    "案内板の上に設置した広角カメラ（予備機）六十文字です。"
)
LOOKS = [(1280, "light"), (375, "dark"), (1280, "dark"), (375, "light")]


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    """A camera with everything: picture, background, an hour with a gap."""
    (services.settings.footage_dir / "still.png").write_bytes(picture(320, 240, ".png"))
    sealed = services.sealer.seal({"path": "still.png"})
    camera = await make_camera(organisation, latest=counted(3), sealed=sealed)
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    await make_background(services, camera)
    await make_hour(camera, [1, 4, None, None, 0, 3], datetime.now(UTC))
    return camera


@pytest.fixture
async def others(organisation: Organisation, camera: Camera) -> None:
    """One camera in every other state, one with a long name."""
    await make_camera(organisation, LONG, latest=lost(detail="sign_in"))
    await make_camera(organisation, "裏口")
    await make_camera(organisation, "屋上", latest=counted(), is_open=False)
    await make_camera(organisation, "通路", latest=counted(0))


def quiet(page: Page) -> list[str]:
    """What the page complains about; a look at it has to be free of complaints."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


async def look(page: Page, origin: str, path: str, looks: int = 4) -> None:
    """Look at a screen in so many sizes and colours."""
    complaints = quiet(page)
    for width, scheme in LOOKS[:looks]:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.goto(origin + path)
        assert await serious_problems(page) == []
        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"{path} is {wider} px wider than {width}"
    assert complaints == []


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_members_screens_are_accessible(
    admin: BrowserContext, origin: str, camera: Camera, others: None, language: str
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras")
    await page.click(".menu-end > summary.icon-button >> nth=0")
    await page.click(f"button[name=language][value={language}]")
    base = f"/cameras/{camera.public_id}"
    own = (base, f"{base}/mode", f"{base}/edit", f"{base}/replace", f"{base}/background")
    for path in ("/cameras", "/cameras/manage", "/cameras/new", "/cameras/new/network", *own):
        await look(page, origin, path, looks=4 if language == "ja" else 2)
    await look(page, origin, f"{base}/delete", looks=1)


async def test_the_first_screen_of_all_is_accessible(admin: BrowserContext, origin: str) -> None:
    await look(await admin.new_page(), origin, "/cameras")


async def test_what_anybody_may_see_is_accessible(
    browser: Browser, origin: str, camera: Camera
) -> None:
    page = await browser.new_page()
    await look(page, origin, await make_embed(camera))
    await look(page, origin, "/signed-out")
    assert await page.context.cookies() == []


async def test_targets_are_large_enough_to_touch(
    admin: BrowserContext, origin: str, camera: Camera, others: None
) -> None:
    page = await admin.new_page()
    await page.set_viewport_size({"width": 375, "height": 800})
    base = f"/cameras/{camera.public_id}"
    for path in ("/cameras", "/cameras/manage", base, f"{base}/mode", "/cameras/new/network"):
        await page.goto(origin + path)
        small = await page.evaluate(
            """[...document.querySelectorAll('button, summary, a.btn, input.form-control, select')]
            .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
            .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert small == []


async def test_a_new_minute_changes_words_and_keeps_elements(
    admin: BrowserContext, origin: str, services: Services, camera: Camera
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras")
    picture = page.locator(f"#picture-{camera.public_id}")
    await picture.evaluate("(img) => { img.isTheSame = true; }")
    before = await picture.get_attribute("src")
    box = await page.locator(".camera-card").bounding_box()
    await page.click(".camera-card .menu > summary")
    key = await make_masked(services, camera, "2")
    await Latest.filter(camera_id=camera.id).update(**counted(12, picture=key))
    await page.evaluate("document.querySelector('.page-actions button').click()")
    await expect(page.locator(".count-value")).to_contain_text("12")
    assert await picture.evaluate("(img) => img.isTheSame")
    assert await picture.get_attribute("src") != before
    assert await page.locator(".camera-card").bounding_box() == box


async def test_the_name_is_changed_by_keyboard_and_survives_a_refresh(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras")
    await page.focus("[data-rename]")
    await page.keyboard.press("Enter")
    field = page.locator("form.rename input[name=name]")
    await field.fill("")
    await page.keyboard.type("東口")
    await page.evaluate(
        """document.addEventListener('htmx:after:swap', () => {
          document.documentElement.dataset.swapped = 'yes';
        })"""
    )
    await page.click(".page-actions button")
    await expect(page.locator("html[data-swapped]")).to_have_count(1)
    assert await field.input_value() == "東口"
    await field.press("Enter")
    await expect(page.locator(".camera-card h2")).to_have_text("東口")
    assert (await Camera.get()).name == "東口"


async def test_the_menu_works_by_keyboard(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras")
    await page.focus(".camera-card .menu > summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    focused = "document.activeElement.textContent.trim()"
    assert await page.evaluate(focused) == "カメラを開く"
    await page.keyboard.press("Escape")
    assert not await page.locator(".camera-card .menu").get_attribute("open")
    assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"


async def test_a_server_that_is_away_is_said_once_and_taken_back(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras")
    await page.route("**/cameras/cards*", lambda route: route.abort())
    await page.click(".page-actions button")
    await page.wait_for_selector("#connection-lost:not([hidden])")
    assert await page.locator(".camera-card").count() == 1
    await page.unroute("**/cameras/cards*")
    await page.route("**/cameras/cards*", lambda route: route.fulfill(status=500, body="x"))
    await page.click(".page-actions button")
    assert await page.locator(".camera-card").count() == 1
    await page.unroute("**/cameras/cards*")
    await page.click(".page-actions button")
    await page.wait_for_selector("#connection-lost", state="hidden")


async def test_the_connection_test_shows_what_the_engine_sees(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    complaints = quiet(page)
    await page.goto(f"{origin}/cameras/{camera.public_id}/edit")
    assert await page.locator("[data-save]").is_disabled()
    await page.click("button[formaction$='/test']")
    await page.wait_for_selector("#trial svg image")
    assert "0人を検知しました" in await page.locator("#trial").inner_text()
    assert complaints == []
    await page.fill("#path", "gone.png")
    assert await page.locator("[data-save]").is_enabled()
    await page.click("button[formaction$='/test']")
    await page.wait_for_selector("#trial .notice-danger")


async def test_the_blur_is_seen_before_it_is_registered(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras/{camera.public_id}/background")
    await page.click("form[action$='/take'] button")
    await page.wait_for_selector("#blur-level")
    await page.wait_for_load_state()
    await page.fill("#blur-level", "5")
    assert await page.locator("feGaussianBlur").get_attribute("stdDeviation") == "2.4"
    assert await page.locator("output[for=blur-level]").inner_text() == "5"
    assert await serious_problems(page) == []
    await page.click("form[action$='/register'] button")
    await page.wait_for_url("**/cameras/*")
    assert "背景画像を登録しました" in await page.locator(".notice-done").inner_text()


async def test_the_list_of_a_hundred_cameras_is_there_at_once(
    admin: BrowserContext, origin: str, organisation: Organisation, camera: Camera
) -> None:
    for number in range(99):
        await make_camera(organisation, f"カメラ{number}", latest=counted(number))
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras")
    assert await page.locator(".camera-card").count() == 100
    milliseconds = await page.evaluate(
        """new Promise((done) => {
          const start = performance.now();
          document.addEventListener('htmx:after:swap', () => done(performance.now() - start));
          document.querySelector('.page-actions button').click();
        })"""
    )
    assert milliseconds < 5000
