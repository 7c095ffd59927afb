"""Drawing areas in a real browser: mouse, touch and keyboard, and the effect at once."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.builders import make_background, make_camera, picture
from tests.e2e.conftest import serious_problems
from tests.e2e.test_screens import look, quiet
from webapp.models import Camera, Organisation
from webapp.services import Services

pytestmark = pytest.mark.e2e


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    (services.settings.footage_dir / "still.png").write_bytes(picture(320, 240, ".png"))
    camera = await make_camera(
        organisation,
        sealed=services.sealer.seal({"path": "still.png"}),
        areas=[{"rule": "count", "points": [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]]}],
    )
    await make_background(services, camera)
    return camera


async def opened(context: BrowserContext, origin: str, camera: Camera) -> Page:
    page = await context.new_page()
    await page.goto(f"{origin}/cameras/{camera.public_id}/areas")
    await page.wait_for_selector(".handle")
    return page


async def points(page: Page, area: int = 0) -> str:
    return await page.locator("[data-list] textarea").nth(area).input_value()


async def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place of the drawing, in per cent, on the screen."""
    box = await page.locator("#canvas").bounding_box()
    assert box
    return box["x"] + box["width"] * x / 100, box["y"] + box["height"] * y / 100


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_screen_is_accessible(
    admin: BrowserContext, origin: str, camera: Camera, organisation: Organisation, language: str
) -> None:
    page = await admin.new_page()
    await page.goto(f"{origin}/cameras")
    await page.click(".top-bar .menu-end > summary")
    await page.click(f"button[name=language][value={language}]")
    await look(page, origin, f"/cameras/{camera.public_id}/areas")
    bare = await make_camera(organisation, "背景なし")
    await look(page, origin, f"/cameras/{bare.public_id}/areas", looks=2)


async def test_corners_are_moved_added_and_removed_by_keyboard(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await opened(admin, origin, camera)
    complaints = quiet(page)
    save = page.locator("[data-save]")
    assert await save.is_disabled()
    await page.focus("[data-point='0']")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Shift+ArrowDown")
    assert await points(page) == "21,25 60,20 60,60 20,60"
    await expect(page.locator("[data-said]")).to_contain_text("エリア1の点1")
    assert await save.is_enabled()
    await page.keyboard.press("Insert")
    assert (await points(page)).count(",") == 5
    await page.keyboard.press("Delete")
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Control+z")
    assert (await points(page)).count(",") == 4
    for _ in range(2):
        await page.click("[data-undo]")
    assert await points(page) == "20,20 60,20 60,60 20,60"
    assert await save.is_disabled()
    await expect(page.locator("#effect .effect-count")).to_contain_text("0", timeout=30_000)
    assert await serious_problems(page) == []
    assert complaints == []


async def test_corners_and_areas_are_dragged(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await opened(admin, origin, camera)
    await page.mouse.move(*await spot(page, 20, 20))
    await page.mouse.down()
    await page.mouse.move(*await spot(page, 10, 15), steps=4)
    await page.mouse.up()
    x, y = map(float, (await points(page)).split()[0].split(","))
    assert abs(x - 10) < 1
    assert abs(y - 15) < 1
    await page.mouse.move(*await spot(page, 50, 50))
    await page.mouse.down()
    await page.mouse.move(*await spot(page, 99, 99), steps=4)
    await page.mouse.up()
    xs = [float(pair.split(",")[0]) for pair in (await points(page)).split()]
    assert max(xs) == 100, "it stops at the edge"
    await page.click("[data-undo]")
    await page.mouse.dblclick(*await spot(page, 60, 40))
    assert len((await points(page)).split()) == 5


async def test_areas_are_drawn_with_a_finger(
    browser: Browser, admin: BrowserContext, origin: str, camera: Camera
) -> None:
    phone = await browser.new_context(
        viewport={"width": 375, "height": 800},
        has_touch=True,
        is_mobile=True,
        storage_state=await admin.storage_state(),
    )
    page = await opened(phone, origin, camera)
    x1, y1 = await spot(page, 60, 60)
    x2, y2 = await spot(page, 80, 70)
    session = await phone.new_cdp_session(page)
    for kind, place in (
        ("touchStart", [(x1, y1)]),
        ("touchMove", [((x1 + x2) / 2, (y1 + y2) / 2)]),
        ("touchMove", [(x2, y2)]),
        ("touchEnd", []),
    ):
        await session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in place]},
        )
    x, y = map(float, (await points(page)).split()[2].split(","))
    assert abs(x - 80) < 2
    assert abs(y - 70) < 2
    await phone.close()


async def test_areas_are_added_saved_and_removed(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await opened(admin, origin, camera)
    await page.click("[data-add=leave_out]")
    assert await page.locator(".area").count() == 2
    assert await page.locator("[data-rule]").nth(1).input_value() == "leave_out"
    await page.locator("[data-rule]").nth(0).select_option("leave_out")
    assert await page.locator(".area-leave_out").count() == 2
    await page.locator("[data-list] textarea").nth(0).fill("0,0 50,0 50,50")
    await page.click("[data-save]")
    await page.wait_for_selector(".notice-done")
    kept = (await Camera.get(id=camera.id)).areas
    assert [area["rule"] for area in kept] == ["leave_out", "leave_out"]
    assert kept[0]["points"] == [[0, 0], [0.5, 0], [0.5, 0.5]]
    await page.locator("[data-remove-area]").nth(1).click()
    await page.locator("[data-remove-area]").nth(0).click()
    await expect(page.locator("[data-none]")).to_be_visible()
    await page.click("[data-save]")
    await page.wait_for_selector(".notice-done")
    assert (await Camera.get(id=camera.id)).areas == []


async def test_leaving_with_unsaved_areas_asks(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    page = await opened(admin, origin, camera)
    asked: list[str] = []

    async def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        await dialog.accept()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    await page.click("[data-add=count]")
    await page.goto(f"{origin}/cameras")
    assert asked == ["beforeunload"]


async def test_areas_are_entered_without_script(
    admin: BrowserContext, origin: str, camera: Camera
) -> None:
    plain = await admin.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=await admin.storage_state()
    )
    page = await plain.new_page()
    await page.goto(f"{origin}/cameras/{camera.public_id}/areas")
    await page.locator("textarea").nth(1).fill("0,0 100,0 100,100")
    await page.click("[data-save]")
    await page.wait_for_selector(".notice-done")
    assert len((await Camera.get(id=camera.id)).areas) == 2
    await plain.close()
