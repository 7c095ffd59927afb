"""A generated site in a real browser: editor with preview, phone and desktop, signage overnight."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.builders import counted, make_camera, make_group, make_masked, make_usual
from tests.e2e.conftest import serious_problems
from tests.e2e.test_embeds import FIREFOX
from tests.e2e.test_screens import quiet
from tests.sites.conftest import make_site
from tests.sites.test_codes_and_posters import read
from webapp.embeds.shown import Displays
from webapp.models import CallMonth, Camera, CameraGroup, Latest, Organisation, Site
from webapp.services import Services
from webapp.sites import site_routes

pytestmark = pytest.mark.e2e

LINK = {"link_title": "クーポン", "link_url": "https://www.example.jp/coupon"}
PHONE, DESKTOP = {"width": 375, "height": 667}, {"width": 1440, "height": 900}


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Displays, "FRESH", 0.0)


@pytest.fixture
async def group(services: Services, organisation: Organisation) -> CameraGroup:
    cameras = []
    for number in range(5):
        camera = await make_camera(organisation, f"売場{number + 1}", latest=counted(number + 3))
        await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
        cameras.append(camera)
    return await make_group(organisation, "駅前", cameras)


async def _calls() -> int:
    return sum(month.calls for month in await CallMonth.all())


async def _code_on(page: Page) -> str:
    """What a reader finds in a picture of the screen."""
    screen = np.frombuffer(await page.screenshot(), np.uint8)
    return read(cv2.imdecode(screen, cv2.IMREAD_COLOR))  # type: ignore[arg-type]


async def test_the_editor_makes_a_site_and_ends_it(
    admin: BrowserContext, origin: str, group: CameraGroup
) -> None:
    page = await admin.new_page()
    complaints = quiet(page)
    await page.goto(f"{origin}/groups/{group.public_id}/site")
    preview = page.frame_locator("#site-preview")
    await expect(preview.locator("h1")).to_have_text("駅前")
    await page.fill("#name", "駅前のにぎわい")
    await page.check("input[name=placement][value=button]")
    await page.fill("#link_url", "https://www.example.jp/coupon")
    await expect(preview.locator("h1")).to_have_text("駅前のにぎわい")
    await expect(preview.locator(".link-title a")).to_have_text("www.example.jp")
    await page.check("input[name=is_on]")
    await expect(page.locator("[data-copy=site-address]")).to_be_disabled()
    await page.click("[data-save]")
    await expect(page.locator(".notice-done")).to_contain_text("生成しました")
    assert await serious_problems(page) == []
    address = await page.input_value("#site-address")
    assert (await page.request.get(address)).status == 200

    await page.uncheck("input[name=is_on]")
    await page.click("[data-save]")
    await expect(page.locator("#end-dialog")).to_be_visible()
    await page.click("#end-dialog [data-close]")
    assert await Site.exists()
    await page.click("[data-save]")
    await page.click("#end-dialog [data-confirm]")
    await expect(page.locator(".notice-done")).to_contain_text("削除しました")
    assert (await page.request.get(address)).status == 404
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_phone_and_desktop(
    browser: Browser, origin: str, organisation: Organisation, group: CameraGroup, theme: str
) -> None:
    await Organisation.filter(id=organisation.id).update(colour="#8ff0a4")
    path = await make_site(group, placement="above", link_text="", refreshes=False, **LINK)
    # A headless browser names itself, and would go free as a declared program.
    context = await browser.new_context(
        locale="ja-JP",
        user_agent=FIREFOX,
        color_scheme=theme,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    complaints = quiet(page)
    columns = "getComputedStyle(document.getElementById('cameras')).gridTemplateColumns.split(' ')"
    for number, size in enumerate((DESKTOP, PHONE), 1):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await page.goto(origin + path)
        is_phone = size is PHONE
        assert len(await page.evaluate(columns)) == (1 if is_phone else 4)
        await expect(page.locator(".link-code")).to_be_visible(visible=not is_phone)
        assert await _code_on(page) == ("" if is_phone else LINK["link_url"])
        await expect(page.locator(".link-title a")).to_be_visible()
        await expect(page.locator(".folded-actions")).to_be_visible(visible=is_phone)
        await expect(page.locator(".actions")).to_be_visible(visible=not is_phone)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await _calls() == number * 5
        assert await serious_problems(page) == []
    await Latest.all().update(count=31)
    await page.click(".folded-actions summary")
    await page.click(".folded-actions nav [data-renew]")
    await expect(page.locator(".embed-count").first).to_have_text("約31人")
    assert await _calls() == 15
    assert await context.cookies() == []
    assert complaints == []
    await context.close()


async def test_switch_weekdays_and_times_are_for_all_cameras(
    browser: Browser, origin: str, group: CameraGroup
) -> None:
    for camera in await Camera.all():
        await make_usual(camera)
    path = await make_site(group)
    context = await browser.new_context(
        locale="ja-JP",
        user_agent=FIREFOX,
        viewport=DESKTOP,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    complaints = quiet(page)
    await page.goto(origin + path)
    await page.click(".actions a")
    await expect(page.locator(".embed-bars svg")).to_have_count(5)
    assert await _calls() == 10
    assert await serious_problems(page) == []
    chosen = page.locator(".embed-chosen")
    await page.click("[data-go=day-2]")  # on a Saturday, Saturday is shown already
    await expect(chosen.first).to_contain_text("水曜日")
    await page.click("[data-go=day-5]")
    await expect(chosen.first).to_contain_text("土曜日")
    bars = page.locator(".embed-bars").first
    box = await bars.bounding_box()
    assert box is not None
    await bars.click(position={"x": box["width"] / 2, "y": 20})
    await expect(page.locator(".site-time strong")).to_have_text("15:00")
    for number in range(5):
        await expect(chosen.nth(number)).to_have_text("土曜日 15:00")
    await page.click("[data-go=after]")
    await expect(chosen.first).to_have_text("土曜日 15:15")
    assert await _calls() == 10, "weekdays and times are for nothing"
    await page.reload()
    await expect(page.locator(".embed-count").first).to_be_visible()
    assert await _calls() == 15, "a reload begins with the first side again"
    assert complaints == []
    await context.close()


async def test_without_script_it_says_the_same(
    browser: Browser, origin: str, group: CameraGroup
) -> None:
    path = await make_site(group)
    context = await browser.new_context(java_script_enabled=False, locale="ja-JP")
    page = await context.new_page()
    await page.goto(origin + path)
    assert await page.locator(".embed-count").count() == 5
    await page.click("noscript a")
    await expect(page.locator(".embed-count")).to_have_count(5)
    await expect(page.locator(".sight img").first).not_to_have_js_property("naturalWidth", 0)
    await context.close()


async def _screen(context: BrowserContext, address: str) -> Page:
    """A screen whose clock is ours, begun at an instant of the real one."""
    page = await context.new_page()
    await page.clock.install(time=datetime.now(UTC))
    await page.goto(address)
    await expect(page.locator("section.shown").first).to_be_visible()
    return page


async def test_pictures_that_do_not_come_are_asked_for_again_and_paid_for_once(
    browser: Browser, origin: str, services: Services, group: CameraGroup
) -> None:
    path = await make_site(group)
    context = await browser.new_context(locale="ja-JP", user_agent=FIREFOX)
    page = await _screen(context, f"{origin}{path}/signage")
    await page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=30))
    assert await _calls() == 5
    count, trouble = page.locator(".embed-count").first, page.locator("#trouble")
    old = await count.inner_text()
    for camera in await Camera.all():
        picture = await make_masked(services, camera, "2")
        await Latest.filter(camera_id=camera.id).update(picture=picture, count=40)
    await page.route("**/pictures/**", lambda route: route.abort())
    await page.clock.fast_forward(65_000)
    await expect(trouble).to_be_visible()
    await expect(count).to_have_text(old)
    assert await _calls() == 10
    await page.unroute("**/pictures/**")
    await page.clock.fast_forward(11_000)
    await expect(count).to_have_text("約40人")
    await expect(trouble).to_be_hidden()
    assert await _calls() == 10, "they were paid for with their part"
    await page.clock.fast_forward(65_000)
    await expect(trouble).to_be_hidden()
    await context.close()


async def test_a_screen_comes_through_the_night(
    browser: Browser, origin: str, group: CameraGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await make_site(group, placement="below", **LINK)
    context = await browser.new_context(
        locale="ja-JP", user_agent=FIREFOX, viewport={"width": 1920, "height": 1080}
    )
    page = await _screen(context, f"{origin}{path}/signage")
    count = page.locator(".embed-count").first
    assert await serious_problems(page) == []
    assert await page.evaluate("getComputedStyle(document.body).cursor") == "none"
    fits = """document.documentElement.scrollHeight <= innerHeight
      && [...document.querySelectorAll('.shown')].every(
          (one) => one.getBoundingClientRect().bottom <= innerHeight)"""
    assert await page.evaluate(fits)
    assert await page.locator("a[data-renew], button").count() == 0
    assert await _calls() == 5
    assert await _code_on(page) == LINK["link_url"]

    # A minute later it has renewed itself.
    await Latest.all().update(count=40)
    await page.clock.fast_forward(65_000)
    await expect(count).to_have_text("約40人")
    assert await _calls() == 10

    # The network goes for the night: the last page stays, and says so calmly.
    await context.set_offline(True)
    await page.clock.fast_forward(65_000)
    await expect(page.locator("#trouble")).to_be_visible()
    await expect(count).to_have_text("約40人")
    for _ in range(9):
        await page.clock.fast_forward(3_600_000)
    await expect(page.locator(".is-then").first).to_be_visible()
    await expect(count).to_be_hidden()
    await expect(page.locator(".state-word:visible").first).to_have_text("不明")
    assert await _calls() == 10

    # And it comes back by itself.
    await Latest.all().update(count=41)
    await context.set_offline(False)
    for _ in range(20):  # its first try may come before the network is really there
        await page.clock.fast_forward(320_000)
        with contextlib.suppress(AssertionError):
            await expect(page.locator("#trouble")).to_be_hidden(timeout=5000)
            break
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(count).to_have_text("約41人")
    seen = await _calls()
    assert seen > 10

    # Out of hours it rests, and nothing is counted; at the opening it wakes up.
    opening = datetime.now(UTC) + timedelta(minutes=20)
    await Camera.all().update(is_open=False, opening_changes_at=opening)
    await page.clock.fast_forward(65_000)
    await expect(page.locator(".state-word").first).to_have_text("営業時間外")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.clock.fast_forward(15 * 60_000)
    assert not [url for url in asked if "/part" in url]
    assert await _calls() == seen
    await Camera.all().update(is_open=True, opening_changes_at=None)
    await page.clock.fast_forward(7 * 60_000)
    await expect(count).to_have_text("約41人")
    assert await _calls() == seen + 5

    # A new version of it loads itself.
    await page.evaluate("document.body.dataset.old = '1'")
    monkeypatch.setattr(site_routes, "signage_version", lambda: "another")
    await page.clock.fast_forward(65_000)
    await expect(page.locator("body:not([data-old])")).to_be_visible()
    await expect(count).to_have_text("約41人")

    # Switched off, nothing of it is left on the screen.
    await Site.all().delete()
    await page.clock.fast_forward(65_000)
    await expect(page.locator("#gone")).to_be_visible()
    await expect(page.locator("#cameras")).to_be_hidden()
    await expect(page.locator(".link-panel")).to_be_hidden()
    await context.close()
